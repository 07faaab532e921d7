"""The same run with three seeds.

Command: python -m launch.sweep --config=configs/clips.py:static --sweep=configs/sweeps/seeds.py
  --workdir=runs/clips/statics
"""

SEEDS = (0, 1, 2)


def get_sweep():
    return [{"label": "three seeds", "seed": seed} for seed in SEEDS]
