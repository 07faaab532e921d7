"""Points shared by several sweeps."""
