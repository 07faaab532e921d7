"""Faces followed through recordings: missed and false ones, numbers through crossings, and time per frame.

  python -m benchmarks.tracks --videos=../shared/data/video

Reference in each tenth frame is the search for stills: the same detector and mesh, on the frame alone. Of crossings, it
is the place of each face, found in its own recording.
"""

import itertools
import pathlib
import time

import av
from absl import app, flags

from affect_jax.faces.face import Box, overlap
from affect_jax.faces.tracks import FaceTracks
from benchmarks.crossing import FPS, Crossing, load_people, there_and_back
from benchmarks.interleaved import markdown

VIDEOS = flags.DEFINE_string("videos", "../shared/data/video", "Folder of the shared videos.")
NAMES = ("one_woman_expressions.mp4", "single_face.mp4", "no_face.mp4")
EVERY = 10  # frames between two that are compared
SAME = 0.3  # overlap from which on two finders have found the same face
COVERED = 0.05  # overlap of two faces from which on the hidden one need not be found
CROSSINGS = [
    Crossing(seconds, front, oval, returns)
    for seconds, returns in ((2.5, False), (4.0, False), (4.0, True), (7.0, False), (7.0, True))
    for front, oval in itertools.product((0, 1), (True, False))
]


def against_stills(path: pathlib.Path) -> list[str]:
    """A row: faces of the still detector, those the tracks miss, those only the tracks have, numbers, times."""
    with av.open(str(path)) as container:
        frames = [(frame.to_ndarray(format="rgb24"), float(frame.time)) for frame in container.decode(video=0)]
    tracks, still = FaceTracks(step_seconds=1 / FPS), FaceTracks()
    wall, processor = time.perf_counter(), time.process_time()
    found = [tracks.find(*frame) for frame in frames]
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    expected = missed = false = 0
    for faces, (image, _) in zip(found[::EVERY], frames[::EVERY], strict=True):
        still.reset()
        alone = still.find(image, 0.0)
        expected += len(alone)
        missed += sum(all(overlap(face.box, other.box) < SAME for other in faces) for face in alone)
        false += sum(all(overlap(face.box, other.box) < SAME for other in alone) for face in faces)
    numbers = {face.number for faces in found for face in faces}
    counts = [len(frames), sum(map(len, found)), len(numbers), expected, missed, false]
    times = [f"{1e3 * seconds / len(frames):.1f}" for seconds in (processor, wall)]
    return [path.name, *map(str, counts), *times]


def through(crossing: Crossing, people: list, boxes: list) -> list[str]:
    """A row: how often each person was found under which number, and how often not at all."""
    tracks = FaceTracks(step_seconds=1 / FPS)
    counts: list[dict[int, int]] = [{}, {}]
    missed = false = 0
    for frame, image in enumerate(crossing(people)):
        faces = tracks.find(image, frame / FPS)
        places = [
            crossing.box(person, frame, people[person][0].shape, there_and_back(boxes[person], frame))
            for person in (0, 1)
        ]
        covered = overlap(*places) > COVERED
        for person in (crossing.front, 1 - crossing.front):
            face = max(faces, key=lambda face: overlap(face.box, places[person]), default=None)
            if face is not None and overlap(face.box, places[person]) > SAME:
                faces.remove(face)
                counts[person][face.number] = counts[person].get(face.number, 0) + 1
            elif person == crossing.front or not covered:
                missed += 1
        false += len(faces)
    kept = all(len(numbers) == 1 for numbers in counts) and counts[0].keys() != counts[1].keys()
    way = f"{crossing.seconds} s, {'twice' if crossing.returns else 'once'}"
    shape = "oval" if crossing.oval else "rectangle"
    numbers = "; ".join(str(each) for each in counts)
    return [way, f"person {crossing.front}, {shape}", "yes" if kept else "no", numbers, str(missed), str(false)]


def own_boxes(people: list) -> list[list[Box]]:
    """The box of each person in each image of their own."""
    alone, boxes = FaceTracks(step_seconds=1 / FPS), []
    for images in people:
        alone.reset()
        boxes.append([alone.find(image, place / FPS)[0].box for place, image in enumerate(images)])
    return boxes


def main(_: list[str]) -> None:
    folder = pathlib.Path(VIDEOS.value)
    header = ["video", "frames", "faces", "numbers", "faces in every tenth frame alone", "missed", "false"]
    header += ["processor ms per frame", "wall ms"]
    print(markdown("Against the search for stills", header, [against_stills(folder / name) for name in NAMES]))
    people = load_people(folder)
    boxes = own_boxes(people)
    rows = [through(crossing, people, boxes) for crossing in CROSSINGS]
    header = ["crossing", "in front", "numbers kept", "frames by number, of each person", "missed", "false"]
    print(markdown("Two people who cross", header, rows))
    print(f"{sum(row[2] == 'yes' for row in rows)} of {len(rows)} kept")


if __name__ == "__main__":
    app.run(main)
