"""The scene around a face: background, lighting, occluders, and camera effects."""

import dataclasses

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.data.render import brush
from affect_jax.data.render.features import color
from affect_jax.data.render.identity import PURPOSE


@dataclasses.dataclass(frozen=True)
class Scene:
    """Properties of the scene, constant over a clip."""

    light: Float[np.ndarray, "3"]  # unit vector toward the light, in camera axes
    softness: float  # 0 hard light .. 1 no shadows
    gloss: float
    tint: Float[np.ndarray, "3"]  # gain of red, green, blue
    contrast: float
    noise: float  # standard deviation, in 0..255
    background: Float[np.ndarray, "6 6 3"]
    texture: Float[np.ndarray, "24 24 1"]
    bars: Float[np.ndarray, "3 8"]  # position and color of up to three background objects


def draw_scene(seed: int, subject: int, clip: int) -> Scene:
    """Draws the scene of one still or clip."""
    rng = np.random.default_rng((seed, PURPOSE["scene"], subject, clip))
    uniform = rng.random(16)
    light = np.array([np.sin((uniform[0] - 0.5) * 2.4), -0.15 - 0.75 * uniform[1], 0.75])
    warmth = (uniform[2] - 0.42) * 0.16
    gain = 0.75 + 0.38 * uniform[3]
    base = 35 + 180 * rng.random() + (12 + 45 * uniform[11] ** 2) * rng.uniform(-1, 1, 3)
    spread = rng.normal(0, 14 + 26 * uniform[4], (6, 6, 1)) + rng.normal(0, 8, (6, 6, 3))
    bars = rng.random((3, 8))
    bars[:, 4:7] = np.clip(230 * bars[:, 4:5] + 70 * (bars[:, 5:8] - 0.5), 0, 255)
    return Scene(
        light=light / np.linalg.norm(light),
        softness=float(0.20 + 0.5 * uniform[5]),
        gloss=float(0.22 * uniform[6]),
        tint=gain * np.array([1 + warmth, 1 + 0.03 * (uniform[7] - 0.5), 1 - warmth]),
        contrast=float(0.85 + 0.3 * uniform[8]),
        noise=float(1.2 + 4.0 * uniform[9] ** 3),
        background=base + spread,
        texture=rng.normal(0, 10 * uniform[10], (24, 24, 1)),
        bars=bars,
    )


def paint_background(scene: Scene, side_px: int) -> UInt8[np.ndarray, "side_px side_px 3"]:
    """Paints soft colors and a few out-of-focus shapes."""
    small = cv2.resize(scene.background.astype(np.float32), (24, 24), interpolation=cv2.INTER_CUBIC)
    for left, top, wide, high, red, green, blue, visible in scene.bars:
        if visible < 0.45:
            rows = slice(int(top * 20), int(top * 20 + 3 + high * 20))
            columns = slice(int(left * 22), int(left * 22 + 2 + wide * 9))
            small[rows, columns] = 0.6 * small[rows, columns] + 0.4 * np.array([red, green, blue], np.float32)
    small = np.clip(small + scene.texture, 0, 255).astype(np.uint8)
    return cv2.resize(small, (side_px, side_px), interpolation=cv2.INTER_LINEAR)


def paint_occluder(
    canvas: UInt8[np.ndarray, "side side 3"],
    occluder: Float[np.ndarray, "6"],
    skin: Float[np.ndarray, "3"],
    unit_px: float,
) -> None:
    """Paints an occluder (kind, x, y, angle, size, hue), with its position as a share of the canvas.

    Kind 0 is none, 1 a hand, 2 a cup or phone, 3 a microphone.
    """
    kind, x, y, angle, size, hue = occluder
    if kind < 0.5:
        return
    place = np.array([x, y]) * len(canvas)
    forward = np.array([np.cos(angle), np.sin(angle)]) * unit_px * size
    side = np.array([-forward[1], forward[0]])
    plain = np.array([40 + 190 * hue, 60 + 150 * ((hue * 7) % 1), 40 + 190 * ((hue * 3) % 1)])
    if kind < 1.5:
        for finger in range(4):
            start = place + side * (0.30 - 0.2 * finger)
            tip = start + forward * (0.72 - 0.06 * abs(finger - 1.3) * 2) + side * 0.05 * (1.5 - finger)
            for grow, tone in ((0.205, 0.62), (0.18, 0.95)):
                brush.stroke(canvas, np.stack([start, tip]), color(skin, tone), grow * unit_px * size)
        palm = [(-0.9, -0.34), (0.1, -0.42), (0.1, 0.42), (-0.9, 0.38), (-2.5, 0.32), (-2.5, -0.3)]
        brush.fill(canvas, place + np.array([forward * a + side * b for a, b in palm]), color(skin, 0.9))
    elif kind < 2.5:
        corners = [(-0.7, -0.4), (0.7, -0.4), (0.7, 0.4), (-0.7, 0.4)]
        outline = place + np.array([forward * a + side * b for a, b in corners])
        brush.fill(canvas, outline, color(plain, 0.6))
        brush.fill(canvas, outline.mean(0) + (outline - outline.mean(0)) * 0.86, color(plain))
    else:
        brush.stroke(canvas, np.stack([place, place - forward * 3]), color(plain, 0.5), 0.16 * unit_px)
        brush.dot(canvas, place, 0.26 * unit_px * size, (40, 40, 44))


def photograph(
    canvas: UInt8[np.ndarray, "side side 3"],
    scene: Scene,
    size_px: int,
    blur_px: float,
    smear_px: Float[np.ndarray, "2"],
    gain: float,
    rng: np.random.Generator,
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """Simulates the camera: defocus, motion blur, exposure, color cast, sensor noise.

    Blur is in pixels of a 64-px image, so that all sizes are equally sharp.
    """
    image = cv2.resize(canvas, (size_px, size_px), interpolation=cv2.INTER_AREA)
    factor = size_px / 64
    length = float(np.hypot(*smear_px)) * factor
    if length > 1:
        reach = int(np.ceil(length / 2))
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
        half = smear_px * factor / 2
        ends = [tuple(int(v) for v in np.round(reach + sign * half)) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
        image = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    if blur_px * factor > 0.25:
        image = cv2.GaussianBlur(image, (0, 0), blur_px * factor, borderType=cv2.BORDER_REPLICATE)
    levels = image.astype(np.float32) - 118
    levels *= (scene.tint * gain * scene.contrast).astype(np.float32)
    levels += (118 * scene.tint * gain).astype(np.float32)
    noise = rng.standard_normal((size_px, size_px, 1), dtype=np.float32) * np.float32(scene.noise)
    levels += noise
    return np.clip(levels, 0, 255, out=levels).astype(np.uint8)
