"""A grid of two learning rates and two weight decays.

Source: ours, an example of a grid.
Command: python -m launch.sweep --config=configs/quickstart.py:static --sweep=configs/sweeps/rates.py --workdir=W
Expected: none; a grid shows which of its rates is best.
Measured: not yet run.
"""

from affect_jax.experiment.config.space import grid


def get_sweep():
    return grid(optimizer__learning_rate=(1e-3, 3e-3), optimizer__weight_decay=(0.0, 0.01))
