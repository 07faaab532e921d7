"""Losses: one value per example and a weight, or one value per set."""
