"""A search for the learning rate, the weight of the emotions and the rank of a tiny static network.

Source: ours, an example of a search; tree-structured Parzen estimator: Bergstra et al., NeurIPS 2011.
Command: python -m launch.sweep --config=configs/quickstart.py:static --flagfile=configs/sweeps/search.flags
  --sweep=configs/sweeps/search.py --workdir=runs/search
Expected: the learning rate matters most.
Measured: mean CCC -0.04 to 0.11 after 60 steps; importance 0.73 emotion weight, 0.16 learning rate, 0.11 rank, which
  six runs cannot support (docs/results/search.md).
"""

from affect_jax.experiment.config.space import Choice, Range, Search


def get_sweep():
    return Search(
        {
            "optimizer.learning_rate": Range(1e-3, 1e-1, log=True),
            "task.emotion_weight": Choice((0.0, 0.3, 1.0)),
            "model.head.rank": Range(2, 16),
        },
        trials=6,
        prune_after=20,
    )
