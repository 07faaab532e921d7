"""Studies of many runs: sweeps, their tables, and comparisons over seeds."""
