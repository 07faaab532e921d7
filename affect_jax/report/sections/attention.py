"""Where a network looks: crops with landmarks, and overlaid attention masks."""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D

from affect_jax.draw.axes import make_figure, to_png
from affect_jax.draw.colors import GRAY, INK, LABEL, PREDICTED, rgb_to_hex
from affect_jax.files.atomic import write_bytes

PAIRS_ACROSS = 4
NAME_LENGTH = 24  # characters of a face's name; its end distinguishes the faces of a data set
PREDICTED_COLOR = rgb_to_hex(PREDICTED)
LABEL_COLOR = rgb_to_hex(LABEL.on_image)
MASK_COLORS = LinearSegmentedColormap.from_list(
    "mask", [(0.85, 0.1, 0.1, 0), (0.95, 0.25, 0.05, 0.75), (1, 0.95, 0.3, 1)]
)


@dataclasses.dataclass(frozen=True)
class AttendedFace:
    """A crop with the outputs of the network; landmarks in crop pixels."""

    name: str
    image: Float[np.ndarray, "height width 3"]  # RGB in [0, 1]
    mask: Float[np.ndarray, "map_px map_px"]  # sum of the raw heatmaps
    predicted: Float[np.ndarray, "68 2"]
    truth: Float[np.ndarray, "68 2"] | None = None
    nme: float | None = None
    share: float | None = None  # share of the mask on the face


def draw_attention(faces: Sequence[AttendedFace], path: pathlib.Path, title: str) -> None:
    """Writes a PNG: each face once with its landmarks and once, in gray, with the mask on top.

    All masks share one scale, from 0 (transparent) to the highest value of any of them.
    """
    columns = min(PAIRS_ACROSS, len(faces))
    rows = -(-len(faces) // columns)
    figure = make_figure(3.3 * columns, 1.86 * rows + 0.75)
    grid = figure.subplots(rows, 2 * columns, squeeze=False).reshape(-1, 2)
    top = max(float(face.mask.max()) for face in faces)
    for (left, right), face in zip(grid, faces, strict=False):
        _draw_landmarks(left, face)
        _draw_mask(right, face, top if top > 0 else 1.0)
    for axes in grid.flat:
        axes.set_axis_off()
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK, parse_math=False)
    figure.legend(handles=_legend(faces), loc="lower left", ncols=3, frameon=False, fontsize=9, labelcolor=INK)
    figure.get_layout_engine().set(rect=(0, 0.3 / figure.get_figheight(), 1, 1 - 0.3 / figure.get_figheight()))
    write_bytes(to_png(figure), path)


def _draw_landmarks(axes: Axes, face: AttendedFace) -> None:
    axes.imshow(np.clip(face.image, 0, 1))
    height, width = face.image.shape[:2]
    if face.truth is not None:
        axes.plot(
            *face.truth.T, "o", markersize=2.6, markerfacecolor="none", markeredgecolor=LABEL_COLOR, markeredgewidth=0.6
        )
    axes.plot(*face.predicted.T, ".", markersize=2.2, color=PREDICTED_COLOR)
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    name = face.name if len(face.name) <= NAME_LENGTH else f"\u2026{face.name[-NAME_LENGTH:]}"
    axes.set_title(name, loc="left", fontsize=7, color=GRAY, pad=2, parse_math=False)


def _draw_mask(axes: Axes, face: AttendedFace, top: float) -> None:
    height, width = face.image.shape[:2]
    gray = np.repeat(np.clip(face.image, 0, 1).mean(-1, keepdims=True), 3, -1)
    axes.imshow(gray)
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)  # a map pixel covers a square of image pixels
    axes.imshow(face.mask, cmap=MASK_COLORS, vmin=0, vmax=top, extent=extent, interpolation="bilinear")
    scores = []
    if face.nme is not None:
        scores.append(f"NME {face.nme:.3f}")
    if face.share is not None:
        scores.append(f"{face.share:.0%} on face")
    axes.set_title(", ".join(scores), loc="left", fontsize=7, color=INK, pad=2)


def _legend(faces: Sequence[AttendedFace]) -> list[Line2D]:
    dot = {"linestyle": "none", "markersize": 6}
    handles = [Line2D([], [], marker=".", color=PREDICTED_COLOR, label="predicted landmarks", **dot)]
    if any(face.truth is not None for face in faces):
        ring = {"marker": "o", "markerfacecolor": "none", "markeredgecolor": LABEL_COLOR}
        handles.append(Line2D([], [], label="labeled landmarks", **ring, **dot))
    mask_color = MASK_COLORS(0.8)
    handles.append(Line2D([], [], marker="s", color=mask_color, label="attention mask: sum of the heatmaps", **dot))
    return handles
