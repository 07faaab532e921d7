"""What networks of emotion intensity share: for each emotion a head of a form, all of them in one linear layer."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.emotions import EMOTION_UNITS
from affect_jax.types import Predictions

FORMS = {"classes": 11, "ordinal": 10, "regression": 1}  # outputs for an emotion; see `quantities.intensity`

LAYER = "logits"  # name of the linear layer with all heads


def check_heads(emotions_rated: Sequence[str], form: str) -> None:
    """Raises ValueError for emotions without action units, none or one twice, and for an unknown form."""
    if unknown := sorted(set(emotions_rated) - set(EMOTION_UNITS)):
        raise ValueError(f"emotions_rated has '{unknown[0]}'; choose among {', '.join(EMOTION_UNITS)}")
    if not emotions_rated:
        raise ValueError("emotions_rated is empty; name at least one emotion, such as ('happy',)")
    if twice := [name for place, name in enumerate(emotions_rated) if name in emotions_rated[:place]]:
        raise ValueError(f"emotions_rated has '{twice[0]}' twice")
    if form not in FORMS:
        raise ValueError(f"form is '{form}'; choose one of {', '.join(FORMS)}")


def quantities_of(emotions_rated: Sequence[str]) -> tuple[str, ...]:
    """The quantities that are predicted of these emotions."""
    return tuple(f"intensity_{emotion}" for emotion in emotions_rated)


def output_count(emotions_rated: Sequence[str], form: str) -> int:
    """Outputs of the linear layer with all heads."""
    return FORMS[form] * len(emotions_rated)


def linear_layer(logits: nnx.Linear) -> dict[str, Float[np.ndarray, "..."]]:
    """Kernel and bias of the layer, as a head without a hidden layer."""
    arrays = {"output_kernel": logits.kernel, "output_bias": logits.bias}
    return {name: np.asarray(array[...], np.float32) for name, array in arrays.items()}


def split_outputs(outputs: Float[Array, "*batch output"], emotions_rated: Sequence[str]) -> Predictions:
    """The raw outputs of each emotion, in the order of `emotions_rated`."""
    parts = jnp.split(outputs, len(emotions_rated), axis=-1)
    return Predictions(**dict(zip(quantities_of(emotions_rated), parts, strict=True)))
