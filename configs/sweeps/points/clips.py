"""The networks of the clip experiments as points of sweeps over configs/clips.py:scratch."""

from configs.clips import FRAMES, INFLATED, STATICS, STEPS, TIME_POOL
from configs.quickstart import AVERAGE

OTHER_RANKS = "runs/clips/ranks"  # from the sweep configs/sweeps/static_ranks.py
SEEDS = (0, 1, 2)
RANKS = (8, 64)
FIRST_PHASE = {  # of two; trains only the temporal parameters
    "frozen": "(?!.*time).*",
    "fixed_statistics": "",
    "optimizer.learning_rate": 6e-3,
    "optimizer.average": 0.0,
    "train.steps": 80,
}
FRAME_BY_FRAME = {"model.time.layers": (), "model.time.pool": 1, **INFLATED}  # without temporal layers
FLAT = {  # its windows are longer than those of the others, so that none cuts an average short
    **FRAME_BY_FRAME,
    "train.steps": 0,
    "data.frames": FRAMES,
    "model.time.output_average": "flat",
}
CENTERED_FRAMES = 9  # chosen on validation subjects (docs/results/flat_average.md)
CAUSAL_FRAMES = 5
TWO_PHASES = ("GRU on the static features", "HO-CP inflated")
# In a single phase, each part has the learning rate that it has in two phases.
ONE_PHASE = {"optimizer.learning_rate_multipliers": ((AVERAGE, 100.0), (".*time.*", 20.0))}

NETWORKS = {  # differences from the variant "scratch"
    "static, frame by frame": {**FRAME_BY_FRAME, "train.steps": 0},
    "moving average": {**FRAME_BY_FRAME, "train.steps": 0, "model.time.output_average": "warm"},
    "flat average": {**FLAT, "model.time.output_frames": CENTERED_FRAMES},
    "flat average, causal": {**FLAT, "model.time.output_frames": CAUSAL_FRAMES, "model.time.causal": True},
    "static, trained on the clips": FRAME_BY_FRAME,
    "GRU on the static features": {**FRAME_BY_FRAME, "model.time.recurrent": "gru"},
    "dense 3-D from scratch": {"model.time.form": "dense"},
    "HO-CP from scratch": {},
    "HO-CP inflated": INFLATED,
}


def make_points(label: str, seed: int, at: int, **options) -> list[dict]:
    """The points of one network in a sweep, after `at` other points; two phases take as many steps as one."""
    point = make_point(label, seed, **options)
    if label not in TWO_PHASES:
        return [point]
    second_phase = {
        **point,
        "initialize.rule": "copy",
        "initialize.workdir": f"{{sweep}}/{at:03d}",
        "train.steps": STEPS - FIRST_PHASE["train.steps"],
    }
    return [first_phase({**point, "label": f"{label}, first phase"}), second_phase]


def make_point(network: str, seed: int, **options) -> dict:
    """A network trained in one phase; `options` override its own, including the label."""
    point = {"label": network, "seed": seed, **NETWORKS[network], **options}
    if "initialize.rule" in point:
        point["initialize.workdir"] = static_workdir(seed, point.get("model.head.rank"))
    return point


def first_phase(point: dict) -> dict:
    """The first of two phases of a network."""
    changed = {**point, **FIRST_PHASE}
    if point.get("model.time.pool", TIME_POOL) > 1:
        changed["optimizer.learning_rate_multipliers"] = ((AVERAGE, 5.0),)
    return changed


def static_workdir(seed: int, rank: int | None) -> str:
    """Workdir of the static network of a seed, with the default rank (None) or another one."""
    if rank is None:
        return f"{STATICS}/{seed:03d}"
    return f"{OTHER_RANKS}/{SEEDS.index(seed) * len(RANKS) + RANKS.index(rank):03d}"
