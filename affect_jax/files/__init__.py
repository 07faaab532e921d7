"""Formats on disk: files that appear whole, images, video, pickles read as data, tables of OpenFace."""
