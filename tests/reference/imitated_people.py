"""People whose stored features are made up, and three small ways of adapting to them, which tests/personal covers."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from affect_jax.personal.adapter import no_adapter
from affect_jax.personal.given import anything
from affect_jax.personal.linear import Linear, Unadapted
from affect_jax.personal.stored import StoredFeatures

FRAMES, PEOPLE = 120, 3
TIMES = np.arange(FRAMES) / 2
NEUTRAL_SECONDS = 3.0


class NeutralFace(Linear):
    """Subtracts the output of the neutral face."""

    name, needs = "neutral_subtraction", ("neutral",)

    def adapt(self, prior, given, key):
        weight = given.neutral[:, None] / jnp.maximum(given.neutral.sum(), 1.0)
        bias = -(weight * given.output).sum(0) * anything(given.neutral)
        return dataclasses.replace(no_adapter(given.features.shape[-1]), bias=bias)


class LeastSquares(Linear):
    """A line for each output."""

    name, needs = "bias_scale", ("labels",)

    def adapt(self, prior, given, key):
        weight = given.labeled[:, None] / jnp.maximum(given.labeled.sum(), 1.0)
        means = [(weight * values).sum(0) for values in (given.output, given.label)]
        centered = [values - mean[None] for values, mean in zip((given.output, given.label), means, strict=True)]
        variance = jnp.maximum((weight * centered[0] ** 2).sum(0), 1e-9)
        slope = (weight * centered[0] * centered[1]).sum(0) / variance
        known = anything(given.labeled)
        nothing = no_adapter(given.features.shape[-1])
        return dataclasses.replace(nothing, bias=known * (means[1] - slope * means[0]), scale=known * (slope - 1))


def people(split: str, seed: int) -> StoredFeatures:
    """Outputs are the label with a bias of the person and noise; the label is 0 in the neutral segment."""
    rng = np.random.default_rng((seed, len(split)))
    moving = np.cumsum(rng.normal(0, 0.12, (PEOPLE, FRAMES, 2)), axis=1)
    label = np.tanh(moving) * (TIMES >= NEUTRAL_SECONDS)[None, :, None]
    output = label + rng.normal(0, 0.3, (PEOPLE, 1, 2)) + rng.normal(0, 0.05, label.shape)
    names = tuple(f"{split}/{person}" for person in range(PEOPLE) for _ in range(FRAMES))
    flat = lambda values: values.reshape(PEOPLE * FRAMES, -1).astype(np.float32)
    return StoredFeatures(
        features=flat(rng.normal(size=(PEOPLE, FRAMES, 4))),
        raw=flat(output),
        labels=flat(label),
        weight=np.ones(PEOPLE * FRAMES, np.float32),
        subject=names,
        clip=names,
        face=np.zeros(PEOPLE * FRAMES, np.int64),
        frame=np.tile(np.arange(FRAMES), PEOPLE),
        time_seconds=np.tile(TIMES, PEOPLE),
        network_sha256=f"{seed:064d}",
    )


METHODS = {method.name: method for method in (Unadapted(), LeastSquares(), NeutralFace())}
