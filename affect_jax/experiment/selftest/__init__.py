"""Proves on a machine that a run which is killed and resumed equals one that is not."""
