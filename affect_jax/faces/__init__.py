"""Face detection: box, 478 mesh points and the 68 iBUG landmarks, frame by frame."""
