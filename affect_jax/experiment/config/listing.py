"""Lists the options of a config, with their values, defaults and meaning."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.config.documentation import option_texts, wrapped
from affect_jax.experiment.config.options import Config, Options, as_dict, parse

CHOSEN_BY_NAME = {  # what selects the options beside it
    "model.name": "network, one of models/registry.py",
    "task.name": "task, one of tasks/registry.py",
    "reader": "reader of the data set, one of data/registry.py",
}


def list_options(config: Config) -> list[str]:
    """One line for each option, as it is written on a command line, followed by its meaning."""
    options = parse(config)
    lines = []
    for path, value in _flatten(as_dict(config)):
        name = ".".join(path)
        default, text = _documentation(options, path)
        note = "" if default in (dataclasses.MISSING, value) else f"  (default: {_shown(default)})"
        lines.append(f"--config.{name}={_shown(value)}{note}")
        lines += wrapped(text or CHOSEN_BY_NAME.get(name) or CHOSEN_BY_NAME.get(path[-1], ""), "      ")
    return lines


def _flatten(config: Mapping[str, Any], where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, (*where, name))
        else:
            yield (*where, name), value


def _documentation(options: Options, path: tuple[str, ...]) -> tuple[Any, str]:
    """The default value of an option, and its meaning."""
    holder, defaults = options, None
    for name in path[:-1]:
        holder, defaults = _section(holder, defaults, name)
    if isinstance(holder, SourceConfig) and not hasattr(holder, path[-1]):
        holder = holder.options
    fields = {field.name: field for field in dataclasses.fields(holder)}
    if path[-1] not in fields:
        return dataclasses.MISSING, ""
    default = fields[path[-1]].default if defaults is None else getattr(defaults, path[-1])
    return as_dict(default), option_texts(type(holder)).get(path[-1], "")


def _section(holder: Any, defaults: Any, name: str) -> tuple[Any, Any]:
    """A section inside another, and its default options; None if each option has its own default."""
    if isinstance(holder, Mapping):
        return holder[name], None
    if isinstance(holder, Options) and name == "task":
        return holder.task.config, None
    if defaults is None:
        factories = {field.name: field.default_factory for field in dataclasses.fields(holder)}
        factory = factories.get(name, dataclasses.MISSING)
        return getattr(holder, name), None if factory is dataclasses.MISSING else factory()
    return getattr(holder, name), getattr(defaults, name)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return repr(tuple(value))
    return "''" if value == "" else str(value)
