"""Options of the affect task: the loss terms of valence, arousal and emotion."""

import dataclasses

MIXINGS = ("shake", "fixed", "learned")
REGRESSIONS = ("mse", "rmse")
CLASS_WEIGHT_RULES = {"inverse": 1.0, "inverse_sqrt": 0.5}  # exponent of the inverse frequency


@dataclasses.dataclass(frozen=True)
class AffectConfig:
    """Which loss terms are used, and how they are weighted."""

    emotion_weight: float = 1.0  # of the cross-entropy; the terms of valence and arousal share a weight of 1
    mixing: str = "shake"  # of the latter: shake (random shares at each step) | fixed (thirds) | learned (Kendall 2018)
    regression: str = "mse"  # mse | rmse (of valence and of arousal, then averaged)
    ccc_memory: int = 0  # number of earlier batches that PCC and CCC include besides the current one
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
        for name, known in (("mixing", MIXINGS), ("regression", REGRESSIONS)):
            if getattr(self, name) not in known:
                raise ValueError(f"task.{name} is '{getattr(self, name)}'; choose one of {', '.join(sorted(known))}")
        for name in ("emotion_weight", "landmark_weight", "teacher_weight", "ccc_memory"):
            if getattr(self, name) < 0:
                raise ValueError(f"task.{name} is {getattr(self, name)}; it must not be negative")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"task.label_smoothing is {self.label_smoothing}; it must be at least 0 and below 1")
        if not self.teacher_temperature > 0:
            raise ValueError(f"task.teacher_temperature is {self.teacher_temperature}; it must be above 0")
        self._check_class_weights()

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
