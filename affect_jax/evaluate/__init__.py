"""Scores of a network on a data set, and the table of predictions that they can be recomputed from."""
