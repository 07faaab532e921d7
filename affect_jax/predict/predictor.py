"""A trained network as a function of cropped faces, with the numbers of its crop."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from affect_jax.quantities.registry import in_order
from affect_jax.types import Predictions

Values = dict[str, np.ndarray]  # reported values by quantity, float32; nan for a head that the network lacks


@dataclasses.dataclass(frozen=True)
class Predictor:
    """What prediction needs to know of a network."""

    function: Callable[[np.ndarray], Predictions]  # RGB in [0, 1]: [batch, px, px, 3], or [1, frames, px, px, 3]
    crop_px: int
    batch: int  # number of images at each call of a static network
    frames: int | None  # window length of a clip network; None for a static one
    quantities: tuple[str, ...]  # that are reported
    label_set: str  # of emotions
    side_ratio: float  # side of the crop over the mean of width and height of the landmarks' box
    flip_average: bool = False  # over image and mirror image, for the quantities that are (`mirrored`)
    name: str = ""
    follower: Callable[[int], Callable[[np.ndarray], Predictions]] | None = None  # of a causal clip network: for a
    # number of faces, a function of their next frame [faces, 1, px, px, 3] that remembers those before
    every: int = 1  # frames of a recording from one frame of a clip to the next, as in training

    def values(self, images: Float[np.ndarray, "*lead height width 3"]) -> Values:
        """The reported values of each image; ValueError where the network emits a number that is not finite."""
        outputs = self.function(images)
        mirrored = None
        if self.flip_average:
            mirrored = self.function(np.ascontiguousarray(images[..., ::-1, :]))
        return self._report(outputs, mirrored, images.shape[:-3])

    def following(self) -> Callable[[Float[np.ndarray, "height width 3"]], Values]:
        """A function of the next frame of a recording that begins, which reports its values as `values` does."""
        see = self.follower(2 if self.flip_average else 1)

        def step(image: Float[np.ndarray, "height width 3"]) -> Values:
            frames = np.stack([image, image[:, ::-1]]) if self.flip_average else image[None]
            outputs = see(frames[:, None])
            faces = [
                {name: np.asarray(output)[face, 0] for name, output in outputs.items()} for face in range(len(frames))
            ]
            return self._report(faces[0], faces[1] if self.flip_average else None, ())

        return step

    def _report(self, outputs: Mapping, mirrored: Mapping | None, lead: tuple[int, ...]) -> Values:
        """Averaged over the mirror image, if any, in float64, and then reported as in evaluation."""
        values = {}
        for each in in_order(self.quantities):
            shape = (*lead, *each.label_shape(self.label_set))
            if each.name not in outputs:
                values[each.name] = np.full(shape, np.nan, np.float32)
                continue
            output = self._finite(each.name, outputs[each.name])
            if mirrored is not None and each.mirrored:
                output = each.average_mirrored(output, self._finite(each.name, mirrored[each.name]))
            value = np.asarray(each.report(output, self.crop_px), np.float32)
            if value.shape != shape:
                raise ValueError(f"network '{self.name}' gave {each.name} of shape {value.shape}, expected {shape}")
            values[each.name] = value
        return values

    def _finite(self, quantity: str, output: object) -> np.ndarray:
        array = np.asarray(output, np.float64)
        if not np.isfinite(array).all():
            raise ValueError(f"network '{self.name}' gave {quantity} that is not finite; its training has diverged")
        return array
