"""The usual size of features, by which they are made comparable."""

import numpy as np
from jaxtyping import Float

from affect_jax.personal.given import Given

RAREST = 0.1  # of the usual spread: what hardly varies among source persons may vary a hundredfold in a stranger


def feature_spread(given: Given) -> Float[np.ndarray, "feature"]:
    """Standard deviation of each feature over all present frames of all persons, not below a share of the usual one."""
    present = np.asarray(given.present) > 0
    variance = np.asarray(given.features, np.float64)[present].var(axis=0)
    usual = variance.mean() or 1.0
    return np.sqrt(variance + RAREST**2 * usual).astype(np.float32)
