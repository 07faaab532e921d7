"""Losses: one value and weight per example, or one value per set of examples."""
