"""What a sweep tries: a list of points, such as a grid, or a search over ranges and choices."""

import dataclasses
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from affect_jax.experiment.config.names import did_you_mean

Point = Mapping[str, Any]  # dotted option -> value
SAMPLERS = ("tpe", "random")


def grid(**fields: Sequence[Any]) -> list[dict[str, Any]]:
    """Every combination of the values; "__" in a name stands for the dot of a nested option."""
    names = [name.replace("__", ".") for name in fields]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*fields.values())]


@dataclasses.dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, both included; whole ones if both are whole numbers."""

    low: Any  # a number; what else a sweep file gives is refused below
    high: Any
    log: bool = False  # whether each factor, rather than each difference, is equally likely

    def __post_init__(self):
        given = f"Range({self.low!r}, {self.high!r})"
        if not all(_is_number(each) for each in (self.low, self.high)):
            raise ValueError(f"{given}: expected two finite numbers")
        if self.low >= self.high:
            raise ValueError(f"{given} is empty; expected a low end below the high end")
        if self.log and self.low <= 0:
            raise ValueError(f"{given} with log=True: expected a low end above 0")

    def probes(self) -> Sequence[Any]:
        """Values that show whether an option takes this range: its ends."""
        return (self.low, self.high)


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of several values."""

    values: Sequence[Any]

    def __post_init__(self):
        if isinstance(self.values, str) or not isinstance(self.values, Sequence):
            raise ValueError(f"Choice({self.values!r}): expected a list of values")
        texts = [json.dumps(value) for value in self.values]
        if not texts:
            raise ValueError("Choice([]) is empty; expected at least one value")
        if len(set(texts)) < len(texts):
            raise ValueError(f"Choice({list(self.values)!r}) names a value twice")

    def probes(self) -> Sequence[Any]:
        """Values that show whether an option takes this choice: all of them."""
        return self.values


@dataclasses.dataclass(frozen=True)
class Search:
    """Trials at points that Optuna chooses, for the best value of the config's `train.best`."""

    fields: Mapping[str, Any]  # a Range or a Choice by dotted option
    trials: Any  # how many, in all; more can be asked for once they are finished
    sampler: str = "tpe"  # tree-structured Parzen estimator, which learns from finished trials; or "random"
    seed: Any = 0  # of the sampler, a whole number
    # Steps after which a trial ends whose score is below the median of the others at the same step; None: none does.
    prune_after: int | None = None

    def __post_init__(self):
        if not isinstance(self.fields, Mapping) or not self.fields:
            raise ValueError("Search has no fields; expected {dotted option: Range or Choice}")
        for name, values in self.fields.items():
            if not isinstance(values, Range | Choice):
                raise ValueError(f"Search field '{name}' is {values!r}; expected a Range or a Choice")
        if not isinstance(self.trials, int) or self.trials < 1:
            raise ValueError(f"Search has trials={self.trials!r}; expected a whole number of at least 1")
        if not isinstance(self.seed, int):
            raise ValueError(f"Search has seed={self.seed!r}; expected a whole number")
        if self.sampler not in SAMPLERS:
            hint = did_you_mean(str(self.sampler), SAMPLERS) or f"; choose one of {', '.join(SAMPLERS)}"
            raise ValueError(f"unknown sampler '{self.sampler}' of Search{hint}")
        if self.prune_after is not None and (not isinstance(self.prune_after, int) or self.prune_after < 0):
            raise ValueError(f"Search has prune_after={self.prune_after!r}; expected a number of steps, or None")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
