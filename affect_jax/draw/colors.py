"""Colors with a fixed meaning in all plots and overlays.

The hues of the quantities are distinguishable with deuteranopia and protanopia (tests/draw/test_colors.py).
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

RGB = tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Color:
    """A hue in two shades: one for a white background and a lighter one for drawing on images."""

    on_white: str
    on_image: RGB


VALENCE = Color("#1f6fb4", (78, 161, 224))
AROUSAL = Color("#d9651c", (240, 118, 76))
EMOTION = Color("#2a9d6f", (120, 235, 190))
QUANTITIES: Mapping[str, Color] = MappingProxyType({"valence": VALENCE, "arousal": AROUSAL, "emotion": EMOTION})

LABEL = Color("#222222", (0, 229, 255))  # annotations; black would be invisible on dark hair
PREDICTED: RGB = (255, 209, 102)  # predicted faces and landmarks, drawn on images

# Faces by their number, over and over; a face has its number beside it wherever its color stands.
FACES = (
    Color("#a68a00", (255, 238, 153)),
    Color("#ca00f2", (219, 38, 255)),
    Color("#129ab5", (191, 244, 255)),
    Color("#690900", (255, 56, 38)),
    Color("#59164e", (204, 92, 185)),
    Color("#b57f64", (178, 149, 134)),
)

INK, GRAY, FAINT = "#222222", "#7a7a7a", "#e4e4e4"  # text; axes; grid
LABEL_BAND = "#d8d8d8"  # range of the labels, behind their line
NO_FACE = "#f0f0f0"  # a stretch of time without a face
WHITE: RGB = (255, 255, 255)
SOFT: RGB = (196, 202, 210)  # secondary text on an image
DIM: RGB = (138, 148, 160)  # all but the highlighted value
TRACK: RGB = (62, 68, 78)  # the unfilled part of a bar
CROSS: RGB = (110, 118, 128)  # axes on an image
DARK: RGB = (16, 20, 26)  # a panel on an image

# For networks, runs and loss terms, which have no fixed color; combined with markers and dashes.
SERIES = ("#5a35b0", "#c29314", "#5f1430", "#72551d", "#c685d7")


def lighten(color: str) -> str:
    """A lighter shade of the same hue, for a baseline."""
    return _mix(color, "#ffffff", 0.45)


def rgb_to_hex(color: RGB) -> str:
    """A color for images in Matplotlib's notation."""
    return to_hex([channel / 255 for channel in color])


def make_colormap(color: str) -> LinearSegmentedColormap:
    """A colormap of one hue, light to dark; the lightest shade is still distinguishable from white."""
    return LinearSegmentedColormap.from_list(color, [_mix(color, "#ffffff", 0.65), color, _mix(color, "#000000", 0.5)])


def _mix(color: str, other: str, share: float) -> str:
    """Mixes in `share` of another color."""
    pairs = zip(to_rgb(color), to_rgb(other), strict=True)
    return to_hex([(1 - share) * channel + share * other_channel for channel, other_channel in pairs])
