"""The stages in which a mixture learns from source persons; how far each goes is chosen on persons left out."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from affect_jax.nn.experts import mix
from affect_jax.personal.folds import Folds, fit_heads, make_folds, require_head, source_frames
from affect_jax.personal.labeled import Labeled
from affect_jax.personal.mixture import (
    JOINT_STOPS,
    Mixture,
    expert_outputs,
    learn_experts,
    learn_jointly,
    uniform_mixture,
)
from affect_jax.personal.scoring import score_options
from affect_jax.personal.sources import BaseHead, Sources


@dataclasses.dataclass(frozen=True)
class ExpertStage:
    """One expert for each source person, after each number of steps, and the same without the persons of each fold."""

    experts: BaseHead  # [stop, expert, ...], which started from the base head
    without: BaseHead  # [fold, stop, expert, ...], which started from the head of that fold
    frames: Labeled  # [person, frame, ...]
    folds: Folds

    def left_out(self, person: Int[Array, ""]) -> tuple[BaseHead, Float[Array, "expert"]]:
        """The experts [stop, expert, ...] with which a source person is met as a stranger, and 1 for those allowed."""
        fold = jnp.asarray(self.folds.of_person)[person]
        return jax.tree.map(lambda leaf: leaf[fold], self.without), jnp.asarray(self.folds.learned)[fold]


def learn_stage(sources: Sources, method: str, key: PRNGKeyArray) -> ExpertStage:
    """Learns the experts; ValueError without the base network's head."""
    head, folds, frames = require_head(sources, method), make_folds(sources), source_frames(sources)
    heads = fit_heads(head, frames, folds, key)
    learn = jax.jit(learn_experts)
    without = jax.jit(lambda heads, frames: jax.lax.map(lambda head: learn_experts(head, frames), heads))
    return ExpertStage(learn(head, frames), without(heads, frames), frames, folds)


def choose_experts(stage: ExpertStage) -> int:
    """Which number of steps gives the experts whose plain mean suits a stranger best; its place in `EXPERT_STOPS`."""

    def predict(person, features):
        heads, allowed = stage.left_out(person)
        shares = jnp.broadcast_to(allowed / jnp.sum(allowed), (features.shape[0], allowed.shape[0]))
        return jax.vmap(lambda heads: mix(expert_outputs(heads, features), shares))(heads)

    return int(np.argmax(score_options(predict, stage.frames)))


def joint_stage(stage: ExpertStage, chosen: int, key: PRNGKeyArray) -> tuple[Mixture, Mixture]:
    """Gate and experts learned together: the mixture for strangers, and those without the persons of each fold."""
    at_stop = lambda leaf: leaf[:, chosen]
    learned = jnp.asarray(stage.folds.learned)
    frames = stage.frames
    keys = jax.random.split(key, stage.folds.count + 1)

    def learn(of_fold):
        heads, allowed, key = of_fold
        used = dataclasses.replace(frames, weight=frames.weight * allowed[:, None])
        return learn_jointly(uniform_mixture(heads, allowed), used, key)

    folds = jax.tree.map(at_stop, stage.without), learned, keys[:-1]
    without = jax.jit(lambda folds: jax.lax.map(learn, folds))(folds)  # [fold, stop, ...]

    def predict(person, features):
        mixtures = jax.tree.map(lambda leaf: leaf[jnp.asarray(stage.folds.of_person)[person]], without)
        return jax.vmap(lambda mixture: mixture(features))(mixtures)

    stop = int(np.argmax(score_options(predict, stage.frames)))
    start = uniform_mixture(jax.tree.map(lambda leaf: leaf[chosen], stage.experts), jnp.ones(learned.shape[1]))
    everybody = jax.jit(lambda start: learn_jointly(start, frames, keys[-1], JOINT_STOPS[: stop + 1]))(start)
    return jax.tree.map(lambda leaf: leaf[-1], everybody), jax.tree.map(lambda leaf: leaf[:, stop], without)
