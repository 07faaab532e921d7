"""What a network gets of one face of one frame."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.ops.geometry import crop_matrix, landmark_crop
from affect_jax.ops.image import warp_image
from affect_jax.personal.adapter import Adapter
from affect_jax.predict.predictor import Predictor, Values


class View(NamedTuple):
    """A face in the whole image of its frame, for crops that depend on the other frames of a window."""

    image: UInt8[np.ndarray, "height width 3"]
    landmarks: Float[np.ndarray, "68 2"]


class Input(NamedTuple):
    """A crop, the adapter of the person that it shows, and the values that an earlier run computed for it."""

    crop: UInt8[np.ndarray, "size_px size_px 3"]
    adapter: Adapter | None = None  # always the same in a memory, which is of one face
    known: Values | None = None
    view: View | None = None  # only if the network crops all frames of a window alike


def to_float(inputs: Sequence[Input]) -> Float[np.ndarray, "count size_px size_px 3"]:
    """The crops, stacked and scaled to [0, 1]."""
    return np.stack([each.crop for each in inputs]).astype(np.float32) / np.float32(255)


def window_to_float(inputs: Sequence[Input], predictor: Predictor) -> Float[np.ndarray, "count size_px size_px 3"]:
    """The crops of a window, stacked and scaled to [0, 1]; if they have views, around the landmarks of all frames."""
    if any(each.view is None for each in inputs):
        return to_float(inputs)
    points = np.concatenate([each.view.landmarks for each in inputs])
    region = landmark_crop(points, predictor.crop)
    matrix = crop_matrix(region, predictor.crop_px)
    # A frame that is repeated is cropped once.
    views = {id(each.view): each.view for each in inputs}
    crops = {key: warp_image(view.image, matrix, predictor.crop_px, region.warp) for key, view in views.items()}
    return to_float([each._replace(crop=crops[id(each.view)]) for each in inputs])


def adapters_of(inputs: Sequence[Input]) -> list[Adapter | None]:
    """The adapter of each crop."""
    return [each.adapter for each in inputs]
