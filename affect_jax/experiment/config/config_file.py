"""Config and sweep files: found, run, and blamed for their own mistakes by line."""

import importlib.util
import os
import pathlib
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from absl import flags
from ml_collections import ConfigDict

import affect_jax
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.space import Point, Search
from affect_jax.files.paths import expand_home

SHIPPED = pathlib.Path(affect_jax.__file__).parents[1]  # the folder with our configs/
CONFIG_EXAMPLE, SWEEP_EXAMPLE = "configs/quickstart.py:static", "configs/sweeps/rates.py"


class ConfigParser(flags.ArgumentParser):
    """Reads the value of --config, and keeps the config for messages about its options."""

    loaded: ConfigDict | None = None

    def parse(self, argument: str) -> ConfigDict:
        """The config; see `load_config`."""
        sys.stderr.write(f"reading {argument} and loading libraries\n")  # which takes seconds
        self.loaded = load_config(argument)
        return self.loaded


def load_config(text: str) -> ConfigDict:
    """The config of FILE or FILE:VARIANT; UsageError names the file, and the line of a mistake in it.

    A relative path that does not exist here may also be one of our own configs. A file ending in .json is one that a
    run has written, such as config.json in its workdir.
    """
    name, colon, variant = text.rpartition(":")
    if not colon or os.path.exists(text):
        name, variant = text, ""
    path = _find(name, CONFIG_EXAMPLE, (".py", ".json"))
    if path.suffix == ".json":
        return _recorded(path)
    get_config = _function(path, "get_config", "returns a ConfigDict; configs/base.py shows all options")
    with _blaming(path):
        config = get_config(variant) if variant else get_config()
    if not isinstance(config, ConfigDict):
        raise UsageError(f"{path}: get_config() returned {type(config).__name__}; expected a ConfigDict")
    return config.lock()


def load_sweep(text: str) -> list[Point] | Search:
    """The points or the search of a sweep file; UsageError as in `load_config`."""
    path = _find(text, SWEEP_EXAMPLE)
    get_sweep = _function(path, "get_sweep", "returns a list of {dotted option: value}, or a Search")
    with _blaming(path):
        made = get_sweep()
        if isinstance(made, Search):
            return made
        points = list(made)
    for number, point in enumerate(points):
        if not isinstance(point, Mapping) or not all(isinstance(name, str) for name in point):
            raise UsageError(f"{path}: point {number} of get_sweep() is {point!r}; expected {{dotted option: value}}")
    if not points:
        raise UsageError(f"{path}: get_sweep() returned an empty list; there is nothing to train")
    return points


def _recorded(path: pathlib.Path) -> ConfigDict:
    """The config in a JSON file, whose lists are tuples again."""
    from affect_jax.experiment.config.claim import read_config_file  # imports JAX

    return ConfigDict(_with_tuples(read_config_file(path))).lock()


def _with_tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_tuples(each) for name, each in value.items()}
    return tuple(_with_tuples(each) for each in value) if isinstance(value, list) else value


def _find(name: str, example: str, kinds: Sequence[str] = (".py",)) -> pathlib.Path:
    try:
        path = pathlib.Path(expand_home(name))
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not os.path.lexists(path) and (SHIPPED / path).is_file():
        path = SHIPPED / path
    if not os.path.lexists(path):
        raise UsageError(f"{path} does not exist; configs are in configs/, such as {example}")
    if path.is_dir() or path.suffix not in kinds:
        kind = "a folder" if path.is_dir() else "not a Python file"
        raise UsageError(f"{path} is {kind}; expected a file such as {example}")
    return path


def _function(path: pathlib.Path, name: str, returns: str) -> Callable:
    with _blaming(path):
        found = getattr(_run(path), name, None)
    if not callable(found):
        raise UsageError(f"{path} does not define {name}(), which {returns}")
    return found


def _run(path: pathlib.Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"{path.stem}_file", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses in the file look themselves up
    spec.loader.exec_module(module)
    return module


@contextmanager
def _blaming(path: pathlib.Path) -> Iterator[None]:
    """Turns whatever a file raises into a UsageError that names the line; its own ValueErrors are messages to users."""
    try:
        yield
    except SyntaxError as error:
        raise UsageError(f"{_place(error.filename or path, error.lineno)}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path.absolute())]
        if isinstance(error, ValueError) and frames[-1].filename == str(path.absolute()):
            raise UsageError(str(error)) from error
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        reason = error.args[0] if isinstance(error, KeyError) and error.args else error
        raise UsageError(f"{_place(path, lines[-1] if lines else None)}: {kind}{reason}") from error


def _place(path: str | pathlib.Path, line: int | None) -> str:
    return f"{path}, line {line}" if line else str(path)
