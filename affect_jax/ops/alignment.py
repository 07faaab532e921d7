"""Landmark geometry with face position, size and in-plane rotation removed."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.types import LANDMARKS

INNER = slice(17, LANDMARKS)  # all but the jaw line, which landmark detectors localize least reliably
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)  # the subject's right and left


def align(landmarks: Float[Array, "*batch 68 2"]) -> Float[Array, "*batch 68 2"]:
    """Centers the landmarks, scales them to unit size and rotates them until the eyes are level.

    Center and size (root mean square distance from the center) are those of the inner landmarks. Landmarks that all
    coincide give zeros, not NaN.
    """
    centered = landmarks - landmarks[..., INNER, :].mean(-2, keepdims=True)
    mean_square = (centered[..., INNER, :] ** 2).sum(-1).mean(-1)
    size = jnp.sqrt(mean_square + 1e-12)[..., None, None]
    scaled = centered / size
    eye_line = scaled[..., LEFT_EYE, :].mean(-2) - scaled[..., RIGHT_EYE, :].mean(-2)
    angle = jnp.arctan2(eye_line[..., 1], eye_line[..., 0])[..., None]
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    x, y = scaled[..., 0], scaled[..., 1]
    return jnp.stack([cosine * x + sine * y, cosine * y - sine * x], axis=-1)
