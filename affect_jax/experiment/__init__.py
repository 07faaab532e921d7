"""The composition root: turns options into a run."""
