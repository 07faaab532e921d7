"""The identity of a subject: shape, colors, hair, and individual muscle response."""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float

from affect_jax.data.render.affect import ACTION_UNITS, UNIT
from affect_jax.data.render.shape import AVERAGE_FACE
from affect_jax.ops.geometry import MIRRORED_LANDMARKS

PURPOSE = {name: number for number, name in enumerate(("identity", "still", "clip", "scene", "pixels", "rater"))}

# RGB. Skin from light to dark; hair from black to white.
_SKINS = np.array(
    [[246, 214, 193], [236, 195, 165], [224, 175, 138], [203, 148, 108], [172, 116, 78], [128, 82, 56], [88, 57, 42]]
)
_HAIRS = np.array(
    [[28, 24, 24], [50, 36, 28], [84, 56, 38], [124, 84, 52], [176, 136, 84], [214, 182, 124], [140, 66, 36]]
    + [[136, 132, 130], [214, 212, 208]]
)
_EYES = np.array([[70, 44, 28], [92, 62, 36], [104, 92, 52], [74, 104, 74], [86, 122, 152], [110, 128, 140]])
HAIR_STYLES = ("bald", "cropped", "short", "curly", "fringe", "bob", "long", "bun")


@dataclasses.dataclass(frozen=True, eq=False)  # compared and hashed by object identity, for caches
class Identity:
    """One subject. Colors are RGB in 0..255, lengths in head units."""

    rest: Float[np.ndarray, "68 3"]
    expressiveness: Float[np.ndarray, "unit"]  # visible intensity per felt intensity
    asymmetry: Float[np.ndarray, "unit"]  # factor 1 + this on the right side, 1 - this on the left
    resting: Float[np.ndarray, "unit"]  # visible intensity at rest; may be negative
    skin: Float[np.ndarray, "3"]
    hair: Float[np.ndarray, "3"]
    iris: Float[np.ndarray, "3"]
    lips: Float[np.ndarray, "3"]
    clothes: Float[np.ndarray, "3"]
    hair_style: str
    hair_volume: float
    hairline: float  # 0 low .. 1 receding
    brow_thickness: float
    brow_darkness: float
    beard: float  # 0 none .. 1 full
    moustache: float
    glasses: str  # "", "round" or "square"
    age: float  # 0 young .. 1 old; depth of wrinkles
    make_up: float
    freckles: float
    cheekbones: float
    nose_size: float
    texture_seed: int


def _shape(rng: np.random.Generator) -> np.ndarray:
    """Deforms the average face by smooth changes of proportion and small irregularities."""
    points = AVERAGE_FACE.copy()
    normal = np.clip(rng.standard_normal(20), -2, 2)
    width = 1 + 0.05 * normal[0]
    jaw, brows, nose, eyes, mouth = (slice(*ends) for ends in ((0, 17), (17, 27), (27, 36), (36, 48), (48, 68)))
    height = points[jaw, 1]
    points[jaw, 0] *= width * (1 + 0.09 * normal[1] * np.clip((height - 0.4) / 1.0, 0, 1))  # narrow or square jaw
    points[jaw, 1] += 0.09 * normal[2] * np.clip((height - 0.6) / 1.1, 0, 1)  # long or short chin
    points[8, 1] += 0.03 * normal[3]
    side = np.sign(points[:, 0])
    spacing = 0.025 * normal[4]
    points[eyes, 0] += side[eyes] * spacing
    points[brows, 0] += side[brows] * (spacing + 0.02 * normal[5])
    points[brows, 1] += 0.032 * normal[6] + 0.022 * normal[7] * (np.abs(points[brows, 0]) - 0.45) / 0.3
    for first in (36, 42):
        eye = slice(first, first + 6)
        middle = points[eye].mean(0)
        offset = points[eye] - middle
        offset[:, 0] *= 1 + 0.07 * normal[8]
        offset[:, 1] *= 1 + 0.12 * normal[9]
        offset[:, 1] -= 0.06 * normal[10] * offset[:, 0] * side[first]  # tilt of the eye
        points[eye] = middle + offset
    points[nose, 0] *= 1 + 0.13 * normal[11]
    points[nose, 1] += 0.05 * normal[12] * np.clip(points[nose, 1] / 0.6, 0, 1)
    points[nose, 2] += 0.07 * normal[13] * np.clip(points[nose, 1] / 0.5, 0, 1)
    points[mouth, 0] *= 1 + 0.09 * normal[14]
    points[mouth, 1] += 0.035 * normal[12] + 0.03 * normal[15]
    seam = points[60:68, 1].mean()
    above, below = points[48:60, 1] < seam - 0.01, points[48:60, 1] > seam + 0.03
    points[48:60, 1] += (seam - points[48:60, 1]) * (-0.30 * normal[16] * above - 0.25 * normal[17] * below)
    jitter = rng.normal(0, 0.008, (68, 3)) * np.repeat([1, 1, 0.6, 0.5, 0.5], [17, 10, 9, 12, 20])[:, None]
    mirrored = jitter[MIRRORED_LANDMARKS] * (-1, 1, 1)
    points += 0.5 * (jitter + mirrored) + 0.45 * (jitter - mirrored)
    return points


def _muscles(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = len(ACTION_UNITS)
    overall = np.exp(np.clip(rng.normal(0, 0.15), -0.3, 0.3))
    expressiveness = np.clip(overall * np.exp(rng.normal(0, 0.10, count)), 0.6, 1.4)
    asymmetry = np.clip(rng.normal(0, 0.10, count), -0.25, 0.25)
    resting = np.zeros(count)
    spread = {1: 0.05, 2: 0.05, 4: 0.08, 5: 0.07, 7: 0.05, 12: 0.09, 15: 0.07, 17: 0.04, 23: 0.05, 43: 0.05}
    for unit, deviation in spread.items():
        resting[UNIT[unit]] = np.clip(rng.normal(0, deviation), -1.8 * deviation, 2 * deviation)
    resting[UNIT[43]] = max(resting[UNIT[43]], 0)
    for unit in (43, 25, 26):  # all subjects can close their eyes and open their mouths
        expressiveness[UNIT[unit]] = max(expressiveness[UNIT[unit]], 0.85)
    expressiveness[UNIT[43]] = 1.0
    asymmetry[UNIT[43]] = 0.0
    return expressiveness, asymmetry, resting


def _blend(palette: np.ndarray, place: float) -> np.ndarray:
    low = int(np.clip(place, 0, len(palette) - 1.001))
    return palette[low] + (palette[low + 1] - palette[low]) * (place - low)


def _lip_color(skin: np.ndarray, make_up: float, choice: float) -> np.ndarray:
    """Natural lip color, mixed with the lipstick selected by `choice` in [0, 1)."""
    natural = skin * (0.86, 0.62, 0.62) + (18, 4, 8)
    lipstick = np.array([[176, 40, 56], [196, 72, 84], [140, 36, 64]])[int(choice * 3)]
    return np.clip(natural + (lipstick - natural) * 0.6 * make_up, 20, 240)


@functools.lru_cache(maxsize=4096)
def draw_identity(seed: int, subject: int) -> Identity:
    """Draws the subject with this number; identical in every data set of the same seed."""
    rng = np.random.default_rng((seed, PURPOSE["identity"], subject))
    rest = _shape(rng)
    expressiveness, asymmetry, resting = _muscles(rng)
    uniform, normal = rng.random(24), rng.standard_normal(12)
    tone = uniform[0] * (len(_SKINS) - 1)
    skin = _blend(_SKINS, tone) * (1 + 0.04 * normal[0]) * (1 + np.array([0.008, 0.0, -0.022]) * normal[1])
    age = float(uniform[1] ** 1.3)
    gray = age > 0.75 and uniform[2] < 0.7
    hair_choice = 7 + (uniform[3] < 0.4) if gray else int(uniform[3] * (7 if tone < 2.5 else 3))
    bearded = uniform[4] < 0.28
    style = HAIR_STYLES[int(uniform[5] * 4)] if bearded else HAIR_STYLES[int(uniform[5] ** 0.8 * len(HAIR_STYLES))]
    make_up = 0.0 if bearded or uniform[6] > 0.45 else float(uniform[7])
    return Identity(
        rest=rest,
        expressiveness=expressiveness,
        asymmetry=asymmetry,
        resting=resting,
        skin=np.clip(skin, 30, 250),
        hair=_HAIRS[hair_choice] * (1 + 0.12 * normal[3]),
        iris=_EYES[int(uniform[9] * (6 if tone < 3 else 2))] * 1.0,
        lips=_lip_color(skin, make_up, uniform[8]),
        clothes=30 + 150 * uniform[10] + 60 * uniform[10:13],
        hair_style=style,
        hair_volume=float(uniform[13]),
        hairline=float(np.clip(uniform[14] * 0.7 + 0.3 * age, 0, 1)),
        brow_thickness=float(0.055 + 0.05 * uniform[15] + 0.02 * bearded),
        brow_darkness=float(0.55 + 0.4 * uniform[16]),
        beard=float(bearded * (0.35 + 0.65 * uniform[17])),
        moustache=float(bearded * uniform[18]),
        glasses="" if uniform[19] > 0.2 else ("round" if uniform[20] < 0.5 else "square"),
        age=age,
        make_up=make_up,
        freckles=float(max(uniform[21] - 0.7, 0) / 0.3 * (tone < 2.5)),
        cheekbones=float(normal[4]),
        nose_size=float(np.clip(normal[5], -2, 2)),
        texture_seed=int(uniform[22] * 2**31),
    )


def show(
    identity: Identity, units: Float[np.ndarray, "frames unit"], speech: Float[np.ndarray, "frames unit"]
) -> Float[np.ndarray, "frames unit 2"]:
    """Visible units on the (left, right) side from felt units, speech and blinks; at most 1.25."""
    felt = (units * identity.expressiveness)[..., None] * (1 + identity.asymmetry[:, None] * np.array([-1.0, 1.0]))
    return np.clip(felt + np.maximum(speech, 0)[..., None] + identity.resting[:, None], -0.3, 1.25)
