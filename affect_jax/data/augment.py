"""Data augmentation for training: what is drawn for a face or clip. `face_crops.py` applies it.

Geometry follows the unofficial EmoNet training code: rotation +-13.5 degrees, scale +-25 %, shift +-10 px for crops of
200 px, flip probability 0.5. The color jitter is our own. Erasing: Zhong et al., Random erasing, AAAI 2020.
"""

import dataclasses

import numpy as np
from jaxtyping import Float

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
SAME, GRAY = np.eye(3), np.tile(LUMA, (3, 1))
MIDDLE_GRAY = 0.5
OF_PIXELS = ("brightness", "contrast", "saturation", "tint", "gray_probability", "erase_probability")
OF_POSITIONS = ("rotation_degrees", "scale", "shift", "flip_probability")
ERASED_AREA, ERASED_ASPECT = (0.02, 0.33), (0.3, 1 / 0.3)  # share of the crop; height/width, log-uniform


@dataclasses.dataclass(frozen=True)
class AugmentConfig:
    """Training augmentation: half-widths of uniform distributions; 0 disables one."""

    rotation_degrees: float = 13.5  # in both directions
    scale: float = 0.25  # of the crop side
    shift: float = 0.05  # of the crop side, in each direction
    flip_probability: float = 0.5  # of mirroring the face
    brightness: float = 0.12  # offset; 1 is the range from black to white
    contrast: float = 0.25  # factor 1 +- this about middle gray
    saturation: float = 0.3  # factor 1 +- this
    tint: float = 0.06  # factor 1 +- this on each of red, green, blue
    gray_probability: float = 0.0  # of removing the color
    erase_probability: float = 0.0  # of filling a rectangle (2 to 33 % of the crop) with noise
    mixup_alpha: float = 0.0  # both parameters of the Beta distribution of the mixing ratio; 0 disables mixup

    def __post_init__(self):
        for name in ("flip_probability", "gray_probability", "erase_probability"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"augment.{name} is {getattr(self, name)}; expected a probability in [0, 1]")
        for name in ("rotation_degrees", "shift", "brightness", "contrast", "saturation", "tint"):
            if getattr(self, name) < 0:
                raise ValueError(f"augment.{name} is {getattr(self, name)}; expected 0 (off) or a positive number")
        if not 0 <= self.scale < 1:
            raise ValueError(f"augment.scale is {self.scale}; expected 0 (off) or a share below 1 of the crop side")
        if self.mixup_alpha < 0:
            raise ValueError(f"augment.mixup_alpha is {self.mixup_alpha}; expected 0 (off) or a positive number")

    def idle(self, takes: str) -> dict[str, str]:
        """The options that are on without effect on the inputs of a network, with the reason."""
        names = {"images": (), "landmarks": OF_PIXELS}.get(takes, OF_PIXELS + OF_POSITIONS)
        return {name: f"the network takes {takes}" for name in names if getattr(self, name)}


@dataclasses.dataclass(frozen=True)
class Jitter:
    """Parameters of one augmentation, shared by all frames of a clip; the defaults are the identity."""

    rotation_degrees: float = 0.0
    scale: float = 1.0
    shift_x: float = 0.0  # of the crop side
    shift_y: float = 0.0
    flip: bool = False
    color: Float[np.ndarray, "3 4"] | None = None  # affine map of RGB in [0, 1]
    erased: tuple[float, float, float, float] | None = None  # top, left, height, width; shares of the crop side
    noise_seed: int = 0  # of the noise in the erased rectangle


def draw_jitter(rng: np.random.Generator, config: AugmentConfig) -> Jitter:
    """Draws the parameters of one augmentation; the number of draws from `rng` does not depend on `config`."""
    rotation, scale, shift_x, shift_y, brightness, contrast, saturation, *tint = rng.uniform(-1, 1, 10)
    flip, gray = rng.uniform(size=2) < (config.flip_probability, config.gray_probability)
    erased, box, noise_seed = rng.uniform(), rng.uniform(size=4), int(rng.integers(2**32))
    return Jitter(
        rotation_degrees=rotation * config.rotation_degrees,
        scale=1 + scale * config.scale,
        shift_x=shift_x * config.shift,
        shift_y=shift_y * config.shift,
        flip=bool(flip),
        color=color_map(
            brightness * config.brightness,
            1 + contrast * config.contrast,
            0.0 if gray else 1 + saturation * config.saturation,
            1 + np.array(tint) * config.tint,
        ),
        erased=erased_box(box) if erased < config.erase_probability else None,
        noise_seed=noise_seed,
    )


def erased_box(draws: Float[np.ndarray, "4"]) -> tuple[float, float, float, float]:
    """Computes top, left, height and width of a rectangle in the unit square from four numbers in [0, 1).

    Sides longer than the square are clipped to it.
    """
    area = ERASED_AREA[0] + draws[0] * (ERASED_AREA[1] - ERASED_AREA[0])
    aspect = ERASED_ASPECT[0] * (ERASED_ASPECT[1] / ERASED_ASPECT[0]) ** draws[1]
    height, width = min(1.0, float(np.sqrt(area * aspect))), min(1.0, float(np.sqrt(area / aspect)))
    return float(draws[2]) * (1 - height), float(draws[3]) * (1 - width), height, width


def color_map(
    brightness: float, contrast: float, saturation: float, tint: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "3 4"]:
    """Combines tint, saturation (about luma), contrast (about middle gray) and brightness into one affine map."""
    affine = np.empty((3, 4))
    affine[:, :3] = contrast * (saturation * SAME + (1 - saturation) * GRAY) * tint[None, :]
    affine[:, 3] = brightness + MIDDLE_GRAY * (1 - contrast)
    return affine
