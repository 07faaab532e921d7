"""Valence, arousal and discrete emotions in images and, frame by frame, in clips."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.losses.categorical import cross_entropy, expected_weight, inverse_frequency
from affect_jax.losses.ccc_memory import empty_memory
from affect_jax.losses.continuous import SetMoments
from affect_jax.losses.distillation import soft_target_divergence
from affect_jax.losses.mixing import log_variance_of_equal_shares, plain_mean, shake, uncertainty_weighted
from affect_jax.losses.reduce import weighted_mean
from affect_jax.tasks.affect_terms import continuous_terms
from affect_jax.tasks.labels import get_label
from affect_jax.tasks.landmarks import mean_heatmap_error
from affect_jax.tasks.recipe import CLASS_WEIGHT_RULES, AffectConfig
from affect_jax.types import Batch, Predictions, TaskVariables

MIXED = ("loss/mse", "loss/rmse", "loss/pcc", "loss/ccc")  # share a total weight of 1; other terms have their own


@dataclasses.dataclass(frozen=True)
class Affect:
    """Cross-entropy plus a mixture of squared error, 1 - PCC and 1 - CCC; divergence from a teacher; landmarks.

    Each regression term is a mean over valence and arousal. The correlations are computed over the whole global batch,
    over it and earlier batches, or per clip, from every labeled frame. Source: the loss of Toisoul et al., Nature
    Machine Intelligence 3, 2021, by default with the squared error instead of its root; landmarks as an additional term
    are ours.
    """

    quantities = ("valence_arousal", "emotion")  # evaluated if the network predicts them
    one_per_subject = False  # whether the data need one subject for each expert of the network

    config: AffectConfig
    class_weights: tuple[float, ...] = ()  # in the order of the label set; () = all 1

    def with_class_weights(self, frequency: Float[np.ndarray, "emotion"], emotions: Sequence[str]) -> "Affect":
        """The task with class weights for training data in which `emotions` occur with these frequencies.

        ValueError names the emotions without examples, or shows class weights that do not match the label set.
        """
        rule = self.config.class_weight_rule
        weights = self.config.class_weights
        if weights and len(weights) != len(emotions):
            raise ValueError(
                f"task.class_weights has {len(weights)} entries; the label set has {len(emotions)} emotions: "
                f"{', '.join(emotions)}"
            )
        if rule:
            if absent := [name for name, share in zip(emotions, frequency, strict=True) if not share > 0]:
                raise ValueError(
                    f"task.class_weight_rule is '{rule}', but the training data has no examples of "
                    f"{', '.join(absent)}; use a label set without it, add data, or set task.class_weights instead"
                )
            weights = tuple(inverse_frequency(frequency, CLASS_WEIGHT_RULES[rule]).tolist())
        return dataclasses.replace(self, class_weights=weights)

    def require(self, predicts: Sequence[str], frames: int, experts: int = 0) -> None:
        """Raises ValueError if a term needs a missing prediction, or longer clips than `frames` (0: images).

        A network of `experts` serves as well as one without: its mixture is trained.
        """
        del experts
        if self.config.landmark_weight and "landmarks" not in predicts:
            raise ValueError(
                "task.landmark_weight needs a network that predicts heatmaps, but this one predicts only "
                f"{', '.join(predicts)} (clip networks return no heatmaps): set it to 0"
            )
        if frames < self.config.least_frames:
            raise ValueError(
                f"{' and '.join(self.config.clip_terms)} takes clips of {self.config.least_frames} frames or more, but "
                f"data.frames is {frames}: set data.frames and a network of clips, or take its default"
            )

    def initial(self) -> TaskVariables:
        """Log variances of a learned mixture, initially of equal shares, and an empty memory of batches."""
        parameters = {}
        memory = None
        if self.config.mixing == "learned":
            names = (self.config.regression, "pcc", "ccc")
            start = log_variance_of_equal_shares(len(names))
            parameters = {f"log_variance/{name}": jnp.full((), start, jnp.float32) for name in names}
        if self.config.ccc_memory:
            memory = empty_memory(self.config.ccc_memory)
        return TaskVariables(parameters, memory)

    def terms(
        self,
        predictions: Predictions,
        batch: Batch,
        memory: SetMoments | None = None,
        teacher_predictions: Predictions | None = None,
    ) -> tuple[dict[str, Float[Array, ""]], SetMoments | None]:
        """The loss terms of each head of the network, and the memory including this batch.

        A term without labels is 0 and has no gradient. Distillation needs no labels.
        """
        terms = {}
        if "emotion" in predictions:
            terms["loss/emotion"] = self._emotion(predictions["emotion"], batch)
        if teacher_predictions is not None:
            divergence = soft_target_divergence(
                predictions["emotion"], teacher_predictions["emotion"], batch.weight, self.config.teacher_temperature
            )
            terms["loss/teacher"] = weighted_mean(divergence, batch.weight)
        if self.config.landmark_weight and "landmarks" in predictions:
            terms["loss/heatmaps"] = mean_heatmap_error(predictions["landmarks"], batch)
        if "valence_arousal" in predictions:
            predicted = predictions["valence_arousal"]
            label, weight = get_label("valence_arousal", batch, predicted.shape)
            continuous, memory = continuous_terms(predicted, label, weight, self.config, memory)
            terms |= continuous
        return terms, memory

    def _emotion(self, logits: Array, batch: Batch) -> Array:
        label, weight = get_label("emotion", batch, logits.shape)
        entropy = cross_entropy(logits, label, weight, self.config.label_smoothing)
        if self.class_weights:
            weight = expected_weight(label, jnp.asarray(self.class_weights, jnp.float32), weight)
        return weighted_mean(entropy, weight)

    def combine(
        self, terms: dict[str, Float[Array, ""]], parameters: Mapping[str, Array], key: PRNGKeyArray | None
    ) -> Float[Array, ""]:
        """The total loss; without a key, terms that would be mixed at random get equal shares."""
        total = jnp.float32(0)
        for name, weight in self.config.weights.items():
            if name in terms:
                total = total + weight * terms[name]
        mixed = {name: terms[name] for name in MIXED if name in terms}
        if not mixed:
            return total
        if self.config.mixing == "learned":
            log_variances = {name: parameters[name.replace("loss", "log_variance")] for name in mixed}
            return total + uncertainty_weighted(mixed, log_variances)
        if self.config.mixing == "fixed" or key is None:
            return total + plain_mean(mixed)
        return total + shake(mixed, key)
