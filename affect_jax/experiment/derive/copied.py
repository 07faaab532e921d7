"""Which arrays of another run a copy takes."""

import pathlib
from collections.abc import Iterable

from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive import write
from affect_jax.models.parts import contains


def left_out(workdir: pathlib.Path, other: Options, run: Options, arrays: Iterable[str]) -> set[str]:
    """Those of the arrays of `workdir`, a run with the options `other`, that `run` draws itself instead of copying.

    These are heads that were never trained, and the layers behind the pooled features of a network that predicts other
    quantities.
    """
    drawn = set(write.drawn_arrays(workdir))
    if set(other.contract.predicts) & set(run.contract.predicts):
        return drawn
    return drawn | {name for name in arrays if any(contains(part, name) for part in other.contract.outputs)}
