"""Valence, arousal and emotion of action units, against numbers worked by hand."""

import math

import numpy as np
import pytest

from affect_jax import emotions
from affect_jax.data.render import affect


def units(strengths: dict[int, float]) -> np.ndarray:
    array = np.zeros(len(affect.ACTION_UNITS))
    for unit, strength in strengths.items():
        array[affect.UNIT[unit]] = strength
    return array


def test_rest_is_neutral():
    np.testing.assert_array_equal(affect.valence_arousal(units({})), [0, 0])
    assert affect.emotion(units({}))[0] == 0


def test_hand_worked_smile():
    # 0.5 * 0.95 + 0.25 * 0.50 = 0.6 and 0.5 * 0.20 + 0.25 * 0.40 = 0.20
    expected = [math.tanh(0.6), math.tanh(0.20)]
    np.testing.assert_allclose(affect.valence_arousal(units({6: 0.5, 12: 0.5})), expected, rtol=1e-12)


@pytest.mark.parametrize("name", affect.PROTOTYPES)
def test_prototype_has_its_label_and_intensity(name):
    prototype = units(dict.fromkeys(affect.PROTOTYPES[name], 0.7))
    label, intensity = affect.emotion(prototype)
    assert emotions.names("affectnet_8")[label] == name
    assert intensity == pytest.approx(0.7)
    assert affect.emotion(prototype * 0.2)[0] == 0


def test_prototypes_lie_in_their_quadrants():
    values = {
        name: affect.valence_arousal(units(dict.fromkeys(affect.PROTOTYPES[name], 0.8))) for name in affect.PROTOTYPES
    }
    assert values["happy"][0] > 0.6 and values["happy"][1] > 0
    assert values["sad"][0] < -0.5 and values["sad"][1] < -0.2
    assert abs(values["surprise"][0]) < 0.2 and values["surprise"][1] > 0.6
    for name in ("fear", "anger"):
        assert values[name][0] < -0.4 and values[name][1] > 0.5
    assert values["disgust"][0] < -0.5


def test_intensity_is_the_mean_of_the_set():
    label, intensity = affect.emotion(units({9: 0.9, 15: 0.6, 16: 0.3}))
    assert emotions.names("affectnet_8")[label] == "disgust"
    assert intensity == pytest.approx(0.6)


def test_frames_are_independent():
    many = np.random.default_rng(0).random((4, 5, len(affect.ACTION_UNITS)))
    np.testing.assert_allclose(affect.valence_arousal(many)[2, 3], affect.valence_arousal(many[2, 3]), rtol=1e-12)
    assert (np.abs(affect.valence_arousal(many)) < 1).all()
