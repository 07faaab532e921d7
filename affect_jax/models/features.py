"""Pooled features: what the last two layers of a network see of a face, given beside its predictions.

A model offers them if its contract has `features`. Its module has an attribute `gives_features`, which is False, and a
method `affect_layers`.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from flax import nnx
from jaxtyping import Float

from affect_jax.nn.network import Network, Variables

FEATURES = "features"  # name of the entry in Predictions


@runtime_checkable
class GivesFeatures(Protocol):
    """A module that offers pooled features."""

    gives_features: bool  # whether its predictions have an entry `features`, Float["*batch feature"], float32

    def affect_layers(self) -> Mapping[str, Float[np.ndarray, "..."]] | None:
        """The layers from features to what is adapted to a person; None if these are no function of a frame's features.

        Valence and arousal as in `AffectHead`; or the raw outputs of an intensity network, without a hidden layer.
        """
        ...


def with_features(network: Network) -> Network:
    """The same network, whose predictions also hold its pooled features; ValueError if it offers none."""
    return network.changed(_give_features)


def _give_features(module: nnx.Module) -> nnx.Module:
    _require_features(module).gives_features = True
    return module


def affect_layers(network: Network, variables: Variables) -> Mapping[str, Float[np.ndarray, "..."]] | None:
    """The layers from pooled features to what is adapted, see `GivesFeatures`."""
    return _require_features(network.module(variables)).affect_layers()


def _require_features(module: nnx.Module) -> GivesFeatures:
    if not isinstance(module, GivesFeatures):
        raise ValueError(
            f"{type(module).__name__} offers no pooled features; use a static network, a clip network or one of "
            "emotion intensity"
        )
    return module
