"""A trained network put to use: compiled prediction, streams, tuning of executions, costs."""
