"""Outputs of a recording, all written in one pass: table, plot and overlay."""
