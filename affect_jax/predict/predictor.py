"""A trained network as a function of cropped faces, with the parameters of its crop."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from affect_jax.ops.geometry import CropConfig
from affect_jax.ops.image_checks import check_crops
from affect_jax.quantities.registry import in_order
from affect_jax.types import Predictions

Values = dict[str, np.ndarray]  # reported values by quantity, float32; NaN if the network does not predict it


@dataclasses.dataclass(frozen=True)
class Predictor:
    """Everything that prediction needs to know about a network."""

    function: Callable[[np.ndarray], Predictions]  # RGB in [0, 1]: [batch, px, px, 3], or [1, frames, px, px, 3]
    crop_px: int
    batch: int  # images per call of a static network
    frames: int | None  # window length of a clip network; None for a static one
    quantities: tuple[str, ...]  # to report
    label_set: str  # of emotions
    crop: CropConfig  # around landmarks
    flip_averaged: tuple[str, ...] = ()  # quantities that are averaged over the image and its mirror image
    name: str = ""
    follower: Callable[[int], Callable[[np.ndarray], Predictions]] | None = None  # for a causal clip network: given a
    # number of faces, returns a stateful function of their next frame [faces, 1, px, px, 3]
    trained_fps: float | None = None  # frame rate of the recordings it was trained on; None if not known
    every: int = 1  # stride between the frames of a clip, in frames of the recording, as in training

    def values(self, images: Float[np.ndarray, "*lead height width 3"]) -> Values:
        """The reported values for each image; ValueError if an output of the network is not finite.

        ValueError as well if the images are of another size, dtype, layout or range than the network takes.
        """
        check_crops(images, self.crop_px, over_time=self.frames is not None)
        outputs = self.function(images)
        mirrored = None
        if self.flip_averaged:
            mirrored = self.function(np.ascontiguousarray(images[..., ::-1, :]))
        return self._report(outputs, mirrored, images.shape[:-3])

    def following(self) -> Callable[[Float[np.ndarray, "height width 3"]], Values]:
        """Starts a recording: returns a function of its next frame that reports values as `values` does."""
        predict_next = self.follower(2 if self.flip_averaged else 1)

        def step(image: Float[np.ndarray, "height width 3"]) -> Values:
            frames = np.stack([image, image[:, ::-1]]) if self.flip_averaged else image[None]
            outputs = {name: np.asarray(output) for name, output in predict_next(frames[:, None]).items()}
            original = {name: output[0, 0] for name, output in outputs.items()}
            mirrored = None
            if self.flip_averaged:
                mirrored = {name: output[1, 0] for name, output in outputs.items()}
            return self._report(original, mirrored, ())

        return step

    def _report(self, outputs: Mapping, mirrored: Mapping | None, lead: tuple[int, ...]) -> Values:
        """Averages over the mirror image, if any, in float64, and then reports as in evaluation."""
        values = {}
        for each in in_order(self.quantities):
            shape = (*lead, *each.label_shape(self.label_set))
            if each.name not in outputs:
                values[each.name] = np.full(shape, np.nan, np.float32)
                continue
            output = self._check_finite(each.name, outputs[each.name])
            if mirrored is not None and each.name in self.flip_averaged:
                output = each.average_mirrored(output, self._check_finite(each.name, mirrored[each.name]))
            value = np.asarray(each.report(output, self.crop_px), np.float32)
            if value.shape != shape:
                raise ValueError(
                    f"network '{self.name}' predicted {each.name} of shape {value.shape}, expected {shape}"
                )
            values[each.name] = value
        return values

    def _check_finite(self, quantity: str, output: object) -> np.ndarray:
        array = np.asarray(output, np.float64)
        if not np.isfinite(array).all():
            raise ValueError(f"network '{self.name}' predicted {quantity} that is not finite; its training diverged")
        return array
