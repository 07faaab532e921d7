"""What is known about one person before any frame is scored."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from affect_jax.types import ArrayLike

FAR_SECONDS = 1e4  # between clips: their frames tell nothing of each other, and float32 still resolves a frame


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Given:
    """Frames of one person with what may be used of each; with a leading axis, of several persons.

    The weights are 0 or 1. Whatever stands at a frame whose weights are all 0 changes nothing, even if not finite.
    """

    features: Float[ArrayLike, "*person frame feature"]  # pooled features of the base network
    output: Float[ArrayLike, "*person frame output"]  # its outputs; see `personal.outputs`
    label: Float[ArrayLike, "*person frame output"]  # ignored where `labeled` is 0
    labeled: Float[ArrayLike, "*person frame"]  # 1: the label may be learned from
    neutral: Float[ArrayLike, "*person frame"]  # 1: the person was asked to look neutral; its label is not needed
    present: Float[ArrayLike, "*person frame"]  # 1: a frame of the person, 0: padding
    # Seconds, ascending over the present frames, `FAR_SECONDS` apart between clips: frames close in time tell little
    # more than one of them. None: every frame counts as far from all others.
    time_seconds: Float[ArrayLike, "*person frame"] | None = None


def anything(weight: Float[ArrayLike, "*person frame"]) -> Float[Array, "*person"]:
    """1 where any frame has a weight above 0, else 0: the factor by which an empty gift changes nothing."""
    return (jnp.max(weight, axis=-1, initial=0.0) > 0).astype(jnp.float32)


def only(values: Float[ArrayLike, "frame *rest"], weight: Float[ArrayLike, "frame"]) -> Float[Array, "frame *rest"]:
    """The values of frames with a weight above 0, and 0 elsewhere, also where a value is not finite."""
    used = jnp.reshape(weight, weight.shape + (1,) * (jnp.ndim(values) - 1)) > 0
    return jnp.where(jnp.broadcast_to(used, values.shape), values, jnp.zeros_like(values))


def mean_of(values: Float[ArrayLike, "frame *rest"], weight: Float[ArrayLike, "frame"]) -> Float[Array, "*rest"]:
    """Mean over the frames whose weight is 1; zeros without any."""
    return jnp.sum(only(values, weight), axis=0) / jnp.maximum(jnp.sum(weight), 1.0)


def stacked(persons: Sequence[Given], frames: int | None = None) -> Given:
    """Persons along a new first axis, each padded behind its last frame; ValueError if their features differ in number.

    Args:
      persons: what is given about each, without a leading axis.
      frames: number of frames to pad to; None: as many as the longest has.
    """
    if not persons:
        raise ValueError("no persons to stack; at least one is needed")
    widths = sorted({np.shape(person.features)[-1] for person in persons})
    if len(widths) > 1:
        raise ValueError(f"the persons have {widths} features; expected the same number, from one network")
    longest = max(len(person.present) for person in persons)
    if frames is not None and frames < longest:
        raise ValueError(f"a person has {longest} frames, which do not fit into {frames}")
    padded = [_padded(person, frames or longest) for person in persons]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *padded)


def _padded(person: Given, frames: int) -> Given:
    missing = frames - len(person.present)
    pad = lambda leaf: np.pad(np.asarray(leaf, np.float32), [(0, missing)] + [(0, 0)] * (np.ndim(leaf) - 1))
    return jax.tree.map(pad, person)


def person_at(persons: Given, index: int) -> Given:
    """One of several stacked persons."""
    return jax.tree.map(lambda leaf: leaf[index], persons)


def kept_frames(persons: Given, kept: Bool[np.ndarray, "person frame"], frames: int | None = None) -> Given:
    """Some frames of each of several persons, in their order, padded as `stacked` does."""
    each = []
    for index, own in enumerate(kept):
        each.append(jax.tree.map(lambda leaf, index=index, own=own: np.asarray(leaf)[index][own], persons))
    return stacked(each, frames)
