"""Facial action: action units of stills, and their trajectories in clips.

A clip is a function of continuous time, drawn event by event; frame rate and length only sample it. Affective units
define the ground truth. Speech, blinks, gaze, head motion and disturbances are drawn independently.
"""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from affect_jax.data.render.affect import ACTION_UNITS, UNIT
from affect_jax.data.render.disturbance import disturb
from affect_jax.data.render.expressions import DRAWS, expressions
from affect_jax.data.render.identity import PURPOSE

BEFORE_SECONDS = 6.0  # events start this long before the first frame, so a clip can begin during one
BLINK_SECONDS = 0.30
RISE_SECONDS = 0.5  # in which a face leaves its rest at the beginning of a clip
SYLLABLES_HZ = (3.0, 6.0)


@dataclasses.dataclass(frozen=True)
class Take:
    """A sequence of frames. Angles in degrees, sizes as shares of the canvas, blur in pixels of a 64-px image."""

    units: Float[np.ndarray, "frame unit"]  # affective, in [0, 1]
    speech: Float[np.ndarray, "frame unit"]  # speech and blinks, not affective
    pose_degrees: Float[np.ndarray, "frame 3"]
    gaze: Float[np.ndarray, "frame 2"]
    zoom: Float[np.ndarray, "frame"]
    shift: Float[np.ndarray, "frame 2"]
    blur_px: Float[np.ndarray, "frame"]
    smear_px: Float[np.ndarray, "frame 2"]
    gain: Float[np.ndarray, "frame"]
    occluder: Float[np.ndarray, "frame 6"]


def concatenate(takes: list[Take]) -> Take:
    """Concatenates takes along the frames."""
    fields = [field.name for field in dataclasses.fields(Take)]
    return Take(**{name: np.concatenate([getattr(take, name) for take in takes]) for name in fields})


def stills(seed: int, subjects: Int[np.ndarray, "face"], numbers: Int[np.ndarray, "face"]) -> Take:
    """Draws independent still images: still `numbers[i]` of subject `subjects[i]`."""
    generators = []
    for subject, number in zip(subjects, numbers, strict=True):
        generators.append(np.random.default_rng((seed, PURPOSE["still"], subject, number)))
    uniform = np.stack([generator.random(DRAWS + 32) for generator in generators])
    normal = np.stack([generator.standard_normal(12) for generator in generators])
    units, more = expressions(uniform[:, :DRAWS]), uniform[:, DRAWS:]
    speech = np.zeros_like(units)
    talking = more[:, 0] < 0.06
    for column, (unit, low, high) in enumerate(((26, 0.1, 0.7), (25, 0.2, 0.8), (18, -0.5, 0.7), (20, -0.6, 0.4))):
        speech[:, UNIT[unit]] = talking * np.maximum(low + (high - low) * more[:, 1 + column], 0)
    speech[:, UNIT[43]] = (more[:, 5] < 0.03) * (0.5 + 0.5 * more[:, 6])
    pose = np.clip(normal[:, :3] * (10, 5, 5), (-25, -12, -12), (25, 12, 12))
    kind = np.where(more[:, 7] < 0.06, 1 + np.floor(more[:, 8] * 3), 0)
    x, y = _place_occluder(more[:, 9], more[:, 10])
    occluder = np.stack([kind, x, y, more[:, 11] * 2 * np.pi, 0.7 + 0.5 * more[:, 12], more[:, 13]], axis=1)
    angle = more[:, 14] * 2 * np.pi
    smear = (
        np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.where(more[:, 15] < 0.08, 3.5 * more[:, 16], 0)[:, None]
    )
    return Take(
        units=units,
        speech=speech,
        pose_degrees=pose,
        gaze=np.clip(normal[:, 3:5] * (0.16, 0.25), -0.4, 0.4),
        zoom=1 + 0.035 * np.clip(normal[:, 5], -2, 2),
        shift=0.012 * np.clip(normal[:, 6:8], -2, 2),
        blur_px=0.6 * more[:, 17] ** 3,
        smear_px=smear,
        gain=np.ones(len(units)),
        occluder=occluder,
    )


def _place_occluder(turn: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns a position near the center of the canvas that covers part of the face."""
    angle, distance = turn * 2 * np.pi, 0.15 + 0.17 * reach
    return 0.5 + distance * np.cos(angle), 0.52 + distance * np.sin(angle)


def _stream(seed: int, subject: int, clip: int, number: int) -> np.random.Generator:
    return np.random.default_rng((seed, PURPOSE["clip"], subject, clip, number))


def smoothstep(share: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """Rises from 0 to 1 with zero slope at both ends (3 s^2 - 2 s^3)."""
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def _after_rest(times_seconds: np.ndarray, rest_seconds: float) -> np.ndarray:
    """Factor of what a face does: 0 until `rest_seconds`, 1 soon after; 1 everywhere without rest."""
    if not rest_seconds:
        return np.ones((len(times_seconds), 1))
    return smoothstep((times_seconds[:, None] - rest_seconds) / RISE_SECONDS)


def affective_units(
    seed: int, subject: int, clip: int, times_seconds: Float[np.ndarray, "frame"], rest_seconds: float = 0.0
) -> Float[np.ndarray, "frame unit"]:
    """Felt action units over time: expressions with onset, apex and offset, which may overlap.

    Nothing is felt before `rest_seconds`.
    """
    rng = _stream(seed, subject, clip, 0)
    remaining = np.ones((len(times_seconds), len(ACTION_UNITS)))
    start, end = -BEFORE_SECONDS, float(times_seconds.max(initial=0.0))
    while start < end:
        target = expressions(rng.random((1, DRAWS)))[0]
        pace = rng.random(4)
        onset, hold, offset = 0.35 + 0.60 * pace[0], 0.6 + 1.9 * pace[1], 0.6 + 1.0 * pace[2]
        since = times_seconds - start
        envelope = smoothstep(since / onset) * (1 - smoothstep((since - onset - hold) / offset))
        remaining *= 1 - envelope[:, None] * target
        start += onset + hold + offset * 0.4 + 0.35 * pace[3]
    return (1 - remaining) * _after_rest(times_seconds, rest_seconds)


def speech_units(
    seed: int, subject: int, clip: int, times_seconds: Float[np.ndarray, "frame"], rest_seconds: float = 0.0
) -> Float[np.ndarray, "frame unit"]:
    """Bursts of syllables at 3 to 6 Hz (jaw, lips) in 60 % of clips, and blinks every few seconds.

    Nothing is said before `rest_seconds`.
    """
    units = np.zeros((len(times_seconds), len(ACTION_UNITS)))
    end = float(times_seconds.max(initial=0.0))
    rng = _stream(seed, subject, clip, 1)
    talkative, start = rng.random() < 0.6, -BEFORE_SECONDS + rng.random()
    while talkative and start < end:
        burst, pause, rate = 1.0 + 1.6 * rng.random(), 0.6 + 1.8 * rng.random(), rng.uniform(*SYLLABLES_HZ)
        stop = start + burst
        while start < stop:
            length = rng.uniform(0.8, 1.2) / rate
            jaw, lips, shape, low = rng.random(4)
            inside = np.abs(times_seconds - start - length / 2) < length / 2
            wave = np.where(inside, np.sin(np.pi * (times_seconds - start) / length) ** 2, 0)
            units[:, UNIT[26]] += wave * (0.08 + 0.40 * jaw)
            units[:, UNIT[25]] += wave * (0.20 + 0.45 * lips)
            units[:, UNIT[18]] += wave * max(shape - 0.6, 0) * 1.8
            units[:, UNIT[20]] += wave * max(0.35 - shape, 0) * 1.4
            units[:, UNIT[16]] += wave * max(low - 0.7, 0) * 1.3
            start += length
        start = stop + pause
    units *= _after_rest(times_seconds, rest_seconds)
    rng = _stream(seed, subject, clip, 2)
    start = -1.0 + 2.5 * rng.random()
    while start < end:
        share = (times_seconds - start) / BLINK_SECONDS
        lid = smoothstep(share / 0.30) * (1 - smoothstep((share - 0.52) / 0.48))
        units[:, UNIT[43]] = np.maximum(units[:, UNIT[43]], lid)
        start += BLINK_SECONDS + 1.2 + 3.4 * rng.random()
    return units


def _sway(rng: np.random.Generator, times: np.ndarray, axes: int) -> np.ndarray:
    """Slow, smooth motion with unit standard deviation."""
    rate, phase = rng.uniform(0.08, 0.65, (4, axes)), rng.uniform(0, 2 * np.pi, (4, axes))
    size = rng.uniform(0.4, 1.0, (4, axes))
    waves = size * np.sin(2 * np.pi * rate * times[:, None, None] + phase)
    return waves.sum(1) / np.sqrt((size**2).sum(0) / 2)


def base_pose(seed: int, subject: int, clip: int) -> Float[np.ndarray, "3"]:
    """Mean pose of a clip in degrees, which determines the camera setup."""
    return np.clip(_stream(seed, subject, clip, 3).standard_normal(3) * (8, 4, 4), (-16, -8, -8), (16, 8, 8))


def clip(
    seed: int, subject: int, number: int, times_seconds: Float[np.ndarray, "frame"], rest_seconds: float = 0.0
) -> Take:
    """Samples a clip at the given times; the face is at rest, but moves and blinks, before `rest_seconds`."""
    rng, frames = _stream(seed, subject, number, 4), len(times_seconds)
    sway = _sway(rng, times_seconds, 5)
    pose = np.clip(base_pose(seed, subject, number) + sway[:, :3] * (3.5, 2.2, 2.0), (-25, -12, -12), (25, 12, 12))
    zoom = 1 + 0.02 * float(np.clip(rng.standard_normal(), -2, 2))
    gaze = np.zeros((frames, 2))
    start, end = -1.0, float(times_seconds.max(initial=0.0))
    while start < end:
        gaze[times_seconds >= start] = np.clip(rng.standard_normal(2) * (0.15, 0.22), -0.4, 0.4)
        start += 0.4 + 1.8 * rng.random()
    disturbed = disturb(_stream(seed, subject, number, 5), times_seconds)
    return Take(
        units=affective_units(seed, subject, number, times_seconds, rest_seconds),
        speech=speech_units(seed, subject, number, times_seconds, rest_seconds),
        pose_degrees=pose,
        gaze=gaze,
        zoom=np.full(frames, zoom),
        shift=0.008 * sway[:, 3:],
        **disturbed,
    )
