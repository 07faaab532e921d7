"""config.json: the config of a workdir and the version that wrote it, written once when a run claims it."""

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import affect_jax
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config, Options, as_dict, parse
from affect_jax.files.atomic import open_atomically

CONFIG = "config.json"
VERSION = "affect_jax"  # the key in config.json, beside the options, of the version that wrote it
FIRST_VERSION = "0.1"  # wrote no version
REPAIR = "restore it from a copy, or train from scratch in another --workdir"


def differences(one: Mapping, other: Mapping, where: str = "") -> list[str]:
    """The dotted names of options that differ between two configs, with both values."""
    found = []
    for name in sorted({*one, *other}):
        mine, theirs = one.get(name), other.get(name)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            found += differences(mine, theirs, f"{where}{name}.")
        elif mine != theirs:
            found.append(f"{where}{name}: {mine!r} there, {theirs!r} now")
    return found


def claim(workdir: pathlib.Path, config: Config) -> None:
    """Claims `workdir` for `config` by writing config.json; UsageError if it belongs to another config."""
    if (workdir / CONFIG).exists():
        require_same_config(workdir, config)
        return
    workdir.mkdir(parents=True, exist_ok=True)
    write_config(workdir / CONFIG, config)


def require_same_config(workdir: pathlib.Path, config: Config) -> None:
    """UsageError if the run in `workdir` is one of another config."""
    existing, given = read_config(workdir), json.loads(json.dumps(as_dict(config)))
    changed = differences(existing, given)
    if changed and not _same(existing, given):
        listed = "; ".join(changed[:3])
        if len(changed) > 3:
            listed += f"; {len(changed) - 3} more"
        raise UsageError(
            f"{workdir} holds a run of another config ({listed}). "
            "Choose another --workdir, or pass the options of that run to resume it"
        )


def write_config(path: pathlib.Path, config: Config) -> None:
    """Writes a config with the version of this package; `read_config_file` reads it back."""
    with open_atomically(path) as file:
        file.write(json.dumps({VERSION: affect_jax.__version__, **as_dict(config)}, indent=1) + "\n")


def _same(one: Config, other: Config) -> bool:
    """Whether two configs describe the same run: options missing from the older one have their defaults.

    A run may go on with another number of workers, which changes no batch.
    """
    try:
        return _with_threads(parse(one)) == _with_threads(parse(other))
    except UsageError:
        return False


def _with_threads(options: Options) -> Options:
    return dataclasses.replace(options, data=dataclasses.replace(options.data, workers=0))


def read_config(workdir: pathlib.Path) -> dict[str, Any]:
    """The config of a workdir; UsageError if there is none, or one of a version with other options."""
    path = workdir / CONFIG
    if not path.is_file():
        raise UsageError(f"{workdir} is not a workdir: it has no {CONFIG}. Train first: python -m launch.train")
    return read_config_file(path)


def read_config_file(path: pathlib.Path) -> dict[str, Any]:
    """The config in a JSON file; UsageError if it is damaged, or of a version with other options."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, line {error.lineno}: not valid JSON ({error.msg}); {REPAIR}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text file ({error.reason} at byte {error.start}); {REPAIR}") from error
    if not isinstance(config, dict):
        raise UsageError(f"{path} holds {type(config).__name__} instead of the sections of a config; {REPAIR}")
    _require_version(path, config.pop(VERSION, FIRST_VERSION))
    return config


def _require_version(path: pathlib.Path, written: Any) -> None:
    """UsageError if the options may have changed since; before 1.0, they may with each minor version."""
    if not isinstance(written, str) or written.split(".")[:2] != affect_jax.__version__.split(".")[:2]:
        raise UsageError(
            f"{path} was written by affect_jax {written} (this is {affect_jax.__version__}), which has other options: "
            "train from scratch in another --workdir, or use that version"
        )


def read_options(workdir: pathlib.Path) -> Options:
    """The typed options of a workdir; UsageError if config.json is missing or invalid."""
    config = read_config(workdir)
    try:
        return parse(config)
    except UsageError as error:
        raise UsageError(
            f"{workdir / CONFIG}: {error}. The file was edited, or written by another version of this package; {REPAIR}"
        ) from error
