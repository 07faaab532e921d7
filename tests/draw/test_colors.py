"""Colors that readers with deuteranopia or protanopia can distinguish, and that are visible on their background."""

import colorsys
import itertools

import numpy as np
import pytest

from affect_jax.draw import colors

# In linear RGB, severity 1. Source: Machado, Oliveira, Fernandes, IEEE TVCG 15(6), 2009.
SIGHT = {
    "usual": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # IEC 61966-2-1
WHITE_POINT = np.array([0.9505, 1.0, 1.089])
MEANINGS = {"valence": colors.VALENCE, "arousal": colors.AROUSAL, "emotion": colors.EMOTION}


def unit(color):
    if isinstance(color, str):
        color = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
    return np.array(color) / 255


def linear(color):
    values = unit(color)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    """As in WCAG 2: 1 to 21."""
    low, high = sorted(XYZ[1] @ linear(color) for color in (first, second))
    return (high + 0.05) / (low + 0.05)


def lab(color, sight):
    ratio = XYZ @ np.clip(SIGHT[sight] @ linear(color), 0, 1) / WHITE_POINT
    curve = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * curve[1] - 16, 500 * (curve[0] - curve[1]), 200 * (curve[1] - curve[2])])


def distance(first, second, sight):
    """CIE 1976; 2.3 can just be noticed side by side."""
    return np.linalg.norm(lab(first, sight) - lab(second, sight))


def test_a_meaning_keeps_its_hue_and_can_be_seen_on_paper_and_on_an_image():
    for meaning in MEANINGS.values():
        on_white = colorsys.rgb_to_hsv(*unit(meaning.on_white))[0]
        on_image = colorsys.rgb_to_hsv(*unit(meaning.on_image))[0]
        assert abs(on_white - on_image) < 15 / 360
        assert contrast(meaning.on_white, "#ffffff") > 3 and contrast(meaning.on_image, colors.DARK) > 4.5
    assert colors.QUANTITIES == MEANINGS


@pytest.mark.parametrize("sight", SIGHT)
def test_meanings_are_distinguishable(sight):
    for shade in ("on_white", "on_image"):
        shades = [getattr(meaning, shade) for meaning in (*MEANINGS.values(), colors.LABEL)]
        for first, second in itertools.combinations(shades, 2):
            assert distance(first, second, sight) > 20, (shade, first, second)
    assert distance(colors.PREDICTED, colors.LABEL.on_image, sight) > 40


@pytest.mark.parametrize("sight", SIGHT)
def test_series_are_distinguishable_and_mean_nothing_else(sight):
    for first, second in itertools.combinations(colors.SERIES, 2):
        assert distance(first, second, sight) > 30, (first, second)
    for series in colors.SERIES:
        assert contrast(series, "#ffffff") > 2.5
        assert all(distance(series, meaning.on_white, "usual") > 30 for meaning in MEANINGS.values())


@pytest.mark.parametrize("sight", SIGHT)
def test_faces_are_distinguishable_and_mean_nothing_else(sight):
    for shade in ("on_white", "on_image"):
        shades = [getattr(face, shade) for face in colors.FACES]
        for first, second in itertools.combinations(shades, 2):
            assert distance(first, second, sight) > 30, (shade, first, second)
        others = [getattr(meaning, shade) for meaning in (*MEANINGS.values(), colors.LABEL)]
        assert all(distance(face, other, "usual") > 25 for face in shades for other in others)
    for face in colors.FACES:
        assert contrast(face.on_white, "#ffffff") > 3 and contrast(face.on_image, colors.DARK) > 4


def test_pale_and_ramp_stay_in_the_hue():
    assert colors.lighten("#000000") == "#737373"  # 45 % of white: 0.45 * 255 = 114.75
    ramp = colors.make_colormap(colors.AROUSAL.on_white)
    few, many = (XYZ[1] @ linear(255 * np.array(ramp(share)[:3])) for share in (0.0, 1.0))
    assert many < few < 0.75  # the palest can be told from white
    assert colors.rgb_to_hex((255, 209, 102)) == "#ffd166"
