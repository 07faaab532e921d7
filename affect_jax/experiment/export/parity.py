"""Whether an exported program predicts what the network does."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from affect_jax.experiment.export.source import Source
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.quantities.registry import in_order

TOLERANCE = 1e-4  # of the largest difference, relative to the largest value of its quantity, or to 1 if that is larger
FACES = 3
FRAMES = 24  # of a causal network, one after another: longer than any of its layers looks back
Outputs = Mapping[str, np.ndarray]  # by quantity [step, face, ...], where a step is one call of a program


def probe(source: Source) -> Float[np.ndarray, "step face *frames height width 3"]:
    """Images without any structure, so that no two values of a feature map are alike: inputs of successive calls."""
    contract = source.run.contract
    steps = FRAMES if contract.causal else 1
    frames = (1,) if contract.causal else ((source.run.data.frames,) if contract.over_time else ())
    shape = (steps, FACES, *frames, contract.input_px, contract.input_px, 3)
    return np.random.default_rng(0).uniform(size=shape).astype(np.float32)


def expected(source: Source, images: Float[np.ndarray, "step face *frames height width 3"]) -> Outputs:
    """What the network reports for these images as it is evaluated here; a causal one is given whole clips."""
    ready, causal = CompiledNetwork(source.network), source.run.contract.causal
    given = images[:, :, 0].swapaxes(0, 1) if causal else images[0]
    predictions = ready(source.variables, jnp.asarray(given))
    found = {}
    for each in in_order(source.run.task.quantities):
        if each.name in predictions:
            value = each.report(np.asarray(predictions[each.name], np.float64), source.run.contract.input_px)
            found[each.name] = value.swapaxes(0, 1)[:, :, None] if causal else value[None]
    return found


def differences(wanted: Outputs, found: Outputs) -> dict[str, float]:
    """The largest difference of each quantity, in its own unit."""
    return {name: float(np.abs(wanted[name] - found[name]).max()) for name in wanted}


def require_equal(file: str, wanted: Outputs, found: Outputs) -> dict[str, float]:
    """The same; ValueError if one is larger than allowed, or not a number."""
    largest = differences(wanted, found)
    for name, difference in largest.items():
        allowed = TOLERANCE * max(1.0, float(np.abs(wanted[name]).max()))
        if not difference <= allowed:
            raise ValueError(
                f"{file} does not predict what the network does: {name} differs by {difference:.3g}, and at most "
                f"{allowed:.3g} is allowed; nothing was written"
            )
    return largest
