"""Gradients of a batch that is too large for the memory: parts of it go through the network one after another.

Only the network works on parts. The loss is computed once, from the predictions for the whole batch, because CCC and
PCC are statistics of a set. JAX then differentiates through the loop: backward, each part runs forward again and its
gradient is added to the sum. This is gradient caching (Gao et al., Scaling deep contrastive learning batch size under
memory limited setup, RepL4NLP 2021), at the price of one more forward pass.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, PRNGKeyArray, PyTree, Shaped

from affect_jax.nn.network import Network, Variables
from affect_jax.types import Predictions


def check_parts(batch_size: int, parts: int, devices: int) -> None:
    """Raises ValueError unless each part of a batch has the same number of examples on each device."""
    if batch_size % devices:
        raise ValueError(
            f"batch_size is {batch_size}, which {devices} devices cannot share: choose a multiple of {devices}, or "
            "fewer devices for mesh.data and mesh.fsdp"
        )
    if batch_size % (parts * devices):
        spread = f" on each of {devices} devices" if devices > 1 else ""
        raise ValueError(
            f"batch_size is {batch_size} and train.micro_batches {parts}; each part must have the same number of "
            f"examples{spread}: choose a batch_size that is a multiple of {parts * devices}, or other micro_batches"
        )


def train_in_parts(
    network: Network, variables: Variables, inputs: Shaped[Array, "batch *rest"], dropout_key: PRNGKeyArray, parts: int
) -> tuple[Predictions, nnx.State]:
    """`network.train` on parts of a batch; returns the predictions for the whole batch and the new running statistics.

    BatchNorm normalizes each part by the statistics of that part. The running statistics move once, toward the mean of
    those of the parts. Where statistics are fixed or frozen, the parts change nothing but rounding. Dropout draws anew
    for each part.
    """
    if parts == 1:
        return network.train(variables, inputs, dropout_key)
    keys = jax.vmap(jax.random.fold_in, (None, 0))(dropout_key, jnp.arange(parts))
    train = jax.checkpoint(lambda part: network.train(variables, *part))
    predictions, statistics = jax.lax.map(train, (_split(inputs, parts), keys))
    return _join(predictions), jax.tree.map(lambda each: each.mean(0), statistics)


def map_parts(predict: Callable[[Array], Predictions], inputs: Shaped[Array, "batch *rest"], parts: int) -> Predictions:
    """Predicts for each part in turn; for a function that treats examples independently, the same as at once."""
    return predict(inputs) if parts == 1 else _join(jax.lax.map(predict, _split(inputs, parts)))


def _split(array: Array, parts: int) -> Array:
    """Every `parts`-th example: consecutive ones lie on one device, and each part takes its share from all devices."""
    return jnp.moveaxis(array.reshape(-1, parts, *array.shape[1:]), 1, 0)


def _join(tree: PyTree) -> PyTree:
    """The examples of all parts in the order of the batch."""
    return jax.tree.map(lambda array: jnp.moveaxis(array, 0, 1).reshape(-1, *array.shape[2:]), tree)
