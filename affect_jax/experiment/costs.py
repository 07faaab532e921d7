"""Parameters and arithmetic of a run's network."""

from affect_jax.experiment.config.options import Options
from affect_jax.experiment.network import make_network
from affect_jax.infer.costs import costs


def network_costs(run: Options) -> dict[str, int]:
    """Costs of a run's network on one clip of its length, or on one image."""
    px, frames = run.contract.input_px, run.data.frames
    shape = (1, frames, px, px, 3) if frames else (1, px, px, 3)
    return costs(make_network(run), shape)
