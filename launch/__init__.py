"""Command lines: flags, and one call each."""
