"""Typed options, parsed from nested configs, and the config of a workdir."""
