"""Scores of a network over a data set, and the table they can be computed from again."""
