"""What the loss of valence, arousal and emotion is made of: the options of the affect task."""

import dataclasses

from affect_jax.losses.clips import LEAST_FRAMES

MIXINGS = ("shake", "fixed", "learned")
REGRESSIONS = ("mse", "rmse")
SETS = ("batch", "clip", "both")
CLASS_WEIGHT_RULES = {"inverse": 1.0, "inverse_sqrt": 0.5}  # powers of the frequency


@dataclasses.dataclass(frozen=True)
class AffectConfig:
    """Which loss terms there are, and how they are weighed."""

    emotion_weight: float = 1.0  # of the cross-entropy; the terms of valence and arousal share 1
    mixing: str = "shake"  # of those: shake (shares drawn anew each step) | fixed (thirds) | learned (Kendall 2018)
    regression: str = "mse"  # mse | rmse (of valence and of arousal, then averaged)
    ccc_memory: int = 0  # earlier batches that PCC and CCC are taken over, besides the present one
    ccc_over: str = "batch"  # of PCC and CCC: batch (all frames together) | clip (of each, then averaged) | both (mean)
    smoothness_weight: float = 0.0  # of the squared change of valence and arousal from a frame to the next (in squared
    # units of the label: 0.001 for the truth of rendered faces at 12.5 fps); clips only; tens to hundreds make it count
    label_smoothing: float = 0.0  # share of a label that goes to all emotions alike
    class_weights: tuple[float, ...] = ()  # of the cross-entropy, in the order of the label set; () = all 1
    class_weight_rule: str = ""  # in place of them: inverse | inverse_sqrt, of how often an emotion is drawn
    landmark_weight: float = 0.0  # of the heatmaps' mean squared error (about 0.001), so that a trunk that is trained
    # with the head keeps its landmarks; some hundreds make it count
    teacher: str = ""  # workdir of a trained network whose emotions are learned too; "" = none
    teacher_weight: float = 0.3  # of the divergence from the teacher
    teacher_temperature: float = 1.0  # by which both networks' logits are divided for it

    def __post_init__(self):
        for name, known in (("mixing", MIXINGS), ("regression", REGRESSIONS), ("ccc_over", SETS)):
            if getattr(self, name) not in known:
                raise ValueError(f"task.{name} is '{getattr(self, name)}'; choose one of {', '.join(sorted(known))}")
        for name in ("emotion_weight", "landmark_weight", "teacher_weight", "ccc_memory", "smoothness_weight"):
            if getattr(self, name) < 0:
                raise ValueError(f"task.{name} is {getattr(self, name)}; it must not be negative")
        if self.ccc_memory and self.ccc_over == "clip":
            raise ValueError(
                f"task.ccc_memory is {self.ccc_memory} but task.ccc_over is 'clip': what is remembered are batches; "
                "set ccc_memory to 0, or ccc_over to batch or both"
            )
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"task.label_smoothing is {self.label_smoothing}; it must be at least 0 and below 1")
        if not self.teacher_temperature > 0:
            raise ValueError(f"task.teacher_temperature is {self.teacher_temperature}; it must be above 0")
        self._check_class_weights()

    @property
    def clip_terms(self) -> tuple[str, ...]:
        """The options, with their values, that only clips can serve."""
        found = (f"task.ccc_over '{self.ccc_over}'",) if self.ccc_over != "batch" else ()
        return found + ((f"task.smoothness_weight {self.smoothness_weight:g}",) if self.smoothness_weight else ())

    @property
    def least_frames(self) -> int:
        """Frames that a clip must have for these terms; 0 where photographs serve as well."""
        return LEAST_FRAMES if self.ccc_over != "batch" else 2 if self.smoothness_weight else 0

    def _check_class_weights(self) -> None:
        rule, weights = self.class_weight_rule, self.class_weights
        if rule not in ("", *CLASS_WEIGHT_RULES):
            raise ValueError(f"task.class_weight_rule is '{rule}'; choose {', '.join(CLASS_WEIGHT_RULES)} or ''")
        if rule and weights:
            raise ValueError(f"task.class_weights is {weights} and task.class_weight_rule '{rule}'; set one of the two")
        if weights and not (min(weights) >= 0 and 0 < sum(weights) < float("inf")):
            raise ValueError(
                f"task.class_weights is {weights}; expected () or one number for each emotion of the label set, none "
                "of them negative and at least one above 0"
            )
