"""The loss terms of valence and arousal: how far off each row is, and how ill the rows agree as a set."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.clips import clip_moments, mean_over_clips, squared_step
from affect_jax.losses.continuous import SetMoments, ccc, moments, pcc, rmse, squared_error
from affect_jax.losses.memory import remember, union
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
    """The terms that `config` asks for, and the memory with this batch in it; 0 where nothing has a weight.

    ValueError if a term is one of clips and these are photographs.
    """
    if config.clip_terms and (weight.ndim != 2 or weight.shape[1] < config.least_frames):
        raise ValueError(
            f"{' and '.join(config.clip_terms)} takes clips, [batch, time] with {config.least_frames} frames or more, "
            f"but the labels have the shape {list(weight.shape)}; train on clips (data.frames), or take its default"
        )
    pairs = (predicted, label, weight)
    present = moments(*pairs)
    pool = present if memory is None else union(memory, present)
    memory = None if memory is None else remember(memory, present)
    terms = {}
    if config.regression == "mse":
        terms["loss/mse"] = weighted_mean(squared_error(*pairs), weight)
    else:
        terms["loss/rmse"] = rmse(*pairs).mean()
    for name, score in (("loss/pcc", pcc), ("loss/ccc", ccc)):
        together = jnp.where(present.weight > 0, 1 - score(pool).mean(), 0)
        terms[name] = together if config.ccc_over == "batch" else _of_clips(score, pairs, together, config.ccc_over)
    if config.smoothness_weight:
        terms["loss/smoothness"] = weighted_mean(*squared_step(predicted, weight))
    return terms, memory


def _of_clips(score, pairs, together: Array, over: str) -> Array:
    """1 - the mean score of the clips, or the mean of that and the batch's; the batch's alone where no clip counts."""
    mean, clips = mean_over_clips(jax.vmap(score)(clip_moments(*pairs)), pairs[2])
    if over == "clip":
        return jnp.where(clips > 0, 1 - mean, 0)
    return jnp.where(clips > 0, (together + 1 - mean) / 2, together)
