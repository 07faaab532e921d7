"""Parameters and arithmetic of a run's network."""

from affect_jax.experiment.config.options import Options
from affect_jax.experiment.network import make_network
from affect_jax.infer.costs import costs


def network_costs(run: Options) -> dict[str, int]:
    """Costs of a run's network on one clip of its length, or on one face."""
    lead = (1, run.data.frames) if run.data.frames else (1,)
    return costs(make_network(run), lead, run.contract.input_shape)
