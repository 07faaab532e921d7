"""Mergeable states, and scores computed once from the merged state."""
