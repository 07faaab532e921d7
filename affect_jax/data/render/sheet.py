"""Previews of the renderer: a sheet of expressions, one of action units, and clips with their ground truth."""

import dataclasses
import pathlib

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.data.render import affect, camera, shape
from affect_jax.data.render.identity import draw_identity, show
from affect_jax.data.render.paint import View, paint
from affect_jax.data.render.scene import draw_scene
from affect_jax.files.atomic import replace_atomically
from affect_jax.files.video_writing import write_video
from affect_jax.ops.geometry import crop_matrix, landmark_crop
from affect_jax.ops.image import warp_image
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE
from affect_jax.types import Source

COLUMNS = 8
_COLORS = {VALENCE: (32, 96, 176), AROUSAL: (200, 80, 32)}


def _caption(image: np.ndarray, lines: list[str]) -> np.ndarray:
    """Adds a white strip with text below an image."""
    strip = np.full((14 * len(lines) + 4, image.shape[1], 3), 255, np.uint8)
    for row, line in enumerate(lines):
        cv2.putText(strip, line, (3, 12 + 14 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (20, 20, 20), 1, cv2.LINE_AA)
    return np.concatenate([image, strip])


def _tiles(images: list[np.ndarray], columns: int) -> np.ndarray:
    blank = np.full_like(images[0], 255)
    images = images + [blank] * (-len(images) % columns)
    rows = [np.concatenate(images[row : row + columns], axis=1) for row in range(0, len(images), columns)]
    return np.concatenate(rows)


def portrait(
    seed: int, subject: int, units: Float[np.ndarray, "unit"], pose_degrees: Float[np.ndarray, "3"], size_px: int
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """Renders a sharp, undisturbed image of one subject with given felt units."""
    identity = draw_identity(seed, subject)
    shown = show(identity, units[None], np.zeros((1, len(units))))
    turned = camera.turn_all(shape.deform(identity.rest[None], shown), pose_degrees[None])
    view = View(shown[0], pose_degrees, np.zeros(2), camera.framing(turned)[0], 0.2, np.zeros(2), 1.0, np.zeros(6))
    scene = dataclasses.replace(draw_scene(seed, subject, 0), noise=1.5)
    return paint(identity, scene, view, size_px, np.random.default_rng((seed, subject)))


def expressions(seed: int, size_px: int) -> UInt8[np.ndarray, "height width 3"]:
    """Renders one row per emotion, with intensity rising to the right, different subjects, and captions."""
    names = ["neutral"] + list(affect.PROTOTYPES)
    images = []
    for row, name in enumerate(names):
        for column in range(COLUMNS):
            units = np.zeros(len(affect.ACTION_UNITS))
            strength = 0.25 + 0.75 * column / (COLUMNS - 1)
            for unit in affect.PROTOTYPES.get(name, ()):
                units[affect.UNIT[unit]] = strength
            if name in ("happy", "surprise", "fear"):
                units[affect.UNIT[25]] = 0.6 * strength
            valence, arousal = affect.valence_arousal(units)
            pose = np.array([(column * 5 + row * 3) % 8 * 4 - 14, (column * 3 + row) % 5 * 2 - 4, column % 3 * 3 - 3.0])
            image = portrait(seed, row * COLUMNS + column, units, pose, size_px)
            intensity = affect.emotion(units)[1]
            images.append(_caption(image, [f"{name} {intensity:.2f}", f"V {valence:+.2f}  A {arousal:+.2f}"]))
    return _tiles(images, COLUMNS)


def action_units(seed: int, subject: int, size_px: int) -> UInt8[np.ndarray, "height width 3"]:
    """Renders one subject at rest, then with each action unit at full intensity."""
    images = [_caption(portrait(seed, subject, np.zeros(len(affect.ACTION_UNITS)), np.zeros(3), size_px), ["at rest"])]
    for unit in affect.ACTION_UNITS:
        units = np.zeros(len(affect.ACTION_UNITS))
        units[affect.UNIT[unit]] = 1.0
        valence, arousal = affect.valence_arousal(units)
        image = portrait(seed, subject, units, np.zeros(3), size_px)
        images.append(_caption(image, [f"AU {unit}   V {valence:+.2f}  A {arousal:+.2f}"]))
    return _tiles(images, 7)


def trace(
    values: Float[np.ndarray, "frame 2"], frame: int, width: int, height: int
) -> UInt8[np.ndarray, "height width 3"]:
    """Plots valence (blue) and arousal (orange) over a clip, in [-1, 1], with a marker at the current frame."""
    panel = np.full((height, width, 3), 255, np.uint8)
    cv2.line(panel, (0, height // 2), (width, height // 2), (190, 190, 190), 1)
    across = np.linspace(0, width - 1, len(values))
    for dimension, color in _COLORS.items():
        down = (0.5 - 0.46 * values[:, dimension]) * height
        line = np.round(np.stack([across, down], axis=1) * 16).astype(np.int32)
        cv2.polylines(panel, [line], False, color, 1, cv2.LINE_AA, 4)
    place = round(float(across[frame]))
    cv2.line(panel, (place, 0), (place, height), (120, 120, 120), 1)
    cv2.putText(panel, "valence", (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.36, _COLORS[VALENCE], 1, cv2.LINE_AA)
    cv2.putText(panel, "arousal", (56, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.36, _COLORS[AROUSAL], 1, cv2.LINE_AA)
    return panel


def write_clip(path: pathlib.Path, source: Source, fps: float) -> None:
    """Writes every frame of a source above its valence and arousal plot, as a video."""
    values = np.stack([example.labels["valence_arousal"].value for example in source.examples])
    side = source.image(0).shape[0]
    count = range(len(source.examples))
    write_video(path, (np.concatenate([source.image(i), trace(values, i, side, 64)]) for i in count), fps)


def write_crops(path: pathlib.Path, source: Source, fps: float, size_px: int) -> None:
    """Writes every frame of a source, cropped as for a network, as a video."""
    landmarks = [example.labels["landmarks"].value for example in source.examples]
    matrices = [crop_matrix(landmark_crop(points), size_px) for points in landmarks]
    write_video(path, (warp_image(source.image(i), matrix, size_px) for i, matrix in enumerate(matrices)), fps)


def write_image(path: pathlib.Path, image: UInt8[np.ndarray, "height width 3"]) -> None:
    """Writes a PNG file; OSError if it cannot be written."""
    encoded = cv2.imencode(".png", image[..., ::-1])[1]
    with replace_atomically(path) as part:
        encoded.tofile(part)
