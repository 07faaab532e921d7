"""Experiment 2: how many clips an inflated network needs, compared with networks trained from scratch.

Source: Kossaifi et al., CVPR 2020: an inflated network needs fewer clips and steps.
Command: python -m launch.sweep --config=configs/clips.py:scratch --sweep=configs/sweeps/clip_amounts.py
  --data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48
  --workdir=runs/clips/amounts
Expected: the inflated network with a sixteenth of the clips outperforms the others with all of them.
Measured: it reaches a mean CCC of 0.831; networks from scratch peak at 0.609 and 0.598, with half of the clips.
Experiment 1 covers all clips; python -m launch.compare_sweeps plots both experiments together.
"""

from configs.sweeps.points.clips import SEEDS, make_points

SHARES = (16, 8, 4, 2)  # 1/16, 1/8, 1/4 and 1/2 of the subjects
COMPARED = ("HO-CP inflated", "HO-CP from scratch", "dense 3-D from scratch")


def get_sweep():
    """Seed by seed; each share has the same subjects for all networks."""
    points = []
    for seed in SEEDS:
        for share in SHARES:
            for label in COMPARED:
                points += make_points(label, seed, at=len(points), **{"data.train.rendered.fold.of": share})
    return points
