"""The one table of predictions, for evaluations and for videos: its schema, its rows, reading and writing."""
