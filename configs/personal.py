"""A network for the study of personalization: trained on a few rendered people, the sources, and used on others.

Source: one network for all people, as it stands before any adaptation. As a network that was pretrained on faces in the
  wild, it starts from stills of other people; the sizes are those of configs/quickstart.py.
Command: bash launch/personal_experiments.sh
Expected: a CCC on new people that is below the one on the sources, which is what adaptation may win back.
Measured: mean CCC by person 0.730 on 9 sources and 0.673 on 9 others, five seeds (docs/results/personal.md).
"""

from ml_collections import ConfigDict

from configs import base, quickstart

RUNS = "runs/personal"
INDIVIDUALITY = 2.0  # personal deviations of expressiveness, resting face and asymmetry; 1 in the other experiments
OTHER_PEOPLE = 1_000_000  # seed of the people of the first two variants, who are neither sources nor targets
SECONDS = 300  # of a recording, as in RECOLA; one frame per second is learned from
REST_SECONDS = 3.0  # each recording begins with a face at rest


def get_config(variant: str = "static") -> ConfigDict:
    """Variants: landmarks, others, static; the seed of `static` is also that of its people."""
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/personal.py; choose one of {', '.join(VARIANTS)}")
    config = quickstart.get_config("landmarks" if variant == "landmarks" else "static")
    config.data.store = ""
    config.augment.gray_probability = 0.0
    return VARIANTS[variant](config)


def stills(config: ConfigDict) -> ConfigDict:
    for part in (config.data.train.rendered, config.evaluations.validation):
        part.update(seed=OTHER_PEOPLE, individuality=INDIVIDUALITY)
    return config


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


def others(config: ConfigDict) -> ConfigDict:
    config.initialize.workdir = f"{RUNS}/landmarks"
    config.train.evaluate_every = 500
    return stills(config)


def static(config: ConfigDict) -> ConfigDict:
    # Only the last two layers learn from the sources: a network that has learned them altogether knows them so well
    # that nothing about strangers can be learned from its features of them (docs/results/personal.md).
    config.initialize.workdir = f"{RUNS}/others"
    config.frozen = "(?!head/(hidden|output)).*"
    config.fixed_statistics = ".*"
    config.task.landmark_weight = 0.0
    config.data.train.rendered = recordings("train", 9)
    config.evaluations.validation = recordings("validation", 9)
    for part in (config.data.train.rendered, config.evaluations.validation):
        part.seed = config.get_ref("seed")
    config.train.update(steps=150, evaluate_every=150)  # evaluated once: no other person selects a checkpoint
    config.optimizer.update(learning_rate=3e-3, warmup_steps=15)
    return config


VARIANTS = {"landmarks": stills, "others": others, "static": static}
