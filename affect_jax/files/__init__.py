"""File formats: atomic writes, images, video, pickles read as plain data, OpenFace tables."""
