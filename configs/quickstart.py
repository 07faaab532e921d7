"""The whole pipeline on rendered faces, about six minutes on two cores: landmarks -> static -> (inflate) -> clip.

Source: small versions of Toisoul et al., Nature Machine Intelligence 3, 2021 (static) and Kossaifi et al., CVPR 2020
  (clip).
Command: bash launch/quickstart.sh
Expected: CCC of at least 0.75 for valence and 0.70 for arousal on held-out subjects; higher for clip than for static.
Measured: the table in README.md (three seeds); where the time goes: docs/results/quickstart.md.
"""

from ml_collections import ConfigDict

from configs import base

STORE = "runs/quickstart/data"
FIXED = {"execution": "direct"}  # rather than the fastest by timing, so that a seed gives the same network again
SIZES = {"input_px": 64, "widths": (16, 32, 64), "depth": 2, "modules": 1}
HEAD = {"blocks": 3, "rank": 32}
AVERAGE = "head/time_features/offsets"  # the learned average over frames, which changes the most in training


def get_config(variant: str = "static") -> ConfigDict:
    """Variants: landmarks, static, clip."""
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/quickstart.py; choose one of {', '.join(VARIANTS)}")
    config = base.base()
    config.data.store = STORE
    # Rendered faces already vary in pose, framing and lighting; only mirroring remains.
    config.augment.update(rotation_degrees=0.0, scale=0.0, shift=0.0, brightness=0.0, contrast=0.0, saturation=0.0)
    config.augment.tint = 0.0
    return VARIANTS[variant](config)


def stills(split: str, subjects: int, per_subject: int) -> ConfigDict:
    return base.data_set("rendered", split=split, kind="stills", subjects=subjects, per_subject=per_subject)


def clips(split: str, subjects: int, per_subject: int, frames: int) -> ConfigDict:
    return base.data_set(
        "rendered", split=split, kind="clips", subjects=subjects, per_subject=per_subject, frames=frames
    )


def landmarks(config: ConfigDict) -> ConfigDict:
    config.model = base.model("landmarks", trunk=SIZES, **FIXED)
    config.task = base.task("landmarks")
    config.data.train.rendered = stills("train", 1024, 6)
    config.evaluations.validation = stills("validation", 64, 6)
    config.train.update(steps=240, evaluate_every=120, best="-validation/nme")
    config.optimizer.update(learning_rate=3e-3, warmup_steps=20)
    return config


def static(config: ConfigDict) -> ConfigDict:
    config.model = base.model("emonet", trunk=SIZES, head=HEAD, **FIXED)
    config.task = base.task("affect", emotion_weight=0.3)  # on these subtle faces, the six emotions are the harder task
    config.task.landmark_weight = 300.0  # the trunk is trained too, without losing its landmarks
    config.augment.gray_probability = 0.2
    config.initialize.update(rule="copy", workdir="runs/quickstart/landmarks")
    config.data.train.rendered = stills("train", 1024, 6)
    config.evaluations.validation = stills("validation", 64, 6)
    config.train.update(steps=500, evaluate_every=250)
    config.optimizer.update(learning_rate=1e-2, warmup_steps=50, weight_decay=0.01)
    return config


def clip(config: ConfigDict) -> ConfigDict:
    config.model = base.model("clip", trunk=SIZES, head=HEAD, **FIXED)
    config.task = base.task("affect", emotion_weight=0.3)
    config.frozen = "(?!.*time).*"  # first phase in the paper: only the temporal parameters are trained
    config.batch_size = 8
    config.initialize.update(rule="copy", workdir="runs/quickstart/inflated")
    config.data.update(frames=16, hop=4)
    config.data.train.rendered = clips("train", 200, 1, 20)
    config.evaluations.validation = clips("validation", 24, 1, 48)
    config.train.update(steps=100, evaluate_every=50)
    config.optimizer.update(learning_rate=6e-3, warmup_steps=10, learning_rate_multipliers=((AVERAGE, 5.0),))
    return config


VARIANTS = {"landmarks": landmarks, "static": static, "clip": clip}
