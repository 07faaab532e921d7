"""Dotted names of the options of a config, and the nearest right one to a wrong name."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


def dotted_names(config: Mapping[str, Any], where: str = "") -> list[str]:
    """The dotted names of all options of a config, without those of its sections."""
    names = []
    for name, value in config.items():
        if hasattr(value, "items"):
            names += dotted_names(value, f"{where}{name}.")
        else:
            names.append(f"{where}{name}")
    return names


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: "; did you mean 'x'?", or nothing if none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"; did you mean '{near[0]}'?" if near else ""
