"""Experiment 3: design of an inflated network: rank, temporal kernel size, causality, form, one or two phases.

Source: Kossaifi et al., CVPR 2020, vary the rank; the other variations are ours.
Command: python -m launch.sweep --config=configs/clips.py:scratch --sweep=configs/sweeps/clip_design.py
  --data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48
  --workdir=runs/clips/design
Expected: a higher rank and more frames per layer help; two phases are better than one.
Measured: the average over frames accounts for the whole gain, +0.040, in all designs; causal: +0.029
  (docs/results/clip_experiments.md).
All designs but one are trained in the first phase only, which is where they differ; experiment 1 has two phases.
"""

from configs.sweeps.points.clips import ONE_PHASE, RANKS, SEEDS, first_phase, make_point

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
    """Seed by seed, each ending with a single phase as long as two phases; then the static networks themselves.

    `launch.compare_sweeps --against=...` computes differences to the static network of the same rank.
    """
    points = []
    for seed in SEEDS:
        for name, options in DESIGNS.items():
            points.append(first_phase(make_point("HO-CP inflated", seed, **options, label=name)))
        points.append(make_point("HO-CP inflated", seed, **ONE_PHASE, label="one phase"))
    for seed in SEEDS:
        points.append(make_point(STATIC, seed))
        for rank in RANKS:
            points.append(make_point(STATIC, seed, label=f"static, rank {rank}", **{"model.head.rank": rank}))
    return points
