"""Conversion of other programs' checkpoints: files are read as data, tensors renamed and transposed."""
