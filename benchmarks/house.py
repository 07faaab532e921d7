"""Measures the code base: files, lines, options, and the path of a config from the flag to the training loop.

  python -m benchmarks.house
  python -m benchmarks.house --options
  python -m benchmarks.house --config=configs/quickstart.py:landmarks --workdir=runs/walk --config.train.steps=0 ...

Without arguments, prints files and lines of each package; with --options, the options that each dataclass of a config
declares. With the arguments of `launch.train`, runs that command and records, up to the start of the loop, every call
into the package that receives the config or part of it. A stay is a sequence of such calls within one file; a return is
a stay in a file that had been left before.
"""

import collections
import dataclasses
import pathlib
import runpy
import sys
import typing
from collections.abc import Iterator
from types import FrameType
from typing import Any

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "affect_jax"
LOOP = PACKAGE / "train" / "loop.py"
CARRIERS = ("Config", "Options", "Run")  # ends of the names of classes that hold options


# Fields that hold sections, select one, or follow from other options
STRUCTURE = ("model", "model_name", "task", "train", "evaluations", "reader", "options", "emotions")


class LoopEntered(Exception):
    """Raised when the training loop starts, which ends the walk."""


def sizes() -> Iterator[tuple[str, int, int]]:
    """Name, number of files and number of lines of each package."""
    files = collections.defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if parts[0] == "affect_jax":
            files["/".join(parts[:2]) if len(parts) > 2 else "affect_jax"].append(path)
        elif parts[0] in ("configs", "launch", "benchmarks", "tests"):
            files[parts[0]].append(path)
    for package, paths in files.items():
        yield package, len(paths), sum(len(path.read_text().splitlines()) for path in paths)


def declared_options() -> dict[type, list[str]]:
    """The options that each dataclass of a config declares, without sections and without those that it inherits."""
    from affect_jax.data.registry import READERS
    from affect_jax.experiment.config.data import SourceConfig
    from affect_jax.experiment.config.options import Options
    from affect_jax.models.registry import MODELS
    from affect_jax.tasks.registry import TASKS

    found: dict[type, list[str]] = {}
    registered = [config for table in (MODELS, TASKS, READERS) for _, config in table.values()]
    waiting: list[type] = [Options, SourceConfig, *registered]
    while waiting:
        config = waiting.pop(0)
        if config in found:
            continue
        bases = [base for base in config.__mro__[1:] if dataclasses.is_dataclass(base)]
        kinds = typing.get_type_hints(config)
        sections = [name for name, kind in kinds.items() if dataclasses.is_dataclass(kind)]
        skipped = {field.name for base in bases for field in dataclasses.fields(base)} | {*sections, *STRUCTURE}
        found[config] = [field.name for field in dataclasses.fields(config) if field.name not in skipped]
        waiting += bases + [kinds[name] for name in sections]
    return found


def carries_config(value: Any) -> bool:
    """Whether a value is the config, a section of it, or an object that holds them."""
    name = type(value).__name__
    if dataclasses.is_dataclass(value) or name.endswith("Run"):
        return name.endswith(CARRIERS)
    return name == "ConfigDict" or (isinstance(value, dict) and "seed" in value)


class Walk:
    """A profiler that records the files that receive the config."""

    def __init__(self):
        self.stays: list[str] = []

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        path = pathlib.Path(frame.f_code.co_filename)
        if PACKAGE not in path.parents:
            return
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        names = [name for name in names if name != "self"]  # a config at work on itself is not on its way
        if not any(carries_config(frame.f_locals[name]) for name in names if name in frame.f_locals):
            return
        if path == LOOP and code.co_name == "run":
            raise LoopEntered
        place = path.relative_to(PACKAGE).as_posix()
        if not self.stays or self.stays[-1] != place:
            self.stays.append(place)


def walk(arguments: list[str]) -> Walk:
    """The walk of the config of `launch.train` with these arguments."""
    found = Walk()
    sys.argv = ["launch/train.py", *arguments]
    sys.setprofile(found)
    try:
        runpy.run_module("launch.train", run_name="__main__", alter_sys=True)
    except LoopEntered:
        pass
    finally:
        sys.setprofile(None)
    return found


def main() -> None:
    if len(sys.argv) == 1:
        rows = list(sizes())
        for package, files, lines in rows:
            print(f"{package:32s} {files:5d} files {lines:7d} lines")
        inside = [row for row in rows if row[0].startswith("affect_jax")]
        print(f"{'the package':32s} {sum(r[1] for r in inside):5d} files {sum(r[2] for r in inside):7d} lines")
        return
    if sys.argv[1:] == ["--options"]:
        options = declared_options()
        for config, names in options.items():
            print(f"{config.__name__:28s} {len(names):3d}  {', '.join(names)}")
        print(f"{sum(map(len, options.values()))} options in {len(options)} dataclasses")
        return
    found = walk(sys.argv[1:])
    for number, place in enumerate(found.stays, 1):
        print(f"{number:4d}  {place}")
    files = len(set(found.stays))
    print(f"{len(found.stays)} stays in {files} files, {len(found.stays) - files} returns")


if __name__ == "__main__":
    main()
