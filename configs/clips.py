"""Networks over time on rendered clips: what the experiments of configs/sweeps/clip_*.py start from.

Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020: a static network, inflated, against networks of space
  and time that start without one.
Command: bash launch/clip_experiments.sh (the landmark trunk, three static networks, then the sweeps), or one run:
  python -m launch.train --config=configs/clips.py:inflated --config.initialise.workdir=<static run> --workdir=W
Expected: the inflated network best or equal, with the fewest clips and steps. Measured: BUILD_NOTES.md.
"""

from ml_collections import ConfigDict

from configs import quickstart

LANDMARKS = "runs/quickstart/landmarks"
STATICS = "runs/clips/statics"  # launch.sweep --config=configs/clips.py:static --sweep=configs/sweeps/seeds.py
PEOPLE, FRAMES, STEPS = 1024, 24, 320
FIRST_STEPS = 80  # of them in which only what looks along time moves
TIME_ONLY = "(?!.*time).*"
STANDING = {"model.time_layers": "none", "model.time_pool": 1}  # no layer that looks along time

KEPT = {"fixed_statistics": ".*", "optimiser.rate": 1e-3}  # of a network that has learnt already
INFLATED = {"initialise.rule": "inflate", **KEPT}
SEEDS = (0, 1, 2)

# What each network differs in from the config below.
NETWORKS = {
    "static, frame by frame": {**STANDING, **INFLATED, "loop.steps": 0},
    "moving average": {**STANDING, **INFLATED, "loop.steps": 0, "model.output_average": "warm"},
    "static, trained on the clips": {**STANDING, **INFLATED},
    "GRU on the static features": {**STANDING, **INFLATED, "model.recurrent": "gru"},
    "dense 3-D from scratch": {"model.time_form": "dense"},
    "HO-CP from scratch": {},
    "HO-CP inflated": INFLATED,
}


def points_of(label: str, seed: int, at: int, name: str = "", phases: int = 2, **options) -> list[dict]:
    """The points of one network in a sweep that holds `at` points before them, named `name` there.

    An inflated network has two phases: only what looks along time, then everything, in as many steps as others have.
    """
    point = {"label": name or label, "seed": seed, **NETWORKS[label], **options}
    if "initialise.rule" in point:
        point["initialise.workdir"] = f"{STATICS}/{seed:03d}"
    if label != "HO-CP inflated" or phases == 1:
        return [point]
    first = {"frozen": TIME_ONLY, "fixed_statistics": "", "optimiser.rate": 6e-3, "loop.steps": FIRST_STEPS}
    second = {"initialise.rule": "copy", "initialise.workdir": f"{{sweep}}/{at:03d}", "loop.steps": STEPS - FIRST_STEPS}
    return [{**point, **first, "label": f"{point['label']}, first phase"}, {**point, **second}]


def get_config(variant: str = "scratch") -> ConfigDict:
    """Variants: static (on stills), scratch (from the landmark trunk), inflated (the second phase in one run)."""
    if variant == "static":
        config = quickstart.get_config("static")
        config.frozen = ""  # the trunk learns too: worth more than anything else (BUILD_NOTES.md)
        config.loop.update(steps=1000, evaluate_every=500)
        return config
    if variant not in ("scratch", "inflated"):
        raise ValueError(f"unknown variant '{variant}' of configs/clips.py; choose static, scratch or inflated")
    config = quickstart.get_config("clip")
    config.frozen = ""
    config.initialise.update(rule="copy", workdir=LANDMARKS)
    config.data.update(frames=12, hop=4)
    config.data.train.rendered = quickstart.clips("train", PEOPLE, 1, FRAMES)
    config.data.validation = quickstart.clips("validation", 48, 1, FRAMES)
    config.loop.update(steps=STEPS, evaluate_every=40)
    config.optimiser.update(rate=3e-3, warmup_steps=20, weight_decay=0.01)
    if variant == "inflated":
        config.initialise.update(rule="inflate", workdir=f"{STATICS}/000")
        config.fixed_statistics = ".*"
        config.optimiser.rate = 1e-3
    return config
