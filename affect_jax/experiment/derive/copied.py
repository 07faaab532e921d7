"""Which arrays of another run a copy takes, and how they get time."""

import pathlib
from collections.abc import Iterable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.convert.fold import inflate_kernels, is_square
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive import write
from affect_jax.models.parts import contains

INFLATED = "intensity_i3d"  # starts from the arrays of intensity_inception


def takes_arrays(run: Options) -> bool:
    """Whether a run starts from the arrays of another by their names, as they are or inflated."""
    return run.initialize.rule == "copy" or _inflates(run)


def left_out(workdir: pathlib.Path, other: Options, run: Options, arrays: Iterable[str]) -> set[str]:
    """Those of the arrays of `workdir`, a run with the options `other`, that `run` draws itself instead of copying.

    These are heads that were never trained, and the layers behind the pooled features of a network that predicts other
    quantities, because one layer predicts all of them.
    """
    drawn = set(write.drawn_arrays(workdir))
    if _rated(other) == _rated(run):
        return drawn
    return drawn | {name for name in arrays if any(contains(part, name) for part in other.contract.outputs)}


def fit(arrays: Mapping[str, Float[Array, "..."]], run: Options) -> dict[str, Float[Array, "..."]]:
    """The arrays as `run` takes them: as they are, or kernels inflated by the mean rule."""
    if not _inflates(run):
        return dict(arrays)
    return {name: jnp.asarray(array) for name, array in inflate_kernels(jax.device_get(dict(arrays))).items()}


def fitted_shape(name: str, shape: tuple[int, ...], run: Options) -> tuple[int, ...]:
    """The shape of an array after `fit`."""
    return (shape[0], *shape) if _inflates(run) and is_square(name, len(shape)) else shape


def _inflates(run: Options) -> bool:
    """Whether a network of clips starts from one of images without layers of time, whose kernels grow themselves."""
    return run.initialize.rule == "inflate_mean" and run.model_name == INFLATED


def _rated(run: Options) -> set[str]:
    """What is predicted from pooled features; landmarks come from maps."""
    return set(run.contract.predicts) - {"landmarks"}
