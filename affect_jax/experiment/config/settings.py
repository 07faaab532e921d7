"""Options of a data set on the command line: --set=NAME=VALUE."""

import json
from collections.abc import Sequence
from typing import Any

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import as_dict

SETTING = "--set"
EXAMPLES = {"clock": "clock.delay_seconds=2", "fold": "fold.of=5"}  # a setting for each section of a data set


def parse_settings(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Parses "name=value" settings into values by section; "" holds the reader's own options."""
    parsed: dict[str, dict[str, Any]] = {section: {} for section in ("", *EXAMPLES)}
    for setting in settings:
        name, equals, text = setting.partition("=")
        given = f"{SETTING}={setting}"
        if not equals:
            raise UsageError(f"{given}: expected name=value")
        section, dot, option = name.partition(".")
        if section in EXAMPLES and not dot:
            raise UsageError(f"{given}: {section} is a section; set its options, such as {EXAMPLES[section]}")
        if section in EXAMPLES:
            parsed[section][option] = _parse_value(text)
        else:
            parsed[""][name] = _parse_value(text)
    return as_dict(parsed)


def _parse_value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
