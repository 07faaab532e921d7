"""A network for the study of personalization: trained on a few rendered people, the sources, and used on others.

Source: one network for all people, as it stands before any adaptation to a person; its trunk has seen other people
  only through their landmarks. The sizes are those of configs/quickstart.py.
Command: bash launch/personal_experiments.sh
Expected: a CCC on new people that is well below the one on the sources, which is what adaptation may win back.
Measured: not yet run.
"""

from ml_collections import ConfigDict

from configs import base
from configs.quickstart import FIXED, HEAD, SIZES

RUNS = "runs/personal"
INDIVIDUALITY = 2.0  # personal deviations of expressiveness, resting face and asymmetry; 1 in the other experiments
OTHER_PEOPLE = 1_000_000  # seed of the people of the landmark trunk, who are neither sources nor targets
SECONDS = 300  # of a recording, as in RECOLA; one frame per second is learned from
REST_SECONDS = 3.0  # each recording begins with a face at rest


def get_config(variant: str = "static") -> ConfigDict:
    """Variants: landmarks, static; the seed of `static` is also that of its people."""
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/personal.py; choose one of {', '.join(VARIANTS)}")
    config = base.base()
    # Rendered faces already vary in pose, framing and lighting; only mirroring remains.
    config.augment.update(rotation_degrees=0.0, scale=0.0, shift=0.0, brightness=0.0, contrast=0.0, saturation=0.0)
    config.augment.tint = 0.0
    return VARIANTS[variant](config)


def stills(split: str, subjects: int) -> ConfigDict:
    return base.data_set(
        "rendered", split=split, seed=OTHER_PEOPLE, subjects=subjects, per_subject=6, individuality=INDIVIDUALITY
    )


def recordings(split: str, subjects: int) -> ConfigDict:
    return base.data_set(
        "rendered",
        split=split,
        kind="clips",
        subjects=subjects,
        per_subject=1,
        frames=SECONDS,
        fps=1.0,
        rest_seconds=REST_SECONDS,
        individuality=INDIVIDUALITY,
    )


def landmarks(config: ConfigDict) -> ConfigDict:
    config.model = base.model("landmarks", trunk=SIZES, **FIXED)
    config.task = base.task("landmarks")
    config.data.train.rendered = stills("train", 1024)
    config.evaluations.validation = stills("validation", 64)
    config.train.update(steps=240, evaluate_every=120, best="-validation/nme")
    config.optimizer.update(learning_rate=3e-3, warmup_steps=20)
    return config


def static(config: ConfigDict) -> ConfigDict:
    config.model = base.model("emonet", trunk=SIZES, head=HEAD, **FIXED)
    config.task = base.task("affect", emotion_weight=0.3)
    config.initialize.update(rule="copy", workdir=f"{RUNS}/landmarks")
    config.data.train.rendered = recordings("train", 9)
    config.evaluations.validation = recordings("validation", 9)
    for part in (config.data.train.rendered, config.evaluations.validation):
        part.seed = config.get_ref("seed")
    config.train.update(steps=300, evaluate_every=300)  # evaluated once: no other person selects a checkpoint
    config.optimizer.update(learning_rate=1e-2, warmup_steps=30, weight_decay=0.01)
    return config


VARIANTS = {"landmarks": landmarks, "static": static}
