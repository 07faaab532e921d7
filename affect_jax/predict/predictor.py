"""A trained network as a function of cropped faces, with the numbers of its crop."""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE
from affect_jax.types import Predictions

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
    follower: Callable[[int], Callable[[np.ndarray], Predictions]] | None = None  # of a causal clip network: for a
    # number of faces, a function of their next frame [faces, 1, px, px, 3] that remembers those before
    every: int = 1  # frames of a recording from one frame of a clip to the next, as in training

    def values(self, images: Float[np.ndarray, "*lead height width 3"]) -> Float[np.ndarray, "*lead value"]:
        """Valence, arousal and the probability of each emotion; nan for a head the network lacks.

        Valence and arousal are clipped to [-1, 1] after averaging. Raises ValueError where the network itself gives
        a number that is not finite.
        """
        values = self._read(self.function(images), images.shape[:-3])
        mirrored = None
        if self.flip_average:
            mirrored = self._read(self.function(np.ascontiguousarray(images[..., ::-1, :])), images.shape[:-3])
        return _finished(values, mirrored)

    def following(self) -> Callable[[Float[np.ndarray, "height width 3"]], Float[np.ndarray, "value"]]:
        """A function of the next frame of a recording that begins, which gives its values as `values` does."""
        see = self.follower(2 if self.flip_average else 1)

        def step(image: Float[np.ndarray, "height width 3"]) -> Float[np.ndarray, "value"]:
            frames = np.stack([image, image[:, ::-1]]) if self.flip_average else image[None]
            values = self._read(see(frames[:, None]), (len(frames), 1))[:, 0]
            return _finished(values[0], values[1] if self.flip_average else None)

        return step

    def _read(self, predictions: Predictions, lead: tuple[int, ...]) -> Float[np.ndarray, "*lead value"]:
        values = np.full((*lead, AFFECT + len(self.emotions)), np.nan, np.float32)
        if "valence_arousal" in predictions:
            values[..., :AFFECT] = self._checked("valence_arousal", predictions["valence_arousal"], (*lead, AFFECT))
        if "emotion" in predictions:
            shape = (*lead, len(self.emotions))
            logits = self._checked("emotion", predictions["emotion"], shape)
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


def _finished(
    values: Float[np.ndarray, "*lead value"], mirrored: Float[np.ndarray, "*lead value"] | None
) -> Float[np.ndarray, "*lead value"]:
    """Valence and arousal averaged with those of the mirror, if any, then clipped."""
    if mirrored is not None:
        values[..., :AFFECT] = (values[..., :AFFECT] + mirrored[..., :AFFECT]) / 2
    values[..., VALENCE : AROUSAL + 1] = np.clip(values[..., VALENCE : AROUSAL + 1], -1, 1)
    return values
