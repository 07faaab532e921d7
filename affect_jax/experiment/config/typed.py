"""Builds frozen config dataclasses from plain options, with an error that names each invalid one."""

import dataclasses
import json
import math
import typing
from collections.abc import Mapping
from typing import Any

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.names import nearest, with_nearest

EXAMPLES = {int: [1, 2], float: [0.5, 1.0], str: ["a", "b"], bool: [True, False], tuple: [[1, 2], [3, 4]]}
KINDS = {
    int: (int, "a whole number"),
    float: ((int, float), "a finite number"),
    str: (str, "a string"),
    bool: (bool, "true or false"),
    tuple: (tuple, "a list"),
}


def lookup(table: Mapping[str, Any], name: Any, kind: str) -> Any:
    """Looks up an entry of a registry; UsageError lists the valid names, and repeats the nearest."""
    if not isinstance(name, str) or name not in table:
        raise UsageError(with_nearest(f"unknown {kind} '{name}'; choose one of {', '.join(sorted(table))}"))
    return table[name]


def section(options: Any, name: str, where: str = "") -> dict[str, Any]:
    """A copy of a config section; UsageError if it is missing or not a section."""
    place = f"{where}{name}"
    if name not in options:
        raise UsageError(f"section '{place}' is missing")
    if not isinstance(options[name], Mapping):
        raise UsageError(f"{place} is {options[name]!r}; expected a section of options")
    return dict(options[name])


def typed(made: Any, options: Mapping[str, Any], where: str) -> Any:
    """Builds a config dataclass from options, or replaces options of an existing config, nested sections included.

    UsageError names the dotted option that is unknown (with the closest match), missing, or of the wrong type. Options
    missing from a nested section keep their values in `made` or, if `made` is a class, their defaults.
    """
    fields = {field.name: field for field in dataclasses.fields(made)}
    for name in sorted(set(options) - set(fields)):
        near = nearest(name, fields)
        hint = f"; did you mean {_place(where, near)}?" if near else f"; it has {', '.join(sorted(fields))}"
        raise UsageError(f"{where} has no option '{name}'{hint}")
    from_scratch = isinstance(made, type)
    lacking = [name for name, field in fields.items() if name not in options and _is_required(field)]
    if from_scratch and lacking:
        raise UsageError(f"{where} lacks {', '.join(lacking)}")
    values = {}
    for name, given in options.items():
        field, place = fields[name], _place(where, name)
        if dataclasses.is_dataclass(field.type):
            values[name] = _section(_default(field) if from_scratch else getattr(made, name), given, place)
        else:
            values[name] = _value(field.type, given, place)
    try:
        return made(**values) if from_scratch else dataclasses.replace(made, **values)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {with_nearest(str(error))}") from error


def _place(where: str, name: str) -> str:
    """The full name of an option: a.b in a config, --set=b of a flag that sets options."""
    return f"{where}{'=' if where.startswith('--') and '=' not in where else '.'}{name}"


def named(table: Mapping[str, tuple], options: Mapping[str, Any], where: str, key: str = "name") -> tuple[str, Any]:
    """(name, typed options) of a section whose `key` names an entry of a registry."""
    rest = dict(options)
    name = rest.pop(key, "")
    _, cls = lookup(table, name, f"{where}.{key}")
    return name, typed(cls, rest, where)


def _section(default: Any, given: Any, where: str) -> Any:
    """A nested section; `default` is its default value, or its class if there is none."""
    if dataclasses.is_dataclass(given):
        return given
    if not isinstance(given, Mapping):
        raise UsageError(f"{where} is {given!r}; expected a section of options")
    return typed(default, given, where)


def _value(kind: Any, given: Any, where: str) -> Any:
    """The value of an option that is not a section."""
    value = _frozen(given)
    if expected := _mismatch(value, kind):
        raise UsageError(f"{where} is {value!r}; expected {expected}")
    return value


def _default(field: dataclasses.Field) -> Any:
    """The default section of a field, or its class if it has no default."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.type if field.default is dataclasses.MISSING else field.default


def _frozen(value: Any) -> Any:
    """Turns lists, as JSON stores them, into tuples at every depth."""
    return tuple(_frozen(each) for each in value) if isinstance(value, list | tuple) else value


def _is_required(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _example(given: Any, kind: type) -> str:
    """A list as it is written in a config or a setting: the given text, if its parts are what is expected."""
    parts = given.split(",") if isinstance(given, str) and kind is str and given else EXAMPLES[kind]
    return json.dumps(parts)


def _mismatch(value: Any, annotation: Any) -> str:
    """What was expected instead of a value; "" if it fits, or if its type is not checked."""
    if typing.get_origin(annotation) is tuple and typing.get_args(annotation)[0] in KINDS:
        inner = typing.get_args(annotation)[0]
        fits = isinstance(value, tuple) and not any(_mismatch(each, inner) for each in value)
        return "" if fits else f"a list whose entries are each {KINDS[inner][1]}, as in {_example(value, inner)}"
    if annotation not in KINDS:
        return ""
    kind, expected = KINDS[annotation]
    fits = isinstance(value, kind) and (annotation is bool or not isinstance(value, bool))
    if fits and isinstance(value, float):
        fits = math.isfinite(value)
    return "" if fits else expected
