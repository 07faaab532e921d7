"""Procedural faces: who, what the muscles do, and the picture of it."""
