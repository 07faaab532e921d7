"""The dtype that a network computes in, while its parameters and norms stay in float32."""

import jax
import jax.numpy as jnp
from flax import nnx

PRECISIONS = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}


def check_precision(name: str) -> None:
    """Raises ValueError for an unknown precision."""
    if name not in PRECISIONS:
        raise ValueError(f"precision is '{name}'; choose one of {', '.join(PRECISIONS)}")


def for_computation(parameters: nnx.State, statistics: nnx.State, precision: str) -> nnx.State:
    """The parameters in the dtype that layers compute in; those of norms, and all in float32, as they are.

    Norms are the layers that have `statistics`.
    """
    if precision == "float32":
        return parameters  # float64 in tests stays what it is
    norms = {path[:-1] for path, _ in nnx.to_flat_state(statistics)}
    lower = lambda variable: jax.tree.map(lambda array: array.astype(PRECISIONS[precision]), variable)
    return nnx.map_state(lambda path, variable: variable if path[:-1] in norms else lower(variable), parameters)
