"""Dotted names of the options of a config, and the nearest right one to a wrong name."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

# Of our own messages, "form is 'cp3'; choose one of cp, tucker", and those of absl, "--form=cp3: value should be ...".
CHOICES = re.compile(
    r"['=](?P<given>[^'=]*)(?:'; choose (?:one of )?|: value should be one of <)(?P<known>\w[\w ,|]*)>?", re.ASCII
)


def dotted_names(config: Mapping[str, Any], where: str = "") -> list[str]:
    """The dotted names of all options of a config, without those of its sections."""
    names = []
    for name, value in config.items():
        if hasattr(value, "items"):
            names += dotted_names(value, f"{where}{name}.")
        else:
            names.append(f"{where}{name}")
    return names


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The nearest of the known names to a wrong one; None if none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: "; did you mean 'x'?", or nothing if none is near."""
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near else ""


def with_nearest(message: str) -> str:
    """A message that lists the choices there are, followed by the nearest one to what was given, if one is near."""
    found = CHOICES.search(message)
    if found is None or not message.endswith(found[0]):
        return message
    return message + did_you_mean(found["given"], re.split(r"[|,] ?| or ", found["known"]))
