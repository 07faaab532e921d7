"""Training: one loop that knows no model, task or dataset by name."""
