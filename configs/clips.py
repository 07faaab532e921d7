"""Clip networks on rendered clips: the base config of the experiments in configs/sweeps/clip_*.py.

Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020: an inflated static network compared with
  spatio-temporal networks that are trained from scratch.
Command: bash launch/clip_experiments.sh; one run: python -m launch.train --config=configs/clips.py:inflated
  --config.initialize.workdir=<a static run> --workdir=W
Expected: the inflated network is best or on par, with the fewest clips and steps.
Measured: mean CCC of the inflated network 0.839, static 0.792, from scratch 0.575 (HO-CP) and 0.533 (dense 3-D).
"""

from ml_collections import ConfigDict

from configs import quickstart

LANDMARKS = "runs/clips/landmarks"
STATICS = "runs/clips/statics"  # from the sweep configs/sweeps/seeds.py
SUBJECTS = 1024
FRAMES = 24
STEPS = 320
TIME_POOL = 9
# For a network that starts from trained weights.
FINE_TUNING = {"fixed_statistics": ".*", "optimizer.learning_rate": 3e-4, "optimizer.average": 0.99}
INFLATED = {"initialize.rule": "inflate", **FINE_TUNING}


def get_config(variant: str = "scratch") -> ConfigDict:
    """Variants: static (on stills), scratch (from the landmark trunk), inflated (only the second training phase)."""
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/clips.py; choose one of {', '.join(VARIANTS)}")
    config = quickstart.get_config("static" if variant == "static" else "clip")
    config.frozen = ""  # training the trunk too helps more than anything else (docs/results/ablations.md)
    config.model.execution = "auto"
    return VARIANTS[variant](config)


def static(config: ConfigDict) -> ConfigDict:
    config.initialize.workdir = LANDMARKS
    config.task.landmark_weight = 0.0
    config.augment.gray_probability = 0.0
    config.train.update(steps=1000, evaluate_every=500)
    return config


def scratch(config: ConfigDict) -> ConfigDict:
    config.initialize.update(rule="copy", workdir=LANDMARKS)
    config.model.time.pool = TIME_POOL
    config.data.update(frames=12, hop=4)
    config.data.train.rendered = quickstart.clips("train", SUBJECTS, 1, FRAMES)
    config.evaluations.validation = quickstart.clips("validation", 48, 1, FRAMES)
    config.train.update(steps=STEPS, evaluate_every=40)
    config.optimizer.update(learning_rate=3e-3, warmup_steps=20, weight_decay=0.01, learning_rate_multipliers=())
    return config


def inflated(config: ConfigDict) -> ConfigDict:
    scratch(config).update_from_flattened_dict({**INFLATED, "initialize.workdir": f"{STATICS}/000"})
    return config


VARIANTS = {"static": static, "scratch": scratch, "inflated": inflated}
