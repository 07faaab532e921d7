"""The table of predictions, the same for evaluations and videos: its schema, rows, reading and writing."""
