"""Intensities of action units over time: tables of other programs, and what they lack."""
