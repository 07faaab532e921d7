"""Networks over time on rendered clips: what the experiments of configs/sweeps/clip_*.py start from.

Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020: a static network, inflated, against networks of space
  and time that start without one.
Command: bash launch/clip_experiments.sh; one run: python -m launch.train --config=configs/clips.py:inflated
  --config.initialise.workdir=<a static run> --workdir=W
Expected: the inflated network best or equal, with the fewest clips and steps.
Measured: see BUILD_NOTES.md.
"""

from ml_collections import ConfigDict

from configs import quickstart

LANDMARKS = "runs/quickstart/landmarks"
STATICS = "runs/clips/statics"  # by the sweep configs/sweeps/seeds.py
OTHER_RANKS = "runs/clips/ranks"  # by the sweep configs/sweeps/static_ranks.py
SEEDS, RANKS = (0, 1, 2), (8, 64)
PEOPLE, FRAMES, STEPS = 1024, 24, 320
TIME_POOL = 9
FIRST = {  # of two phases, in which only what looks along time moves
    "frozen": "(?!.*time).*",
    "fixed_statistics": "",
    "optimiser.rate": 6e-3,
    "optimiser.average": 0.0,
    "loop.steps": 80,
}
KEPT = {"fixed_statistics": ".*", "optimiser.rate": 3e-4, "optimiser.average": 0.99}  # of a network that has learnt
INFLATED = {"initialise.rule": "inflate", **KEPT}
STANDING = {"model.time_layers": "none", "model.time_pool": 1, **INFLATED}  # without a layer that looks along time
TWO_PHASES = ("GRU on the static features", "HO-CP inflated")
ONE_PHASE = {"optimiser.rates": f"{quickstart.AVERAGE}=100,.*time.*=20"}  # each part at the rate that it has in two

NETWORKS = {  # what each differs in from the variant "scratch"
    "static, frame by frame": {**STANDING, "loop.steps": 0},
    "moving average": {**STANDING, "loop.steps": 0, "model.output_average": "warm"},
    "static, trained on the clips": STANDING,
    "GRU on the static features": {**STANDING, "model.recurrent": "gru"},
    "dense 3-D from scratch": {"model.time_form": "dense"},
    "HO-CP from scratch": {},
    "HO-CP inflated": INFLATED,
}


def points_of(label: str, seed: int, at: int, name: str = "", **options) -> list[dict]:
    """The points of one network, called `name`, in a sweep with `at` points before; two phases take one's steps."""
    point = {"label": name or label, "seed": seed, **NETWORKS[label], **options}
    if "initialise.rule" in point:
        point["initialise.workdir"] = static_of(seed, point.get("model.head_rank"))
    if label not in TWO_PHASES or "optimiser.rates" in options:
        return [point]
    first = {**point, **FIRST, "label": f"{point['label']}, first phase"}
    if point.get("model.time_pool", TIME_POOL) > 1:
        first["optimiser.rates"] = f"{quickstart.AVERAGE}=5"
    rest = {"initialise.rule": "copy", "initialise.workdir": f"{{sweep}}/{at:03d}"}
    rest["loop.steps"] = STEPS - FIRST["loop.steps"]
    return [first, {**point, **rest}]


def static_of(seed: int, rank: int | None) -> str:
    """The static network of a seed, of the usual rank (None) or another."""
    if rank is None:
        return f"{STATICS}/{seed:03d}"
    return f"{OTHER_RANKS}/{SEEDS.index(seed) * len(RANKS) + RANKS.index(rank):03d}"


def get_config(variant: str = "scratch") -> ConfigDict:
    """Variants: static (on stills), scratch (from the landmark trunk), inflated (the second phase in one run)."""
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant '{variant}' of configs/clips.py; choose one of {', '.join(VARIANTS)}")
    config = quickstart.get_config("static" if variant == "static" else "clip")
    config.frozen = ""  # the trunk learns too: worth more than anything else (BUILD_NOTES.md)
    return VARIANTS[variant](config)


def static(config: ConfigDict) -> ConfigDict:
    config.loop.update(steps=1000, evaluate_every=500)
    return config


def scratch(config: ConfigDict) -> ConfigDict:
    config.initialise.update(rule="copy", workdir=LANDMARKS)
    config.model.time_pool = TIME_POOL
    config.data.update(frames=12, hop=4)
    config.data.train.rendered = quickstart.clips("train", PEOPLE, 1, FRAMES)
    config.data.validation = quickstart.clips("validation", 48, 1, FRAMES)
    config.loop.update(steps=STEPS, evaluate_every=40)
    config.optimiser.update(rate=3e-3, warmup_steps=20, weight_decay=0.01, rates="")
    return config


def inflated(config: ConfigDict) -> ConfigDict:
    scratch(config).update_from_flattened_dict({**INFLATED, "initialise.workdir": f"{STATICS}/000"})
    return config


VARIANTS = {"static": static, "scratch": scratch, "inflated": inflated}
