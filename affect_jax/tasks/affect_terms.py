"""The loss terms of valence and arousal: the error of each frame, and the lack of correlation over a set of frames."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.ccc_memory import remember, union
from affect_jax.losses.clips import clip_moments, mean_over_clips, squared_step
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
    """The terms selected by `config`, and the memory including this batch; a term is 0 if no weight is positive.

    ValueError if a term needs clips and these are single images, or shorter clips.
    """
    if config.clip_terms and (weight.ndim != 2 or weight.shape[1] < config.least_frames):
        raise ValueError(
            f"{' and '.join(config.clip_terms)} needs clips, [batch, time] with {config.least_frames} frames or more, "
            f"but the labels have shape {list(weight.shape)}; train on clips (data.frames), or use the default"
        )
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
        if config.ccc_over != "batch":
            terms[name] = _over_clips(score, (predicted, label, weight), terms[name], config.ccc_over)
    if config.smoothness_weight:
        terms["loss/smoothness"] = weighted_mean(*squared_step(predicted, weight))
    return terms, memory


def _over_clips(score, pairs, over_batch: Array, over: str) -> Array:
    """1 - the mean score over clips ("clip"), or its average with the term of the batch ("both").

    If no clip has enough labels: 0 for "clip", the term of the batch for "both".
    """
    mean, clips = mean_over_clips(jax.vmap(score)(clip_moments(*pairs)), pairs[2])
    if over == "clip":
        return jnp.where(clips > 0, 1 - mean, 0)
    return jnp.where(clips > 0, (over_batch + 1 - mean) / 2, over_batch)
