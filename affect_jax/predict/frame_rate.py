"""Videos of another frame rate than the clips that a network was trained on."""

import dataclasses
from fractions import Fraction
from typing import Any

from affect_jax.predict.predictor import Predictor

TOLERANCE = 0.1  # by which the frame rates may differ without a warning


@dataclasses.dataclass(frozen=True)
class FrameRate:
    """The one rule: a clip network sees every n-th frame, with the n that brings the rate closest to that of training.

    As in evaluation, the frames in between form clips of their own, so that each frame has its values.
    """

    video: float  # frames per second
    training: float | None  # None if it is not known, or if the network sees single frames
    stride: int  # between the frames of a clip

    @classmethod
    def choose(cls, predictor: Predictor, rate: Fraction) -> "FrameRate":
        """The stride for a video."""
        training = predictor.trained_fps if predictor.frames is not None else None
        times = 1 if training is None else max(1, round(float(rate) / training))
        return cls(float(rate), training, times * predictor.every)

    def apply(self, predictor: Predictor) -> Predictor:
        """The network with this stride."""
        return dataclasses.replace(predictor, every=self.stride)

    def warning(self, predictor: Predictor) -> str:
        """A sentence if the rates differ although frames are left out; "" otherwise."""
        if self.training is None:
            return ""
        seen = self.video * predictor.every / self.stride
        if abs(seen / self.training - 1) <= TOLERANCE:
            return ""
        return (
            f"the network was trained on clips of {self.training:g} frames/s, and sees {seen:.4g} frames/s of this "
            f"video of {self.video:.4g} frames/s: movements look {'slower' if seen > self.training else 'faster'} to it"
        )

    def facts(self) -> dict[str, Any]:
        """What stands beside the table."""
        return {"frames_per_second": self.video, "trained_frames_per_second": self.training, "stride": self.stride}
