"""Errors made by the user, as opposed to failures."""


class UsageError(ValueError):
    """An invalid command line or config; exit code 2."""
