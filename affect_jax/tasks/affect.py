"""Valence, arousal and discrete emotion, of photographs and, frame by frame, of clips."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.losses.categorical import cross_entropy
from affect_jax.losses.continuous import ccc, pcc, squared_error
from affect_jax.losses.mixing import fixed, shake
from affect_jax.losses.reduce import weighted_mean
from affect_jax.metrics.agreement import affect_scores
from affect_jax.metrics.confusion import ConfusionMatrix, emotion_scores
from affect_jax.metrics.moments import PairMoments
from affect_jax.types import Batch, Predictions

MIXINGS = {"shake": shake, "fixed": lambda terms, key: fixed(terms)}
REGRESSION = ("loss/mse", "loss/pcc", "loss/ccc")


@dataclasses.dataclass(frozen=True)
class AffectConfig:
    """How the loss terms are weighed."""

    emotion_weight: float = 1.0  # of the cross-entropy; the terms of valence and arousal share 1
    mixing: str = "shake"  # of those terms: "shake" draws their shares anew each step, "fixed" gives each a third

    def __post_init__(self):
        if self.mixing not in MIXINGS:
            raise ValueError(f"task.mixing is '{self.mixing}'; choose one of {', '.join(sorted(MIXINGS))}")
        if self.emotion_weight < 0:
            raise ValueError(f"task.emotion_weight is {self.emotion_weight}; it must not be negative")


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class AffectState:
    """What the scores are computed from; None for a head that the network lacks."""

    affect: PairMoments | None
    emotion: ConfusionMatrix | None

    def merge(self, other: "AffectState") -> "AffectState":
        """The state of the examples of both."""
        return AffectState(
            None if self.affect is None else self.affect.merge(other.affect),
            None if self.emotion is None else self.emotion.merge(other.emotion),
        )


@dataclasses.dataclass(frozen=True)
class Affect:
    """Cross-entropy plus a random convex mixture of squared error, 1 - PCC and 1 - CCC.

    Each regression term is a mean over valence and arousal, and the correlations are those of the whole global batch.
    Source: loss of Toisoul et al., Nature Machine Intelligence 3, 2021, with the squared error in place of its root.
    """

    config: AffectConfig

    def terms(self, predictions: Predictions, batch: Batch) -> dict[str, Float[Array, ""]]:
        """The loss terms of each head that the network has; a term without a label is 0 and moves nothing."""
        labels, terms = batch.labels, {}
        if predictions.emotion_logits is not None:
            weight = labels.emotion_weight * batch.weight
            terms["loss/emotion"] = weighted_mean(
                cross_entropy(predictions.emotion_logits, labels.emotion, weight), weight
            )
        if predictions.valence_arousal is not None:
            weight = labels.valence_arousal_weight * batch.weight
            pairs = (predictions.valence_arousal, labels.valence_arousal, weight)
            labelled = weight.sum() > 0
            terms["loss/mse"] = weighted_mean(squared_error(*pairs), weight)
            terms["loss/pcc"] = jnp.where(labelled, 1 - pcc(*pairs).mean(), 0)
            terms["loss/ccc"] = jnp.where(labelled, 1 - ccc(*pairs).mean(), 0)
        return terms

    def combine(self, terms: dict[str, Float[Array, ""]], key: PRNGKeyArray | None) -> Float[Array, ""]:
        """One loss; `key` None, as in evaluation, gives the mixed terms equal shares."""
        total = jnp.float32(0)
        if "loss/emotion" in terms:
            total += self.config.emotion_weight * terms["loss/emotion"]
        if regression := {name: terms[name] for name in REGRESSION if name in terms}:
            total += fixed(regression) if key is None else MIXINGS[self.config.mixing](regression, key)
        return total

    def moments(self, predictions: Predictions, batch: Batch) -> AffectState:
        """State of a batch, with valence and arousal clipped to [-1, 1] as in the published evaluation."""
        labels, affect, emotion = batch.labels, None, None
        if predictions.valence_arousal is not None:
            clipped = jnp.clip(predictions.valence_arousal.astype(jnp.float32), -1, 1)
            affect = PairMoments.of(clipped, labels.valence_arousal, labels.valence_arousal_weight * batch.weight)
        if predictions.emotion_logits is not None:
            logits = predictions.emotion_logits
            weight = labels.emotion_weight * batch.weight
            emotion = ConfusionMatrix.of(logits.argmax(-1), labels.emotion.argmax(-1), weight, logits.shape[-1])
        return AffectState(affect, emotion)

    def scores(self, state: AffectState) -> dict[str, float]:
        """Scores such as "ccc/valence" and "macro_f1"; those of a kind without a labelled example are left out."""
        affect = {} if state.affect is None else affect_scores(state.affect)
        emotion = {} if state.emotion is None else emotion_scores(state.emotion)
        return affect | emotion
