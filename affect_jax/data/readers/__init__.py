"""Readers: one file per data set, from its original files to examples."""
