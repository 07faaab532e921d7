"""Static networks with factorized kernels of other ranks, to be inflated by configs/sweeps/clip_design.py.

Source: Kossaifi et al., CVPR 2020, vary the rank.
Command: python -m launch.sweep --config=configs/clips.py:static --sweep=configs/sweeps/static_ranks.py
  --workdir=runs/clips/ranks
Expected: about the CCC of rank 32.
Measured: CCC of the best checkpoint on validation stills 0.832 ± 0.019 at rank 8, 0.836 ± 0.021 at rank 64.
"""

from configs.sweeps.points.clips import RANKS, SEEDS


def get_sweep():
    points = []
    for seed in SEEDS:
        for rank in RANKS:
            points.append({"label": f"rank {rank}", "seed": seed, "model.head.rank": rank})
    return points
