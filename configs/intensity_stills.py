"""How strongly faces show each emotion, from single images of many people: where I3D of configs/intensity.py starts.

Source: Carreira and Zisserman, CVPR 2017, who inflate a network of images. 1,024 other people take the place of
  their 1.2 million photographs; see docs/decisions/intensity.md.
Command: python -m launch.train --config=configs/intensity_stills.py --workdir=runs/intensity/stills
Expected: a kappa well above 0 for every emotion on new people.
Measured: kappa on 64 new people: happy 0.77 (0.57 at half of the steps), sad 0.79, surprise 0.84, fear 0.80, disgust
  0.81, anger 0.60; 10 min 19 s on two cores.
"""

from ml_collections import ConfigDict

from affect_jax.emotions import EMOTION_UNITS
from configs import base, intensity

EMOTIONS = tuple(EMOTION_UNITS)
PEOPLE = {"kind": "stills", "per_subject": 32, "seed": 1_000_000, "intensities": EMOTIONS}  # in no other config


def get_config(variant: str = "rendered") -> ConfigDict:
    """The only variant is "rendered"."""
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/intensity_stills.py; choose {', '.join(VARIANTS)}")
    config = base.base()
    config.task = base.task("intensity")
    config.model = base.model("intensity_inception", emotions_rated=EMOTIONS, **intensity.SIZES, dropout=0.2)
    config.batch_size = 64
    config.data.store = intensity.STORE
    config.data.train.rendered = base.data_set("rendered", split="train", subjects=1024, **PEOPLE)
    config.evaluations.validation = base.data_set("rendered", split="validation", subjects=64, **PEOPLE)
    config.augment.update(rotation_degrees=0.0, scale=0.1, contrast=0.0, saturation=0.0, tint=0.0)
    config.train.update(steps=4000, evaluate_every=1000, best="validation/kappa/intensity_happy")
    config.optimizer.update(learning_rate=3e-3, warmup_steps=50, weight_decay=0.01)
    return config


VARIANTS = ("rendered",)
