"""What methods share that fine-tune parameters on the labeled frames of a person."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from affect_jax.personal.descent import descend, descend_along
from affect_jax.personal.folds import fit_heads, head_without, make_folds, require_head, source_frames
from affect_jax.personal.given import Given, anything
from affect_jax.personal.labeled import Labeled, gather_labeled, labeled_seconds, squared_error
from affect_jax.personal.method import LABELS
from affect_jax.personal.rehearsal import STOPS, Schedule, choose_schedule
from affect_jax.personal.sources import Sources
from affect_jax.types import ArrayLike


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TunedPrior:
    """The network before fine-tuning (the base head, or a mixture of experts), and how far fine-tuning goes."""

    base: Any
    schedule: Schedule


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Tuned:
    """The parameters of one person, which count where `known` is 1."""

    parameters: Any
    known: Float[ArrayLike, "*person"]


class FineTuned:
    """A method that descends the mean squared error of the labeled frames with Adam, all frames at each step.

    Learning rate and number of steps are chosen on the source persons (`rehearsal`). A method says where it starts and
    what its parameters predict.
    """

    name: str
    needs: tuple[str, ...] = (LABELS,)

    def start(self, base: Any, labeled: Labeled, key: PRNGKeyArray) -> Any:
        """The parameters before the first step, with which the predictions are those of `base`."""
        raise NotImplementedError

    def outputs(
        self, base: Any, parameters: Any, features: Float[ArrayLike, "frame feature"]
    ) -> Float[Array, "frame output"]:
        """What the network with these parameters answers."""
        raise NotImplementedError

    def bases(self, sources: Sources, key: PRNGKeyArray) -> tuple[Any, Callable[[Int[Array, ""]], Any]]:
        """What strangers start from, and what a source person starts from who is taken for a stranger."""
        head = require_head(sources, self.name)
        folds = make_folds(sources)
        heads = fit_heads(head, source_frames(sources), folds, key)
        fold_of = jnp.asarray(folds.of_person)
        return head, lambda person: head_without(heads, fold_of[person])

    def learn(self, sources: Sources, key: PRNGKeyArray) -> TunedPrior:
        heads_key, rehearsal_key = jax.random.split(key)
        base, base_without = self.bases(sources, heads_key)

        def path(person, given, learning_rate, key, most):
            known, labeled = base_without(person), gather_labeled(given, most)
            loss = lambda parameters, _: self._loss(known, parameters, labeled)
            along = descend_along(loss, self.start(known, labeled, key), learning_rate, STOPS)
            return jax.vmap(lambda parameters: self.outputs(known, parameters, given.features))(along)

        return TunedPrior(base, choose_schedule(path, sources, rehearsal_key))

    def adapt(self, prior: TunedPrior, given: Given, key: PRNGKeyArray) -> Tuned:
        labeled = gather_labeled(given)
        learning_rate, steps = prior.schedule.at(labeled_seconds(given))
        loss = lambda parameters, _: self._loss(prior.base, parameters, labeled)
        learned = descend(loss, self.start(prior.base, labeled, key), learning_rate, steps)
        return Tuned(learned, anything(given.labeled))

    def predict(
        self,
        prior: TunedPrior,
        personal: Tuned,
        features: Float[ArrayLike, "frame feature"],
        output: Float[ArrayLike, "frame output"],
    ) -> Float[Array, "frame output"]:
        return jnp.where(personal.known > 0, self.outputs(prior.base, personal.parameters, features), output)

    def _loss(self, base: Any, parameters: Any, labeled: Labeled) -> Float[Array, ""]:
        return squared_error(self.outputs(base, parameters, labeled.features), labeled)
