"""Networks whose weights are those of no initialization."""

import jax.numpy as jnp
import numpy as np
from flax import nnx


def shaken(network):
    """The network in evaluation mode, each of its weights moved."""
    rng = np.random.default_rng(0)
    for path, variable in nnx.to_flat_state(nnx.state(network)):
        values = rng.uniform(0.5, 2, variable.shape) if path[-1] == "var" else rng.normal(size=variable.shape) * 0.2
        value = jnp.float32(values) if path[-1] == "var" else variable[...] + jnp.float32(values)
        nnx.update(network, nnx.from_flat_state([(path, variable.replace(value))]))
    network.eval()
    return network
