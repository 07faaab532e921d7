"""Quantiles of the parts against NumPy."""

import numpy as np
import pytest

from affect_jax.predict.live.latency import RECENT_FRAMES, Latencies, describe


def test_quantiles_of_recent_frames_and_of_the_session_are_those_of_numpy(clock):
    rng = np.random.default_rng(0)
    seconds = rng.gamma(2.0, 0.01, (RECENT_FRAMES + 70, 2))
    latencies = Latencies(clock)
    for face, network in seconds:
        with latencies.part("face"):
            clock.time += face
        with latencies.part("network"):  # twice in a frame, as with two faces
            clock.time += network / 2
        with latencies.part("network"):
            clock.time += network / 2
        latencies.finish()
    for found, expected in ((latencies.all(), seconds), (latencies.recent(), seconds[-RECENT_FRAMES:])):
        np.testing.assert_allclose(found["face"], 1e3 * np.quantile(expected[:, 0], [0.5, 0.95]), rtol=1e-5)
        np.testing.assert_allclose(found["network"], 1e3 * np.quantile(expected[:, 1], [0.5, 0.95]), rtol=1e-5)


def test_the_total_comes_last_whenever_a_part_was_first_measured(clock):
    latencies = Latencies(clock)
    for parts in (("face", "total"), ("face", "page", "total")):
        for part in parts:
            latencies.add(part, 0.01)
        latencies.finish()
    assert list(latencies.all()) == ["face", "page", "total"]


def test_an_error_inside_a_part_is_not_swallowed(clock):
    with pytest.raises(KeyError), Latencies(clock).part("face"):
        raise KeyError


def test_the_line_of_the_terminal():
    assert describe({"face": (8.14, 9.9), "total": (15.0, 118.96)}) == "face 8.1/9.9 total 15.0/119.0 ms"
