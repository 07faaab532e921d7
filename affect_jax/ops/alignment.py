"""What the positions of landmarks say apart from where the face is, how large it is and how it is turned."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.types import LANDMARKS

INNER = slice(17, LANDMARKS)  # all but the jaw, which landmarkers place least surely
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)  # of the person


def level(landmarks: Float[Array, "*batch 68 2"]) -> Float[Array, "*batch 68 2"]:
    """Landmarks moved, scaled and turned: inner ones centered, of mean square distance 1, the eyes on one height.

    Finite also for landmarks that all lie on one point, which stay there.
    """
    moved = landmarks - landmarks[..., INNER, :].mean(-2, keepdims=True)
    size = jnp.sqrt((moved[..., INNER, :] ** 2).sum(-1).mean(-1) + 1e-12)[..., None, None]
    moved = moved / size
    across = moved[..., LEFT_EYE, :].mean(-2) - moved[..., RIGHT_EYE, :].mean(-2)
    angle = jnp.arctan2(across[..., 1], across[..., 0])[..., None]
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    x, y = moved[..., 0], moved[..., 1]
    return jnp.stack([cosine * x + sine * y, cosine * y - sine * x], axis=-1)
