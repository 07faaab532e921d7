"""Videos of another frame rate than the training clips."""

import json
import logging
from fractions import Fraction

import numpy as np
import pytest

from affect_jax.predict.files import predict_file
from affect_jax.predict.frame_rate import FrameRate
from affect_jax.predict.options import Options
from affect_jax.types import Predictions


@pytest.mark.parametrize(
    ("video", "trained", "every", "stride", "warned"),
    [
        (25, 25.0, 1, 1, False),
        (Fraction(24000, 1001), 25.0, 1, 1, False),  # 4 % slower
        (25, 12.5, 1, 2, False),
        (50, 25.0, 2, 4, False),
        (60, 12.5, 1, 5, False),  # 12 frames/s
        (30, 12.5, 1, 2, True),  # 15 frames/s
        (15, 25.0, 1, 1, True),  # frames cannot be added
        (15, None, 3, 3, False),
    ],
)
def test_frames_are_left_out_until_the_rate_is_that_of_training(make_predictor, video, trained, every, stride, warned):
    network = make_predictor(frames=4, every=every, trained_fps=trained)
    rate = FrameRate.choose(network, Fraction(video))
    assert rate.stride == rate.apply(network).every == stride
    assert bool(rate.warning(network)) == warned


def test_a_static_network_sees_every_frame(make_predictor):
    rate = FrameRate.choose(make_predictor(trained_fps=12.5), Fraction(50))
    assert (rate.stride, rate.training) == (1, None) and not rate.warning(make_predictor())


def test_the_warning_has_both_numbers(make_predictor):
    network = make_predictor(frames=4, trained_fps=12.5)
    assert FrameRate.choose(network, Fraction(30)).warning(network) == (
        "the network was trained on clips of 12.5 frames/s, and sees 15 frames/s of this video of 30 frames/s: "
        "movements look slower to it"
    )


def test_a_video_is_thinned_end_to_end_and_the_schema_says_so(make_predictor, write_video, tmp_path, caplog):
    levels = np.random.default_rng(0).integers(0, 256, 12)
    write_video(tmp_path / "film.mp4", levels, [3000 * frame for frame in range(12)])  # 30 frames/s
    seen = []

    def function(clips):
        seen.append(clips[0, :, -1, -1, 0])
        return Predictions(valence_arousal=np.zeros((1, 3, 2), np.float32))

    network = make_predictor(function=function, frames=3, trained_fps=14.0)
    with caplog.at_level(logging.WARNING):
        predict_file(network, tmp_path / "film.mp4", tmp_path, None, Options())
    assert not caplog.messages
    np.testing.assert_allclose(seen[0], levels[[0, 2, 4]] / 255, atol=0.02)
    recording = json.loads((tmp_path / "film.schema.json").read_text())["recording"]
    assert recording["stride"] == 2 and recording["trained_frames_per_second"] == 14.0
    assert recording["frames_per_second"] == pytest.approx(30)
