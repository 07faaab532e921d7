"""What a run's network costs."""

from affect_jax.experiment.config.options import Options
from affect_jax.experiment.network import make_network
from affect_jax.infer.costs import costs


def of_run(run: Options) -> dict[str, int]:
    """Costs of a run's network: for one clip of its length, or one picture."""
    px, frames = run.contract.input_px, run.data.frames
    return costs(make_network(run), (1, *([frames] if frames else []), px, px, 3))
