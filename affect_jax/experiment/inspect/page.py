"""The facts about a run as aligned text."""

import math
from collections.abc import Sequence

import jax

from affect_jax.experiment.inspect.facts import Facts, held_bytes
from affect_jax.train.groups import DEPTH
from affect_jax.train.pace import duration

SHOWN_ARRAYS = 8
UNITS = ("B", "kB", "MB", "GB", "TB")
PREFIXES = ("", "k", "M", "G", "T", "P", "E")


def page(facts: Facts) -> str:
    """All sections, one after another."""
    sections = (_run(facts), _parameters(facts), _step(facts), _memory(facts), _arrays(facts), _exchanges(facts))
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _run(facts: Facts) -> list[str]:
    options = facts.options
    frames = f" of {options.data.frames} frames" if options.data.frames else ""
    kind = "clips" if options.data.frames else "images" if options.contract.takes == "images" else "faces"
    axes = ", ".join(f"{name} {size}" for name, size in facts.mesh.items())
    lines = [
        ("network", f"{options.model_name}, {options.contract.input_size}"),
        ("run", f"{options.train.steps:,} steps of {options.batch_size} {kind}{frames}"),
        ("devices", f"{facts.devices} x {facts.device_kind}, mesh: {axes}"),
        ("computed in", _how(facts)),
    ]
    return [f"{name:<13}{text}" for name, text in lines]


def _how(facts: Facts) -> str:
    train = facts.options.train
    extra = [f"{train.micro_batches} micro-batches"] if train.micro_batches > 1 else []
    extra += ["blocks rematerialized"] if train.rematerialize else []
    return ", ".join([train.precision, *extra])


def _parameters(facts: Facts) -> list[str]:
    groups: dict[str, list[int]] = {}
    for place, arrays in enumerate((facts.trained, facts.frozen)):
        for name, array in arrays.items():
            counts = groups.setdefault("/".join(name.split("/")[:DEPTH]), [0, 0])
            counts[place] += math.prod(array.shape)
    rows = [(name, f"{sum(counts):,}", f"{counts[0]:,}") for name, counts in groups.items()]
    trained, frozen = (sum(counts[place] for counts in groups.values()) for place in (0, 1))
    total = ("total", f"{trained + frozen:,}", f"{trained:,}")
    return _table(("parameters", "all", "trained"), rows, total)


def _step(facts: Facts) -> list[str]:
    operations = f"{amount(facts.flops, PREFIXES)}FLOP"
    if facts.devices > 1:
        operations += f" on all devices, {amount(facts.flops / facts.devices, PREFIXES)}FLOP a device if evenly split"
    lines = [("arithmetic", operations)]
    if facts.seconds is not None:
        whole = duration(facts.seconds * facts.options.train.steps)
        lines.append(("time", f"about {facts.seconds:.2g} s, {whole} for the run without evaluations"))
    return ["a step", *(f"  {name:<12}{text}" for name, text in lines)]


def _memory(facts: Facts) -> list[str]:
    rows = [(name, amount(size, UNITS)) for name, size in facts.memory.items()]
    return _table(("memory of a device", "size"), rows, ("total", amount(sum(facts.memory.values()), UNITS)))


def _arrays(facts: Facts) -> list[str]:
    arrays = facts.trained | facts.frozen
    largest = sorted(arrays, key=lambda name: -_bytes(arrays[name]))[:SHOWN_ARRAYS]
    rows = []
    for name in largest:
        array = arrays[name]
        shape = " x ".join(map(str, array.shape))
        rows.append((name, shape, amount(_bytes(array), UNITS), amount(held_bytes(array), UNITS), _split(array)))
    return _table(("largest parameters", "shape", "size", "a device", "split"), rows)


def _exchanges(facts: Facts) -> list[str]:
    if facts.devices == 1:
        return []
    rows = []
    for kind, total in facts.exchanges.items():
        rows.append((kind, f"{total.count:,}", amount(total.bytes, UNITS), amount(total.largest, UNITS)))
    loops = ["those inside the loop over micro-batches count once"] if facts.options.train.micro_batches > 1 else []
    return [*_table(("exchanged by a device", "number", "size", "largest"), rows), *loops]


def _split(array: jax.ShapeDtypeStruct) -> str:
    axes = [str(axis) for axis in array.sharding.spec if axis is not None]
    return f"over {', '.join(axes)}" if axes else "whole"


def _bytes(array: jax.ShapeDtypeStruct) -> int:
    return math.prod(array.shape) * array.dtype.itemsize


def amount(value: float | int, units: Sequence[str]) -> str:
    """A number with three digits in the largest of these units, each a thousand of the one before."""
    place = 0
    while value >= 999.5 and place < len(units) - 1:
        value, place = value / 1000, place + 1
    digits = 0 if place == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {units[place]}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], total: Sequence[str] = ()) -> list[str]:
    """Aligned columns, the first to the left and all others to the right; `total` is set off by a rule."""
    lines = [header, *rows, *([total] if total else [])]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = "  ".join("-" * width for width in widths)

    def align(cells: Sequence[str]) -> str:
        first, *others = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join([first.strip().ljust(widths[0]), *others]).rstrip()

    body = [align(header), rule, *map(align, rows)]
    return [*body, rule, align(total)] if total else body
