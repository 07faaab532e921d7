"""One file a data set: its own files to examples."""
