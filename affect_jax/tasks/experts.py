"""Valence and arousal by experts: each one on its own subject first, then the mixture that the gate makes of them."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from affect_jax.losses.experts import gate_entropy, load_balance
from affect_jax.losses.mixing import plain_mean, shake
from affect_jax.losses.reduce import weighted_mean
from affect_jax.tasks.affect import MIXED
from affect_jax.tasks.affect_terms import Terms, continuous_terms
from affect_jax.tasks.labels import get_label
from affect_jax.tasks.plain import PlainTask
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.types import Batch, Predictions

STAGES = ("experts", "joint")
MIXINGS = ("shake", "fixed")
WEIGHTS = {"loss/load_balance": "load_balance", "loss/gate": "gate_weight"}  # the option that weights each term
RECIPE = AffectConfig()  # the terms of valence and arousal are those of the affect task with its defaults


@dataclasses.dataclass(frozen=True)
class ExpertsConfig:
    """What is learned, and how the terms are weighted; all of it is ours, because the seed publishes no loss."""

    stage: str = "joint"  # experts: each one learns its own subject, number k the k-th | joint: the mixture learns all
    mixing: str = "shake"  # of the terms of valence and arousal, as in the affect task: shake | fixed
    load_balance: float = 0.01  # weight of the term that keeps all experts in use; joint only
    gate_weight: float = 0.0  # of the gate's cross-entropy with the subject of each frame; one expert for each subject

    def __post_init__(self):
        for name, known in (("stage", STAGES), ("mixing", MIXINGS)):
            if getattr(self, name) not in known:
                raise ValueError(f"task.{name} is '{getattr(self, name)}'; choose one of {', '.join(known)}")
        for name in WEIGHTS.values():
            if getattr(self, name) < 0:
                raise ValueError(f"task.{name} is {getattr(self, name)}; it must not be negative")

    @property
    def one_per_subject(self) -> bool:
        """Whether expert k belongs to the k-th subject of the training data."""
        return self.stage == "experts" or self.gate_weight > 0

    def idle(self, predicts: Collection[str], labeled: Collection[str]) -> dict[str, str]:
        """The options without effect, with the reason."""
        del predicts
        found = {}
        if self.stage == "experts":
            found["load_balance"] = "task.stage is experts, in which the gate does not choose among them"
        if "valence_arousal" not in labeled:
            found["mixing"] = "no training example has a label of valence_arousal"
        return found


@dataclasses.dataclass(frozen=True)
class Experts(PlainTask):
    """The terms of the affect task for each expert on its own subject, or for the mixture; and terms of the gate.

    Source: Feffer, Rudovic, Picard, A mixture of personalized experts for human affect estimation, MLDM 2018, for the
    stages; its losses are published nowhere, and these are ours.
    """

    quantities = ("valence_arousal",)  # evaluated

    config: ExpertsConfig

    @property
    def one_per_subject(self) -> bool:
        """Whether expert k belongs to the k-th subject of the training data."""
        return self.config.one_per_subject

    def require(self, predicts: Sequence[str], frames: int, experts: int = 0) -> None:
        """Raises ValueError for a network without experts; frames and clips serve alike."""
        del predicts, frames
        if not experts:
            raise ValueError("task 'experts' trains a network of experts; take model 'experts', or task 'affect'")

    def terms(
        self,
        predictions: Predictions,
        batch: Batch,
        memory: None = None,
        teacher_predictions: Predictions | None = None,
    ) -> tuple[Terms, None]:
        """The terms of the stage; frames without a label or, where it matters, without a subject have no effect."""
        del memory, teacher_predictions
        predicted = predictions["valence_arousal"]
        label, weight = get_label("valence_arousal", batch, predicted.shape)
        if self.config.stage == "experts":
            terms = own_terms(predictions["experts"], label, weight, batch.subject)
        else:
            terms, _ = continuous_terms(predicted, label, weight, RECIPE)
            terms["loss/load_balance"] = load_balance(predictions["gate"], predictions["shares"], batch.weight)
        if self.config.gate_weight:
            terms["loss/gate"] = gate_entropy(predictions["gate"], batch.subject, batch.weight)
        return terms, None

    def combine(
        self, terms: dict[str, Float[Array, ""]], parameters: Mapping[str, Array], key: PRNGKeyArray | None
    ) -> Float[Array, ""]:
        """The total loss; without a key, terms that would be mixed at random get equal shares."""
        del parameters
        mixed = {name: terms[name] for name in MIXED if name in terms}
        total = plain_mean(mixed) if self.config.mixing == "fixed" or key is None else shake(mixed, key)
        for name, option in WEIGHTS.items():
            if name in terms:
                total = total + getattr(self.config, option) * terms[name]
        return total


def own_terms(
    experts: Float[Array, "*batch expert 2"],
    label: Float[Array, "*batch 2"],
    weight: Float[Array, "*batch"],
    subject: Int[Array, "*batch"],
) -> Terms:
    """The terms of each expert over the frames of its own subject, averaged over the experts with labeled frames.

    The correlations of an expert, too, are those of its own frames: no frame of another subject moves it.
    """
    count = experts.shape[-2]
    own = jnp.moveaxis(weight[..., None] * jax.nn.one_hot(subject, count), -1, 0)
    terms = lambda predicted, weight: continuous_terms(predicted, label, weight, RECIPE)[0]
    found = jax.vmap(terms)(jnp.moveaxis(experts, -2, 0), own)
    present = (own > 0).any(tuple(range(1, own.ndim))).astype(jnp.float32)
    return {name: weighted_mean(values, present) for name, values in found.items()}
