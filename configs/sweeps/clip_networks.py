"""Experiment 1: clip networks on rendered clips, three seeds each.

Source: Kossaifi et al., CVPR 2020: an inflated factorized network is best, with a third of a dense one's parameters.
Command: python -m launch.sweep --config=configs/clips.py:scratch --sweep=configs/sweeps/clip_networks.py
  --data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48
  --workdir=runs/clips/networks
Expected: the inflated network is best or on par, with the fewest parameters.
Measured: mean CCC inflated 0.839, moving average 0.818, GRU 0.799, static 0.792, from scratch 0.575 and 0.533 (dense).
"""

from configs.sweeps.points.clips import NETWORKS, SEEDS, make_points


def get_sweep():
    """Seed by seed, so that an interrupted sweep contains complete comparisons."""
    points = []
    for seed in SEEDS:
        for label in NETWORKS:
            points += make_points(label, seed, at=len(points))
    return points
