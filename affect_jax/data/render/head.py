"""Skull, ears, neck, hair and glasses: the parts that expressions do not move."""

import functools

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.data.render import brush
from affect_jax.data.render.features import color, mix
from affect_jax.data.render.identity import Identity
from affect_jax.data.render.outline import smooth
from affect_jax.data.render.surface import COLUMNS, ROWS, _bump, _pair

_EAR = np.array([(0.97, -0.12), (1.06, -0.20), (1.15, -0.14), (1.16, 0.06), (1.10, 0.28), (1.02, 0.42), (0.95, 0.36)])
_SIDE_HAIR = {"bob": 1.05, "long": 2.4, "curly": 0.35, "bun": 0.0, "fringe": 0.25, "short": 0.0, "cropped": 0.0}
_VOLUME = {"bald": 0.0, "cropped": 0.03, "short": 0.09, "curly": 0.22, "fringe": 0.10, "bob": 0.13, "long": 0.12,
           "bun": 0.05}  # fmt: skip


def _volume(identity: Identity) -> float:
    """Thickness of the hair over the skull, in head units."""
    return _VOLUME[identity.hair_style] * (0.6 + 0.8 * identity.hair_volume)


@functools.lru_cache(maxsize=512)
def fixed_outlines(identity: Identity) -> dict[str, np.ndarray]:
    """3D outlines in head coordinates that only the pose moves."""
    width = identity.rest[16, 0]
    top = -0.98 - 0.24 * identity.hairline
    temple = 0.80 + 0.07 * identity.hairline
    arc = [(width, -0.20, -0.60), (width * 0.97, -0.45, -0.48), (width * temple, top + 0.32, -0.22),
           (width * 0.50, top + 0.08, 0.05), (0.0, top, 0.12)]  # fmt: skip
    left = [(-x, y, z) for x, y, z in arc[:-1]]
    hairline = smooth(np.array(left + arc[::-1]))
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    volume = _volume(identity)
    rings = []
    for depth, shrink in ((0.0, 0.86), (-0.5, 1.0), (-1.0, 0.93)):
        radius_x, radius_y = (width * 1.04 + 0.7 * volume) * shrink, (1.20 + volume) * shrink
        rings.append(np.stack([radius_x * np.cos(angle), -0.45 + radius_y * np.sin(angle), angle * 0 + depth], axis=1))
    skull = np.concatenate(rings)
    ears = [np.concatenate([_EAR * (sign * width, 1), np.full((len(_EAR), 1), -0.62)], axis=1) for sign in (-1, 1)]
    return {"hairline": hairline, "skull": skull[skull[:, 1] < 0.05], "ears": np.stack(ears)}


@functools.lru_cache(maxsize=512)
def albedo(identity: Identity) -> UInt8[np.ndarray, "rows columns 3"]:
    """Skin color over the reference grid: blush, shadows under the eyes, freckles, stubble and beard."""
    rng = np.random.default_rng(identity.texture_seed)
    skin = np.empty((ROWS, COLUMNS, 3), np.float32)
    skin[:] = identity.skin
    flush = _pair(0.58, 0.45, 0.22, 0.18) + 0.8 * _bump(0, 0.52, 0.12, 0.12) + 0.4 * _bump(0, 1.5, 0.2, 0.12)
    flush = flush[..., None] * (0.5 + 0.8 * identity.make_up + 0.4 * identity.freckles)
    skin = skin * (1 - flush * np.array([0.0, 0.11, 0.10], np.float32))
    bags = _pair(0.42, 0.17, 0.18, 0.06)[..., None] * (0.35 + 0.6 * identity.age)
    skin = skin * (1 - bags * np.array([0.16, 0.20, 0.16], np.float32))
    lid = _pair(0.44, -0.12, 0.22, 0.08)[..., None] * (0.2 + identity.make_up)
    skin = skin * (1 - lid * np.array([0.18, 0.24, 0.16], np.float32))
    spots = (rng.random((ROWS, COLUMNS)) < 0.05) * _pair(0.45, 0.35, 0.35, 0.18)
    skin = skin * (1 - 0.5 * identity.freckles * cv2.GaussianBlur(spots.astype(np.float32), (0, 0), 0.7)[..., None])
    mottle = cv2.resize(rng.normal(0, 1, (20, 14)).astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    skin = skin * (1 + 0.02 * mottle[..., None])
    down = np.clip((np.linspace(0, 1, ROWS)[:, None] * ROWS / 32 - 1.75 - 0.85) / 0.25, 0, 1)
    edge = np.clip((np.abs(np.linspace(-1.25, 1.25, COLUMNS))[None] - 0.78) / 0.12, 0, 1)
    low = np.clip((np.linspace(-1.75, 1.875, ROWS)[:, None] - 0.15) / 0.3, 0, 1)
    around = np.clip(
        down * np.clip((np.abs(np.linspace(-1.25, 1.25, COLUMNS))[None] - 0.34) / 0.10, 0, 1)
        + np.clip((np.linspace(-1.75, 1.875, ROWS)[:, None] - 1.20) / 0.10, 0, 1)
        + edge * low,
        0,
        1,
    )
    lip = np.clip(_bump(0, 0.82, 0.34, 0.055) * 1.6, 0, 1) * identity.moustache
    cover = np.clip(np.maximum(around * identity.beard, lip), 0, 1) * (0.88 + 0.1 * rng.random((ROWS, COLUMNS)))
    hair = mix(identity.hair * 0.9, identity.skin * 0.4, 0.2).astype(np.float32)
    skin = skin + (hair - skin) * cv2.GaussianBlur(cover.astype(np.float32), (0, 0), 1.2)[..., None]
    return np.clip(skin, 0, 255).astype(np.uint8)


@functools.lru_cache(maxsize=512)
def hair_texture(identity: Identity) -> UInt8[np.ndarray, "64 64"]:
    """Brightness of hair strands (128 = neutral): vertical streaks, or curls."""
    rng = np.random.default_rng(identity.texture_seed + 1)
    rows, columns = (26, 26) if identity.hair_style in ("curly", "cropped") else (5, 34)
    grain = cv2.resize(rng.normal(0, 1, (rows, columns)).astype(np.float32), (64, 64), interpolation=cv2.INTER_CUBIC)
    crown = np.exp(-0.5 * ((np.linspace(0, 1, 64)[:, None] - 0.16) / 0.09) ** 2)
    return np.clip(128 * (1 + 0.16 * grain + 0.25 * crown), 0, 255).astype(np.uint8)


def paint_behind(canvas, project, outlines, identity: Identity, unit_px: float) -> None:
    """Paints hair behind the neck, neck and clothes."""
    style = identity.hair_style
    length = _SIDE_HAIR.get(style, 0.0)
    wide = identity.rest[16, 0] * 1.04 + 0.7 * _volume(identity)
    if style in ("bob", "long"):
        left = [(-wide, -0.6), (-wide - 0.02, 0.0), (-wide - 0.12, 0.7), (-wide, length), (-0.45, length + 0.05)]
        curtain = np.array([(x, y, -0.75) for x, y in left + [(-x, y) for x, y in left[::-1]]])
        brush.fill(canvas, smooth(project(curtain), closed=True), color(identity.hair, 0.72))
    if style == "bun":
        brush.dot(canvas, project(np.array([[0.0, -1.78, -0.7]]))[0], 0.42 * unit_px, color(identity.hair, 0.9))
    neck = np.array([(-0.64, 0.6), (-0.62, 1.6), (-0.66, 2.0), (-0.95, 2.3), (-1.3, 3.6), (1.3, 3.6), (0.95, 2.3),
                     (0.66, 2.0), (0.62, 1.6), (0.64, 0.6)])  # fmt: skip
    neck = np.concatenate([neck, np.full((len(neck), 1), -0.45)], axis=1)
    brush.fill(canvas, project(neck, 0.3), color(identity.skin * (0.82, 0.77, 0.75)))
    under = np.array([(-0.7, 1.2), (-0.5, 1.95), (0.0, 2.1), (0.5, 1.95), (0.7, 1.2)])
    under = np.concatenate([under, np.full((len(under), 1), -0.3)], axis=1)
    brush.tint(canvas, [smooth(project(under, 0.3))], color(identity.skin * (0.50, 0.42, 0.40)), [0.6], 0.10 * unit_px)
    cloth = [(-3.2, 3.9), (-2.5, 2.75), (-1.6, 2.42), (-0.82, 2.22), (-0.4, 2.55), (0, 2.66)]
    cloth = np.array([(x, y, -0.4) for x, y in cloth + [(-x, y) for x, y in cloth[-2::-1]]])
    brush.fill(canvas, project(cloth, 0.15), color(identity.clothes))


def paint_ears(canvas, project, outlines, identity: Identity, unit_px: float) -> None:
    """Paints both ears, unless covered by hair."""
    if identity.hair_style in ("bob", "long"):
        return
    inner = []
    for ear in outlines["ears"]:
        outline = project(ear)
        brush.fill(canvas, smooth(outline, closed=True), color(identity.skin * (0.92, 0.84, 0.82)))
        inner.append(smooth(outline.mean(0) + (outline - outline.mean(0)) * 0.55, closed=True))
    for outline in inner:
        brush.fill(canvas, outline, color(identity.skin * (0.76, 0.64, 0.62)))


def paint_front_hair(canvas, mask, project, identity: Identity, unit_px: float) -> None:
    """Paints bangs and side hair over the face, and adds them to the hair `mask`."""
    for shape in _front_hair(identity):
        outline = project(shape)
        brush.fill(canvas, outline, color(identity.hair))
        brush.fill(mask, outline, 255)


def _front_hair(identity: Identity) -> list[Float[np.ndarray, "point 3"]]:
    """Outlines of the hair in front of the face."""
    width, top = identity.rest[16, 0], -0.98 - 0.24 * identity.hairline
    shapes = []
    if identity.hair_style == "fringe":
        line = [(-width * 1.05, -0.30, -0.35), (-0.82, -0.58, 0.02), (-0.4, -0.56, 0.28), (0.05, -0.62, 0.33)]
        line += [(0.5, -0.52, 0.25), (0.84, -0.60, 0.02), (width * 1.05, -0.30, -0.35)]
        back = [(width * 1.05, -0.9, -0.3), (0.5, -1.45, -0.1), (-0.5, -1.45, -0.1), (-width * 1.05, -0.9, -0.3)]
        shapes.append(np.concatenate([smooth(np.array(line)), smooth(np.array(back))]))
    elif identity.hair_style in ("bob", "long"):
        for sign in (-1, 1):
            part = 0.15 if identity.texture_seed % 2 else -0.1
            end = _SIDE_HAIR[identity.hair_style]
            outside = 1.04 * width + 0.7 * _volume(identity)
            inner = [
                (part, top - 0.02, 0.14),
                (sign * 0.60 * width, top + 0.20, 0.10),
                (sign * 0.88 * width, -0.40, -0.15),
                (sign * 0.955 * width, 0.15, -0.35),
                (sign * 0.95 * width, 0.6, -0.42),
                (sign * 0.90 * width, end, -0.42),
            ]
            outer = [
                (sign * outside, end + 0.06, -0.5),
                (sign * (outside + 0.10), 0.7, -0.6),
                (sign * outside, 0.0, -0.6),
                (sign * outside * 0.97, -0.6, -0.5),
                (sign * 0.7 * width, top - 0.05, -0.3),
                (part, top - 0.25, 0.0),
            ]
            side = np.concatenate([smooth(np.array(inner)), smooth(np.array(outer))])
            shapes.append(side)
    elif identity.hair_style in ("short", "curly", "cropped"):
        for sign in (-1, 1):
            burn = [(sign * width * 0.985, -0.75, -0.40), (sign * width * 0.90, -0.42, -0.30),
                    (sign * width * 0.945, -0.05, -0.42), (sign * width * 0.98, 0.12, -0.50),
                    (sign * width * 1.04, -0.10, -0.58), (sign * width * 1.04, -0.6, -0.5)]  # fmt: skip
            shapes.append(smooth(np.array(burn), closed=True))
    return shapes


def paint_glasses(canvas, points: Float[np.ndarray, "68 2"], identity: Identity, unit_px: float) -> None:
    """Paints rims, bridge and temples, with a faint sheen on the lenses."""
    frame = color(mix((30, 28, 30), identity.clothes, 0.25))
    power = 2.0 if identity.glasses == "round" else 4.0
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    unit = np.stack([np.sign(cosine) * np.abs(cosine) ** (2 / power), np.sign(sine) * np.abs(sine) ** (2 / power)], 1)
    centers = []
    across = (points[45] - points[36]) / 2
    down = np.array([-across[1], across[0]]) / max(np.linalg.norm(across), 1e-6)
    for first in (36, 42):
        middle = (points[first] + points[first + 3]) / 2 + down * 0.04 * unit_px
        half = (points[first + 3] - points[first]) / 2 * 1.45
        rim = middle + unit[:, :1] * half + unit[:, 1:] * down * 0.255 * unit_px
        brush.tint(canvas, [rim], (225, 235, 245), [0.07])
        brush.stroke(canvas, rim, frame, 0.042 * unit_px, closed=True)
        centers.append((middle, half))
    (left, left_half), (right, right_half) = centers
    brush.stroke(canvas, np.stack([left + left_half, right - right_half]), frame, 0.04 * unit_px)
    for end, edge in ((left - left_half, points[0]), (right + right_half, points[16])):
        brush.stroke(canvas, np.stack([end, edge]), frame, 0.035 * unit_px)
