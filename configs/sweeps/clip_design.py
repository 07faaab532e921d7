"""Experiment 3: what an inflated network is made of: rank, temporal size, causal or centred, one phase or two, forms.

Command: python -m launch.sweep --config=configs/clips.py:scratch --sweep=configs/sweeps/clip_design.py
  --data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48
  --workdir=runs/clips/design
What all are to be held against, rank 32 with 3 frames a layer and an average of 9, is in experiment 1.
"""

from configs.sweeps.points.clips import ONE_PHASE, RANKS, SEEDS, points_of

INFLATED = "HO-CP inflated"
DESIGNS = {
    "no average": {"model.time_pool": 1},
    "only the average": {"model.time_layers": "none"},
    "5 frames a layer": {"model.time_kernel": 5},
    "causal": {"model.causal": True},
    **{f"rank {rank}": {"model.head_rank": rank} for rank in RANKS},
    "channelwise, everywhere": {"model.time_form": "channelwise", "model.time_layers": "all"},
}


def get_sweep():
    """Seed by seed; last the network of experiment 1 in one phase, for as many steps."""
    points = []
    for seed in SEEDS:
        for name, options in DESIGNS.items():
            points += points_of(INFLATED, seed, at=len(points), name=name, **options)
        points += points_of(INFLATED, seed, at=len(points), name="one phase", **ONE_PHASE)
    return points
