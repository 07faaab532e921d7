"""Many runs: sweeps, their tables, comparisons over seeds."""
