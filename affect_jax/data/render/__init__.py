"""Procedural faces: who, what the muscles do, and the image of it."""
