"""Networks as programs for other runtimes."""
