"""Layers: parts of networks, with parameters."""
