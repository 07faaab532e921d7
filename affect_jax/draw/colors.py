"""One meaning, one color in every plot and every drawn image.

The hues of the quantities stay apart for readers with deuteranopia or protanopia (tests/draw/test_colors.py).
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

RGB = tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Color:
    """A hue with the shade that is seen on white paper and the lighter one that is seen on an image."""

    on_white: str
    on_image: RGB


VALENCE = Color("#1f6fb4", (78, 161, 224))
AROUSAL = Color("#d9651c", (240, 118, 76))
EMOTION = Color("#2a9d6f", (120, 235, 190))
QUANTITIES: Mapping[str, Color] = MappingProxyType({"valence": VALENCE, "arousal": AROUSAL, "emotion": EMOTION})

LABEL = Color("#222222", (0, 229, 255))  # what annotators say; black would be lost in hair
PREDICTED: RGB = (255, 209, 102)  # where a network places a face or its landmarks, drawn into an image

INK, GRAY, FAINT = "#222222", "#7a7a7a", "#e4e4e4"  # text; axes; grid
LABEL_BAND = "#d8d8d8"  # the range of the labels, behind their line
NO_FACE = "#f0f0f0"  # a stretch of time without a face
WHITE: RGB = (255, 255, 255)
SOFT: RGB = (196, 202, 210)  # text of lesser weight on an image
DIM: RGB = (138, 148, 160)  # a value beside the one that matters
TRACK: RGB = (62, 68, 78)  # the empty part of a bar
CROSS: RGB = (110, 118, 128)  # axes on an image
DARK: RGB = (16, 20, 26)  # a panel on an image

# For networks, runs and loss terms, which have no color of their own; together with markers and dashes.
SERIES = ("#5a35b0", "#c29314", "#5f1430", "#72551d", "#c685d7")


def pale(color: str) -> str:
    """The same hue for what is to be compared against."""
    return _mixed(color, "#ffffff", 0.45)


def hexadecimal(color: RGB) -> str:
    """A color of images as Matplotlib takes it."""
    return to_hex([channel / 255 for channel in color])


def ramp(color: str) -> LinearSegmentedColormap:
    """From few to many in one hue; the palest shade can still be told from white."""
    return LinearSegmentedColormap.from_list(
        color, [_mixed(color, "#ffffff", 0.65), color, _mixed(color, "#000000", 0.5)]
    )


def _mixed(color: str, other: str, share: float) -> str:
    """A color with a share of another one in it."""
    pairs = zip(to_rgb(color), to_rgb(other), strict=True)
    return to_hex([(1 - share) * channel + share * theirs for channel, theirs in pairs])
