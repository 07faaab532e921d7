"""The loss terms of valence and arousal: the error of each frame, and the lack of correlation over a set of frames."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.ccc_memory import remember, union
from affect_jax.losses.continuous import SetMoments, ccc, moments, pcc, rmse, squared_error
from affect_jax.losses.reduce import weighted_mean
from affect_jax.tasks.recipe import AffectConfig

Terms = dict[str, Float[Array, ""]]


def continuous_terms(
    predicted: Float[Array, "*batch 2"],
    label: Float[Array, "*batch 2"],
    weight: Float[Array, "*batch"],
    config: AffectConfig,
    memory: SetMoments | None = None,
) -> tuple[Terms, SetMoments | None]:
    """The terms selected by `config`, and the memory including this batch; a term is 0 if no weight is positive."""
    present = moments(predicted, label, weight)
    pool = present if memory is None else union(memory, present)
    memory = None if memory is None else remember(memory, present)
    terms = {}
    if config.regression == "mse":
        terms["loss/mse"] = weighted_mean(squared_error(predicted, label, weight), weight)
    else:
        terms["loss/rmse"] = rmse(predicted, label, weight).mean()
    for name, score in (("loss/pcc", pcc), ("loss/ccc", ccc)):
        terms[name] = jnp.where(present.weight > 0, 1 - score(pool).mean(), 0)
    return terms, memory
