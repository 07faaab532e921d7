"""Trains the run of a card again, and compares the final metrics."""

import dataclasses
import math
import pathlib
from collections.abc import Mapping

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.run_card import CARD, read_finished
from affect_jax.experiment.train import train


class NotReproduced(ArithmeticError):
    """The final metrics differ; the message says by how much."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Final metrics of two runs."""

    count: int  # of metrics that at least one of them has
    different: tuple[str, ...]  # names, the largest difference first; a metric that one of them lacks is different
    largest: float  # absolute difference; inf if a metric is missing or not a number on one side


def reproduce(path: pathlib.Path, workdir: pathlib.Path) -> str | None:
    """Trains the run of the card in `workdir` and says that its metrics are equal; None if a signal stopped it.

    NotReproduced if they are not.
    """
    card = read_finished(path)
    if (workdir / CARD).exists() and (workdir / CARD).samefile(path):
        raise UsageError(f"--workdir={workdir} is the run of the card itself; choose another, new folder")
    if not train(card["config"], workdir, card):
        return None
    metrics = read_finished(workdir / CARD)["metrics"]
    found = compare(card["metrics"], metrics)
    if not found.different:
        return f"{workdir} reproduces {path}: all {found.count} final metrics are equal"
    worst = found.different[0]
    values = f"{card['metrics'].get(worst, 'missing')} there, {metrics.get(worst, 'missing')} here"
    raise NotReproduced(
        f"{workdir} does not reproduce {path}: {len(found.different)} of {found.count} final metrics differ, by at "
        f"most {found.largest:.3g} ({worst}: {values})"
    )


def compare(one: Mapping[str, float], other: Mapping[str, float]) -> Comparison:
    """Compares metrics by name, exactly; two undefined values are equal."""
    names = sorted({*one, *other})
    amounts = {name: _difference(one.get(name), other.get(name)) for name in names}
    different = sorted((name for name in names if amounts[name]), key=lambda name: -amounts[name])
    return Comparison(len(names), tuple(different), max(amounts.values(), default=0.0))


def _difference(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return math.inf
    if one == other or (math.isnan(one) and math.isnan(other)):
        return 0.0
    return math.inf if math.isnan(one - other) else abs(one - other)
