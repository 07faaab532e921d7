"""Shared by all plots and overlays: colors, axes and drawing on images."""
