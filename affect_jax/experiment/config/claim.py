"""config.json: the config of a workdir, written once and read back."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config, Options, as_dict, parse
from affect_jax.files.atomic import open_atomically

CONFIG = "config.json"
REPAIR = "restore it from a copy, or train from scratch in another --workdir"


def differences(one: Mapping, other: Mapping, where: str = "") -> list[str]:
    """Dotted names at which two configs differ, with both values."""
    found = []
    for name in sorted({*one, *other}):
        mine, theirs = one.get(name), other.get(name)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            found += differences(mine, theirs, f"{where}{name}.")
        elif mine != theirs:
            found.append(f"{where}{name}: {mine!r} there, {theirs!r} now")
    return found


def claim(workdir: pathlib.Path, config: Config) -> None:
    """Makes `workdir` that of `config`, writing config.json; UsageError if it belongs to another config."""
    path = workdir / CONFIG
    wanted = json.loads(json.dumps(as_dict(config)))
    if path.exists():
        there = read(workdir)
        changed = differences(there, wanted)
        if changed and not _same(there, wanted):
            raise UsageError(
                f"{workdir} holds a run of another config ({'; '.join(changed[:3])}"
                f"{f'; {len(changed) - 3} more' if len(changed) > 3 else ''}). "
                "Choose another --workdir, or give the options of that run to go on with it"
            )
        return
    workdir.mkdir(parents=True, exist_ok=True)
    with open_atomically(path) as file:
        file.write(json.dumps(wanted, indent=1) + "\n")


def _same(one: Config, other: Config) -> bool:
    """Whether two configs are those of one run: an option that is missing in the older has its default there."""
    try:
        return parse(one) == parse(other)
    except UsageError:
        return False


def read(workdir: pathlib.Path) -> dict[str, Any]:
    """The config of a workdir; UsageError if there is none."""
    path = workdir / CONFIG
    if not path.is_file():
        raise UsageError(f"{workdir} is not a workdir: it has no {CONFIG}. Train first: python -m launch.train")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, line {error.lineno}: not valid JSON ({error.msg}); {REPAIR}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text file ({error.reason} at byte {error.start}); {REPAIR}") from error
    if not isinstance(config, dict):
        raise UsageError(f"{path} holds {type(config).__name__} instead of the sections of a config; {REPAIR}")
    return config


def stored(workdir: pathlib.Path) -> Options:
    """The typed options of a workdir; UsageError names config.json."""
    config = read(workdir)
    try:
        return parse(config)
    except UsageError as error:
        raise UsageError(
            f"{workdir / CONFIG}: {error}. The file was changed, or another version of this package wrote it; {REPAIR}"
        ) from error
