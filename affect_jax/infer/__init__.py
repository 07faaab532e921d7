"""Inference with trained networks: compiled prediction, streaming, execution tuning and costs."""
