"""A trained network as a function of cropped faces, with the parameters of its crop."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.ops.geometry import CropConfig
from affect_jax.ops.image_checks import check_crops
from affect_jax.personal.adapter import Adapter
from affect_jax.personal.outputs import adapted_quantities, answer, count_outputs
from affect_jax.personal.rows import apply_by_row
from affect_jax.quantities.registry import in_order
from affect_jax.types import Predictions

Values = dict[str, np.ndarray]  # reported values by quantity, float32; NaN if the network does not predict it
Function = Callable[[np.ndarray], Predictions]  # of RGB in [0, 1]: [batch, px, px, 3], or [clip, frames, px, px, 3]
Follower = Callable[[int], Function]  # for a causal clip network: given a number of faces, returns a stateful function
# of their next frame [faces, 1, px, px, 3]
FEATURES = "features"  # by which adapters change outputs


@dataclasses.dataclass(frozen=True)
class Featured:
    """The network once more, with its pooled features among its outputs: what adapters are applied to.

    It is a program of its own, so that faces without an adapter keep the bits of the one without features.
    """

    function: Function
    network_sha256: str  # digest of its weights, to which adapters belong
    follower: Follower | None = None


@dataclasses.dataclass(frozen=True)
class Predictor:
    """Everything that prediction needs to know about a network."""

    function: Function
    crop_px: int
    batch: int  # images per call of a static network, windows per call of one of the newest frame
    frames: int | None  # window length of a clip network; None for a static one
    quantities: tuple[str, ...]  # to report
    label_set: str  # of emotions
    crop: CropConfig  # around landmarks
    flip_averaged: tuple[str, ...] = ()  # quantities that are averaged over the image and its mirror image
    name: str = ""
    network_sha256: str = ""  # digest of its weights; "" for a function that is no network
    follower: Follower | None = None  # for a causal clip network
    trained_fps: float | None = None  # frame rate of the recordings it was trained on; None if not known
    every: int = 1  # stride between the frames of a clip, in frames of the recording, as in training
    featured: Featured | None = None  # needed for adapters only
    newest: bool = False  # whether a clip network predicts the newest frame of a window only

    def values(
        self, images: Float[np.ndarray, "*lead height width 3"], adapters: Sequence[Adapter | None] = ()
    ) -> Values:
        """The reported values for each image; ValueError if an output of the network is not finite.

        ValueError as well if the images are of another size, dtype, layout or range than the network takes. `adapters`
        has an entry for each image, in their order, or none at all.
        """
        check_crops(images, self.crop_px, over_time=self.frames is not None)
        lead = images.shape[:-3]
        adapted = np.array([adapter is not None for adapter in adapters], bool)
        if not adapted.any():
            return self._values(self.function, images, lambda outputs: outputs)
        unused = next(adapter for adapter in adapters if adapter is not None)  # of rows that are not reported
        everywhere = [adapter or unused for adapter in adapters]
        values = self._values(self.featured.function, images, lambda outputs: _adapt(outputs, everywhere))
        if adapted.all():
            return values
        plain = self.values(images)
        own = adapted.reshape(lead)
        choose = lambda mine, other: np.where(own.reshape(own.shape + (1,) * (mine.ndim - own.ndim)), mine, other)
        return {name: choose(value, plain[name]) for name, value in values.items()}

    def _values(self, function: Function, images: np.ndarray, change: Callable[[Mapping], Mapping]) -> Values:
        """Runs a function on images and, if they are averaged over, on mirror images; reports the changed outputs."""
        outputs = change(function(images))
        mirrored = None
        if self.flip_averaged:
            mirrored = change(function(np.ascontiguousarray(images[..., ::-1, :])))
        return self._report(outputs, mirrored, images.shape[:-3])

    def following(self, adapter: Adapter | None = None) -> Callable[[Float[np.ndarray, "height width 3"]], Values]:
        """Starts a recording: returns a function of its next frame that reports values as `values` does."""
        faces = 2 if self.flip_averaged else 1
        predict_next = (self.follower if adapter is None else self.featured.follower)(faces)

        def step(image: Float[np.ndarray, "height width 3"]) -> Values:
            frames = np.stack([image, image[:, ::-1]]) if self.flip_averaged else image[None]
            predicted = predict_next(frames[:, None])
            if adapter is not None:
                predicted = _adapt(predicted, [adapter] * faces)
            outputs = {name: np.asarray(output) for name, output in predicted.items()}
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


def _adapt(outputs: Mapping, adapters: Sequence[Adapter]) -> dict:
    """Raw outputs with those that are adapted after the adapter of each row; adapted intensities are in tenths."""
    names = adapted_quantities(outputs)
    raw = np.concatenate([np.asarray(outputs[name]) for name in names], axis=-1)
    output, features = np.asarray(answer(raw, raw.shape[-1] // count_outputs(names))), np.asarray(outputs[FEATURES])
    rows = apply_by_row(adapters, features.reshape(-1, features.shape[-1]), output.reshape(-1, output.shape[-1]))
    parts = np.split(rows.reshape(output.shape), len(names), axis=-1)
    return {**outputs, **dict(zip(names, parts, strict=True))}
