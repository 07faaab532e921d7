"""Valence, arousal and discrete emotion, of photographs and, frame by frame, of clips."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.losses.categorical import cross_entropy, expected_weight, inverse_frequency
from affect_jax.losses.continuous import SetMoments
from affect_jax.losses.distillation import soft_target_divergence
from affect_jax.losses.memory import empty_memory
from affect_jax.losses.mixing import log_variance_of_equal_shares, plain_mean, shake, uncertainty_weighted
from affect_jax.losses.reduce import weighted_mean
from affect_jax.tasks.continuous import continuous_terms
from affect_jax.tasks.labels import label_of
from affect_jax.tasks.landmarks import LandmarksConfig, mean_heatmap_error
from affect_jax.tasks.recipe import CLASS_WEIGHT_RULES, AffectConfig
from affect_jax.types import Batch, Predictions, TaskVariables

MIXED = ("loss/mse", "loss/rmse", "loss/pcc", "loss/ccc")  # what shares a weight of 1; all else stands outside


@dataclasses.dataclass(frozen=True)
class Affect:
    """Cross-entropy plus a mixture of squared error, 1 - PCC and 1 - CCC; divergence from a teacher; landmarks.

    Each regression term is a mean over valence and arousal, and the correlations are those of the whole global batch,
    of that and earlier ones, or of its clips; every labeled frame counts. Source: loss of Toisoul et al., Nature
    Machine Intelligence 3, 2021, with the squared error in place of its root where not told otherwise; landmarks
    beside emotions are ours.
    """

    quantities = ("valence_arousal", "emotion")  # that it is scored by, where the network predicts them

    config: AffectConfig
    class_weights: tuple[float, ...] = ()  # in the order of the label set; () = all 1

    def fitted(self, frequency: Float[np.ndarray, "emotion"], emotions: Sequence[str]) -> "Affect":
        """The task with the class weights for training data in which `emotions` come with these frequencies.

        ValueError names the emotions without an example, and numbers that do not fit the label set.
        """
        rule, weights = self.config.class_weight_rule, self.config.class_weights
        if weights and len(weights) != len(emotions):
            raise ValueError(
                f"task.class_weights holds {len(weights)} numbers; the label set has {len(emotions)} emotions: "
                f"{', '.join(emotions)}"
            )
        if rule:
            if absent := [name for name, share in zip(emotions, frequency, strict=True) if not share > 0]:
                raise ValueError(
                    f"task.class_weight_rule is '{rule}', but the training data hold no example of "
                    f"{', '.join(absent)}; take a label set without it, add data, or set task.class_weights instead"
                )
            weights = tuple(inverse_frequency(frequency, CLASS_WEIGHT_RULES[rule]).tolist())
        return dataclasses.replace(self, class_weights=weights)

    def require(self, predicts: Sequence[str], frames: int) -> None:
        """ValueError where a term needs a prediction that the network lacks, or longer clips; `frames` 0: images."""
        if self.config.landmark_weight and "landmarks" not in predicts:
            raise ValueError(
                "task.landmark_weight needs a network that predicts heatmaps, and this one predicts "
                f"{', '.join(predicts)} only (networks over time give none): set it to 0"
            )
        if frames < self.config.least_frames:
            raise ValueError(
                f"{' and '.join(self.config.clip_terms)} takes clips of {self.config.least_frames} frames or more, but "
                f"data.frames is {frames}: set data.frames and a network of clips, or take its default"
            )

    def initial(self) -> TaskVariables:
        """Log variances of a learned mixture, at equal shares, and an empty memory of batches."""
        parameters, memory = {}, None
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
        taught: Predictions | None = None,
    ) -> tuple[dict[str, Float[Array, ""]], SetMoments | None]:
        """The loss terms of each head that the network has, and the memory with this batch in it.

        A term without a label is 0 and moves nothing. What a teacher says needs no label.
        """
        terms = {}
        if "emotion" in predictions:
            terms["loss/emotion"] = self._emotion(predictions["emotion"], batch)
        if taught is not None:
            logits = (predictions["emotion"], taught["emotion"])
            divergence = soft_target_divergence(*logits, batch.weight, self.config.teacher_temperature)
            terms["loss/teacher"] = weighted_mean(divergence, batch.weight)
        if self.config.landmark_weight and "landmarks" in predictions:
            terms["loss/heatmaps"] = mean_heatmap_error(predictions["landmarks"], batch, LandmarksConfig().sigma_px)
        if "valence_arousal" in predictions:
            predicted = predictions["valence_arousal"]
            label, weight = label_of("valence_arousal", batch, predicted.shape)
            found, memory = continuous_terms(predicted, label, weight, self.config, memory)
            terms |= found
        return terms, memory

    def _emotion(self, logits: Array, batch: Batch) -> Array:
        label, weight = label_of("emotion", batch, logits.shape)
        entropy = cross_entropy(logits, label, weight, self.config.label_smoothing)
        if self.class_weights:
            weight = expected_weight(label, jnp.asarray(self.class_weights, jnp.float32), weight)
        return weighted_mean(entropy, weight)

    def combine(
        self, terms: dict[str, Float[Array, ""]], parameters: Mapping[str, Array], key: PRNGKeyArray | None
    ) -> Float[Array, ""]:
        """One loss; `key` None gives terms that are mixed at random equal shares."""
        weights = {
            "loss/emotion": self.config.emotion_weight,
            "loss/teacher": self.config.teacher_weight,
            "loss/heatmaps": self.config.landmark_weight,
            "loss/smoothness": self.config.smoothness_weight,
        }
        total = sum((weight * terms[name] for name, weight in weights.items() if name in terms), jnp.float32(0))
        mixed = {name: terms[name] for name in MIXED if name in terms}
        if not mixed:
            return total
        if self.config.mixing == "learned":
            return total + uncertainty_weighted(
                mixed, {name: parameters[name.replace("loss", "log_variance")] for name in mixed}
            )
        return total + (plain_mean(mixed) if self.config.mixing == "fixed" or key is None else shake(mixed, key))
