"""Experiment 3: what an inflated network is made of: rank, temporal size, causal or centered, forms, one phase or two.

Source: Kossaifi et al., CVPR 2020, vary the rank; the other questions are ours.
Command: python -m launch.sweep --config=configs/clips.py:scratch --sweep=configs/sweeps/clip_design.py
  --data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48
  --workdir=runs/clips/design
Expected: more rank and more frames a layer help; two phases are worth more than one.
Measured: the average over frames is the whole gain, +0.040, whatever the rest; causal +0.029 (BUILD_NOTES.md).
All but one design are trained in the first phase alone, which is where they differ; two phases are in experiment 1.
"""

from configs.sweeps.points.clips import ONE_PHASE, RANKS, SEEDS, first_phase, point_of

STATIC = "static, frame by frame"
DESIGNS = {
    "rank 32, 3 frames a layer, average of 9": {},
    "no average": {"model.time.pool": 1},
    "only the average": {"model.time.layers": ()},
    "5 frames a layer": {"model.time.kernel": 5},
    "causal": {"model.time.causal": True},
    **{f"rank {rank}": {"model.head.rank": rank} for rank in RANKS},
    "channelwise, everywhere": {"model.time.form": "channelwise", "model.time.layers": ("all",)},
}


def get_sweep():
    """Seed by seed, each ending with one phase of as many steps as two take; after all, the static networks themselves.

    `launch.compare_sweeps --against=...` takes the differences of a rank's designs to the static network of that rank.
    """
    points = []
    for seed in SEEDS:
        for name, options in DESIGNS.items():
            points.append(first_phase(point_of("HO-CP inflated", seed, **options, label=name)))
        points.append(point_of("HO-CP inflated", seed, **ONE_PHASE, label="one phase"))
    for seed in SEEDS:
        points.append(point_of(STATIC, seed))
        points += [point_of(STATIC, seed, **{"model.head.rank": r}, label=f"static, rank {r}") for r in RANKS]
    return points
