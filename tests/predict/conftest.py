"""Small videos with known pixels and time stamps, and networks whose outputs can be computed by hand."""

from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import pytest

from affect_jax.emotions import LABEL_SETS
from affect_jax.ops.geometry import CropConfig
from affect_jax.predict.predictor import Predictor
from affect_jax.types import Predictions

EMOTIONS = ("neutral", "happy", "sad")


def brightness(images: np.ndarray) -> Predictions:
    """Valence: brightness 0..1 of the left half; arousal: minus that of the right half; logits of both."""
    middle = images.shape[-2] // 2
    left, right = images[..., :middle, :].mean((-3, -2, -1)), images[..., middle:, :].mean((-3, -2, -1))
    logits = np.stack([left * 0, left * 4, right * 4], axis=-1)
    return Predictions(valence_arousal=np.stack([left, -right], axis=-1), emotion=logits)


@pytest.fixture(autouse=True)
def label_set(monkeypatch):
    monkeypatch.setitem(LABEL_SETS, "tiny_3", EMOTIONS)


@pytest.fixture
def make_predictor() -> Callable[..., Predictor]:
    """A predictor of brightness; keywords replace its fields."""

    def make(**fields) -> Predictor:
        defaults = dict(function=brightness, crop_px=16, batch=4, frames=None, crop=CropConfig())
        defaults |= dict(quantities=("valence_arousal", "emotion"), label_set="tiny_3")
        return Predictor(**{**defaults, "name": "brightness@7", **fields})

    return make


@pytest.fixture
def write_video() -> Callable[..., None]:
    """Writes gray frames of the given levels at the given ticks of 1/90000 s."""

    def write(path, levels, ticks, width=32, height=32) -> None:
        with av.open(f"file:{path}", "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=30, options={"crf": "1", "preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.time_base = Fraction(1, 90000)
            for level, tick in zip(levels, ticks, strict=True):
                image = np.full((height, width, 3), level, np.uint8)
                image[: height // 2, : width // 2] = 255  # a bright corner, upper left, to tell which way is up
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = tick, Fraction(1, 90000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())

    return write
