"""A trained network as a function of cropped faces, with the numbers of its crop."""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from affect_jax.types import AROUSAL, VALENCE, Predictions

AFFECT = 2  # valence and arousal come first in `values`, then one probability per emotion


@dataclasses.dataclass(frozen=True)
class Predictor:
    """What prediction needs to know of a network."""

    function: Callable[[np.ndarray], Predictions]  # RGB in [0, 1]: [batch, px, px, 3], or [1, frames, px, px, 3]
    crop_px: int
    batch: int  # number of images at each call of a static network
    frames: int | None  # window length of a clip network; None for a static one
    emotions: tuple[str, ...]
    side_ratio: float  # side of the crop over the mean of width and height of the landmarks' box
    flip_average: bool = False  # valence and arousal averaged over image and mirror; the emotion is of the image
    name: str = ""

    def values(self, images: Float[np.ndarray, "*lead height width 3"]) -> Float[np.ndarray, "*lead value"]:
        """Valence, arousal and the probability of each emotion; nan for a head the network lacks.

        Valence and arousal are clipped to [-1, 1] after averaging. Raises ValueError where the network itself gives
        a number that is not finite.
        """
        values = self._once(images)
        if self.flip_average:
            mirrored = self._once(np.ascontiguousarray(images[..., ::-1, :]))
            values[..., :AFFECT] = (values[..., :AFFECT] + mirrored[..., :AFFECT]) / 2
        values[..., VALENCE : AROUSAL + 1] = np.clip(values[..., VALENCE : AROUSAL + 1], -1, 1)
        return values

    def _once(self, images: Float[np.ndarray, "*lead height width 3"]) -> Float[np.ndarray, "*lead value"]:
        predictions = self.function(images)
        lead = images.shape[:-3]
        values = np.full((*lead, AFFECT + len(self.emotions)), np.nan, np.float32)
        if predictions.valence_arousal is not None:
            values[..., :AFFECT] = self._checked("valence_arousal", predictions.valence_arousal, (*lead, AFFECT))
        if predictions.emotion_logits is not None:
            shape = (*lead, len(self.emotions))
            logits = self._checked("emotion_logits", predictions.emotion_logits, shape)
            weights = np.exp(logits - logits.max(-1, keepdims=True))
            values[..., AFFECT:] = weights / weights.sum(-1, keepdims=True)
        return values

    def _checked(self, head: str, output: object, shape: tuple[int, ...]) -> np.ndarray:
        array = np.asarray(output, np.float32)
        if array.shape != shape:
            raise ValueError(f"network '{self.name}' gave {head} of shape {array.shape}, expected {shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"network '{self.name}' gave a {head} that is not finite; its training has diverged")
        return array
