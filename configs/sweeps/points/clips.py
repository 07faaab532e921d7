"""The networks of the clip experiments as points of sweeps over configs/clips.py:scratch."""

from configs.clips import INFLATED, STATICS, STEPS, TIME_POOL
from configs.quickstart import AVERAGE

OTHER_RANKS = "runs/clips/ranks"  # by the sweep configs/sweeps/static_ranks.py
SEEDS, RANKS = (0, 1, 2), (8, 64)
FIRST = {  # of two phases, in which only what looks along time moves
    "frozen": "(?!.*time).*",
    "fixed_statistics": "",
    "optimizer.learning_rate": 6e-3,
    "optimizer.average": 0.0,
    "train.steps": 80,
}
STANDING = {"model.time.layers": (), "model.time.pool": 1, **INFLATED}  # without a layer that looks along time
TWO_PHASES = ("GRU on the static features", "HO-CP inflated")
ONE_PHASE = {
    "optimizer.learning_rate_multipliers": ((AVERAGE, 100.0), (".*time.*", 20.0))
}  # each part at the rate that it has in two

NETWORKS = {  # what each differs in from the variant "scratch"
    "static, frame by frame": {**STANDING, "train.steps": 0},
    "moving average": {**STANDING, "train.steps": 0, "model.time.output_average": "warm"},
    "static, trained on the clips": STANDING,
    "GRU on the static features": {**STANDING, "model.time.recurrent": "gru"},
    "dense 3-D from scratch": {"model.time.form": "dense"},
    "HO-CP from scratch": {},
    "HO-CP inflated": INFLATED,
}


def points_of(label: str, seed: int, at: int, **options) -> list[dict]:
    """The points of one network in a sweep with `at` points before; two phases take one's steps."""
    point = point_of(label, seed, **options)
    if label not in TWO_PHASES:
        return [point]
    rest = {"initialize.rule": "copy", "initialize.workdir": f"{{sweep}}/{at:03d}"}
    rest["train.steps"] = STEPS - FIRST["train.steps"]
    return [first_phase({**point, "label": f"{label}, first phase"}), {**point, **rest}]


def point_of(network: str, seed: int, **options) -> dict:
    """A network trained in one phase; `options` replace its own, the label included."""
    point = {"label": network, "seed": seed, **NETWORKS[network], **options}
    if "initialize.rule" in point:
        point["initialize.workdir"] = static_of(seed, point.get("model.head.rank"))
    return point


def first_phase(point: dict) -> dict:
    """Only the first phase of a network."""
    averages = point.get("model.time.pool", TIME_POOL) > 1
    return {**point, **FIRST, **({"optimizer.learning_rate_multipliers": ((AVERAGE, 5.0),)} if averages else {})}


def static_of(seed: int, rank: int | None) -> str:
    """The static network of a seed, of the usual rank (None) or another."""
    if rank is None:
        return f"{STATICS}/{seed:03d}"
    return f"{OTHER_RANKS}/{SEEDS.index(seed) * len(RANKS) + RANKS.index(rank):03d}"
