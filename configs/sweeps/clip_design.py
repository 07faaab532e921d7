"""Experiment 3: what an inflated network is made of: rank, temporal size, causal or centred, forms, one phase or two.

Command: python -m launch.sweep --config=configs/clips.py:scratch --sweep=configs/sweeps/clip_design.py
  --data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48
  --workdir=runs/clips/design
All but the last are trained in the first phase alone, which is where they differ; two phases are in experiment 1.
"""

from configs.sweeps.points.clips import ONE_PHASE, RANKS, SEEDS, first_phase, point_of

DESIGNS = {
    "rank 32, 3 frames a layer, average of 9": {},
    "no average": {"model.time_pool": 1},
    "only the average": {"model.time_layers": "none"},
    "5 frames a layer": {"model.time_kernel": 5},
    "causal": {"model.causal": True},
    **{f"rank {rank}": {"model.head_rank": rank} for rank in RANKS},
    "channelwise, everywhere": {"model.time_form": "channelwise", "model.time_layers": "all"},
}


def get_sweep():
    """Seed by seed; last the first design in one phase, for as many steps as two take."""
    points = []
    for seed in SEEDS:
        for name, options in DESIGNS.items():
            points.append(first_phase(point_of("HO-CP inflated", seed, **options, label=name)))
        points.append(point_of("HO-CP inflated", seed, **ONE_PHASE, label="one phase"))
    return points
