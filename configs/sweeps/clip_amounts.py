"""Experiment 2: how many clips an inflated network needs, and how many those that start without a static one.

Source: Kossaifi et al., CVPR 2020: an inflated network needs fewer clips and steps.
Command: python -m launch.sweep --config=configs/clips.py:scratch --sweep=configs/sweeps/clip_amounts.py
  --data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48
  --workdir=runs/clips/amounts
Expected: with a sixteenth of the clips the inflated network is above the others with all.
Measured: it has a mean CCC of 0.831; networks from scratch with half of the clips 0.609 and 0.598, their best.
The whole amount is in experiment 1; python -m launch.compare_sweeps puts both into one picture.
"""

from configs.sweeps.points.clips import SEEDS, points_of

SHARES = (16, 8, 4, 2)  # 1/16, 1/8, 1/4 and 1/2 of the people
COMPARED = ("HO-CP inflated", "HO-CP from scratch", "dense 3-D from scratch")


def get_sweep():
    """Seed by seed; the people of a share are the same for every network."""
    points = []
    for seed in SEEDS:
        for share in SHARES:
            for label in COMPARED:
                points += points_of(label, seed, at=len(points), **{"data.train.rendered.fold.of": share})
    return points
