"""Mistakes of the user, told apart from failures."""


class UsageError(ValueError):
    """Something on the command line or in a config is wrong; exit code 2."""
