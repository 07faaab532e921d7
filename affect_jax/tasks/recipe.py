"""Options of the affect task: the loss terms of valence, arousal and emotion."""

import dataclasses
from collections.abc import Collection

from affect_jax.losses.clips import LEAST_FRAMES

MIXINGS = ("shake", "fixed", "learned")
REGRESSIONS = ("mse", "rmse")
SETS = ("batch", "clip", "both")
WEIGHTS = {  # the option that weights each term, except for those that are mixed
    "loss/emotion": "emotion_weight",
    "loss/teacher": "teacher_weight",
    "loss/heatmaps": "landmark_weight",
    "loss/smoothness": "smoothness_weight",
}
OF_QUANTITY = {  # options of the terms that learn each quantity
    "emotion": ("emotion_weight", "label_smoothing", "class_weights", "class_weight_rule"),
    "valence_arousal": ("mixing", "regression", "ccc_memory", "ccc_over", "smoothness_weight"),
    "landmarks": ("landmark_weight",),
}
CLASS_WEIGHT_RULES = {"inverse": 1.0, "inverse_sqrt": 0.5}  # exponent of the inverse frequency


@dataclasses.dataclass(frozen=True)
class AffectConfig:
    """Which loss terms are used, and how they are weighted."""

    emotion_weight: float = 1.0  # of the cross-entropy; the terms of valence and arousal share a weight of 1
    mixing: str = "shake"  # of the latter: shake (random shares at each step) | fixed (thirds) | learned (Kendall 2018)
    regression: str = "mse"  # mse | rmse (of valence and of arousal, then averaged)
    ccc_memory: int = 0  # number of earlier batches that PCC and CCC include besides the current one
    ccc_over: str = "batch"  # PCC and CCC over: batch (all frames) | clip (each clip, then averaged) | both (mean)
    # Of the squared change of valence and arousal between consecutive frames (in squared label units; 0.001 for the
    # labels of rendered faces at 12.5 fps); clips only. Takes tens to hundreds to have an effect.
    smoothness_weight: float = 0.0
    label_smoothing: float = 0.0  # share of a label that is spread evenly over all emotions
    class_weights: tuple[float, ...] = ()  # of the cross-entropy, in the order of the label set; () = all 1
    class_weight_rule: str = ""  # sets them from how often an emotion is drawn: inverse | inverse_sqrt of the frequency
    # Of the mean squared error of the heatmaps (about 0.001), so that a trunk that is trained with the head keeps its
    # landmarks. Takes hundreds to have an effect.
    landmark_weight: float = 0.0
    teacher: str = ""  # workdir of a trained network whose emotions are distilled; "" = none
    teacher_weight: float = 0.3  # of the divergence from the teacher
    teacher_temperature: float = 1.0  # divides the logits of both networks in the divergence

    def __post_init__(self):
        for name, known in (("mixing", MIXINGS), ("regression", REGRESSIONS), ("ccc_over", SETS)):
            if getattr(self, name) not in known:
                raise ValueError(f"task.{name} is '{getattr(self, name)}'; choose one of {', '.join(sorted(known))}")
        for name in (*WEIGHTS.values(), "ccc_memory"):
            if getattr(self, name) < 0:
                raise ValueError(f"task.{name} is {getattr(self, name)}; it must not be negative")
        if self.ccc_memory and self.ccc_over == "clip":
            raise ValueError(
                f"task.ccc_memory is {self.ccc_memory} but task.ccc_over is 'clip': the memory holds batches, not "
                "clips; set ccc_memory to 0, or ccc_over to batch or both"
            )
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"task.label_smoothing is {self.label_smoothing}; it must be at least 0 and below 1")
        if not self.teacher_temperature > 0:
            raise ValueError(f"task.teacher_temperature is {self.teacher_temperature}; it must be above 0")
        self._check_class_weights()

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each term that has one of its own."""
        return {term: getattr(self, option) for term, option in WEIGHTS.items()}

    @property
    def clip_terms(self) -> tuple[str, ...]:
        """The options, with their values, that need clips."""
        terms = []
        if self.ccc_over != "batch":
            terms.append(f"task.ccc_over '{self.ccc_over}'")
        if self.smoothness_weight:
            terms.append(f"task.smoothness_weight {self.smoothness_weight:g}")
        return tuple(terms)

    @property
    def least_frames(self) -> int:
        """Minimum number of frames in a clip for these terms; 0 if single images work too."""
        if self.ccc_over != "batch":
            return LEAST_FRAMES
        return 2 if self.smoothness_weight else 0

    def idle(self, predicts: Collection[str], labeled: Collection[str]) -> dict[str, str]:
        """The options without effect, with the reason.

        `predicts` are the quantities that the network predicts, `labeled` those that the training data have labels of.
        """
        found = {}
        for quantity, names in OF_QUANTITY.items():
            if quantity not in predicts:
                found |= dict.fromkeys(names, f"the network does not predict {quantity}")
            elif quantity not in labeled:
                found |= dict.fromkeys(names, f"no training example has a label of {quantity}")
        if not self.emotion_weight:
            found |= dict.fromkeys(OF_QUANTITY["emotion"][1:], "task.emotion_weight is 0")
        if not self.teacher:
            found |= dict.fromkeys(("teacher_weight", "teacher_temperature"), "there is no task.teacher")
        elif not self.teacher_weight:
            found |= dict.fromkeys(("teacher", "teacher_temperature"), "task.teacher_weight is 0")
        return found

    def _check_class_weights(self) -> None:
        rule, weights = self.class_weight_rule, self.class_weights
        if rule not in ("", *CLASS_WEIGHT_RULES):
            raise ValueError(f"task.class_weight_rule is '{rule}'; choose {', '.join(CLASS_WEIGHT_RULES)} or ''")
        if rule and weights:
            raise ValueError(f"task.class_weights is {weights} and task.class_weight_rule '{rule}'; set one of the two")
        if weights and not (min(weights) >= 0 and 0 < sum(weights) < float("inf")):
            raise ValueError(
                f"task.class_weights is {weights}; expected () or one number per emotion of the label set, none of "
                "them negative and at least one above 0"
            )
