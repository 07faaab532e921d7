"""Experts on the stored features of a static network: one for each source person, then gate and experts jointly.

Source: Feffer, Rudovic, Picard, A mixture of personalized experts for human affect estimation, MLDM 2018: nine people,
  an expert for each, a gate. Sizes and losses are ours; see docs/decisions/experts.md.
Command: bash launch/experts_experiments.sh, after launch/quickstart.sh
Expected: on people that no expert has learned, the joint mixture above the mean of the experts with equal shares.
Measured: it is (0.682 to 0.662; the static network: 0.673), but above experts of the first stage with equal shares only
  by 0.001; see docs/results/experts.md.
"""

from ml_collections import ConfigDict

from configs import base

RUNS = "runs/experts"
BASE = "runs/quickstart/static"  # whose features these are
PEOPLE = 9


def get_config(variant: str = "joint") -> ConfigDict:
    """Variants: experts (each on its own person), joint (from these), clusters (fewer experts than people)."""
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/experts.py; choose one of {', '.join(VARIANTS)}")
    config = base.base()
    config.batch_size = 512  # correlations of each expert are over its own frames, about 57 of them
    config.model = base.model("experts", features=64, mixture={"count": PEOPLE, "hidden": 32})
    config.data.train.sources = base.data_set("features", root=f"{RUNS}/sources")
    config.evaluations.validation = base.data_set("features", root=f"{RUNS}/validation")
    config.train.update(steps=300, evaluate_every=100)
    config.optimizer.update(learning_rate=1e-3, warmup_steps=30, weight_decay=0.01)
    return VARIANTS[variant](config)


def experts(config: ConfigDict) -> ConfigDict:
    config.task = base.task("experts", stage="experts", gate_weight=0.1)
    config.initialize.update(rule="head", workdir=BASE)
    return config


def joint(config: ConfigDict) -> ConfigDict:
    config.task = base.task("experts", stage="joint")
    config.initialize.update(rule="copy", workdir=f"{RUNS}/experts")
    return config


def clusters(config: ConfigDict) -> ConfigDict:
    config.model.mixture.count = 4
    config.task = base.task("experts", stage="joint")
    config.initialize.update(rule="head", workdir=BASE)
    return config


VARIANTS = {"experts": experts, "joint": joint, "clusters": clusters}
