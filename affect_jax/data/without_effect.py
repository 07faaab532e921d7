"""Says that an option has no effect, if it was given a value other than its default."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from absl import logging


def describe(config: Any, reasons: Mapping[str, str], where: str) -> list[str]:
    """A sentence for each option of a config dataclass that has no effect, but is not at its default.

    `reasons` maps the options without effect to the reasons; `where` is the section of the config.
    """
    fields = {field.name: field for field in dataclasses.fields(config)}
    return [
        f"{where}.{name} is {getattr(config, name)!r}, which has no effect: {reason}"
        for name, reason in reasons.items()
        if getattr(config, name) != _default(fields[name])
    ]


def warn(config: Any, reasons: Mapping[str, str], where: str) -> None:
    """Logs these sentences."""
    for sentence in describe(config, reasons, where):
        logging.warning("%s", sentence)


def _default(field: dataclasses.Field) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
