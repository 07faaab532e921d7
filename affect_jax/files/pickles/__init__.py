"""Pickles read as plain data: nothing in them is executed."""
