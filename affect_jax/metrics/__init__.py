"""Mergeable states, and the scores computed once from what was merged."""
