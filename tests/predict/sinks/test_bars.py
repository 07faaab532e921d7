"""Which values have bars, and the word beside a face."""

import numpy as np

from affect_jax.draw import colors
from affect_jax.predict.sinks.bars import bar_lines, word_of

EMOTION = {"emotion": np.float32([0.1, 0.7, 0.2])}
INTENSITIES = {"intensity_sad": np.float32([10.0]), "intensity_happy": np.float32([0.04])}
AFFECT = {"valence_arousal": np.float32([0.5, -0.25])}


def test_probabilities_come_before_intensities_which_have_a_heading_and_numbers():
    lines = bar_lines(AFFECT | INTENSITIES | EMOTION, "tiny_3")
    assert [(line.name, line.number, line.bright) for line in lines] == [
        ("neutral", "", False),
        ("happy", "", True),
        ("sad", "", False),
        ("intensity, 0 to 10", "", True),
        ("happy", "0.0", True),
        ("sad", "10.0", True),
    ]
    np.testing.assert_allclose([line.share for line in lines if line.share is not None], [0.1, 0.7, 0.2, 0.004, 1])
    assert {line.color for line in lines if line.share is not None} == {colors.EMOTION.on_image}


def test_the_word_is_the_likeliest_emotion_or_else_the_strongest():
    assert word_of(AFFECT | INTENSITIES | EMOTION, "tiny_3") == "happy"
    assert word_of(AFFECT | INTENSITIES, "tiny_3") == "sad 10.0"
    assert word_of(AFFECT, "tiny_3") == ""


def test_what_the_network_does_not_predict_has_no_bar():
    missing = {"emotion": np.full(3, np.nan, np.float32), "intensity_happy": np.float32([np.nan])}
    assert bar_lines(missing, "tiny_3") == [] and word_of(missing, "tiny_3") == ""
