"""What making a network smaller changes: parameters, arithmetic and outputs."""

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from absl import logging
from flax import nnx

from affect_jax.experiment import costs
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive import growth
from affect_jax.infer.costs import FLOPS, PARAMETERS
from affect_jax.models.certificate import layer_outputs, relative_difference


def changes(before: Options, old: nnx.Module, after: Options, new: nnx.Module, layers: list[tuple]) -> dict:
    """Costs of two networks, and the differences of their outputs and of some layers; a plain dict for JSON.

    Both networks run on noise and on a rendered subject, in float32. Differences are relative to the largest value of
    the old network, or to 1 if that is larger.
    """
    clips = growth.probe_clips(before)
    batch = jnp.concatenate(list(clips.values()))
    by_clip = lambda values: values.reshape(len(clips), -1)  # static networks fold time into the batch axis
    expected, actual = (layer_outputs(network, batch, layers, "float32") for network in (old, new))
    differences = {
        clip: {
            place: relative_difference(by_clip(expected[place])[row], by_clip(actual[place])[row]) for place in expected
        }
        for row, clip in enumerate(clips)
    }
    cost = {"before": _costs(before), "after": _costs(after)}
    whole = {name: {when: cost[when][name] for when in cost} for name in cost["before"]}
    # np.max propagates NaN; max() may not.
    largest = float(np.max([size for places in differences.values() for size in places.values()]))
    return {**whole, "largest_difference": largest, "differences": differences}


def log(changed: Mapping[str, object]) -> None:
    """Logs the changes in a few lines."""
    for name in (PARAMETERS, FLOPS):
        before, after = changed[name]["before"], changed[name]["after"]
        logging.info("%s: %d before, %d after (%.2f)", name, before, after, after / before)
    for clip, places in changed["differences"].items():
        place = max(places, key=places.get)
        outputs = ", ".join(f"{name} {size:.2e}" for name, size in places.items() if "/" not in name)
        logging.info("%s clip: largest difference %.2e (%s); outputs: %s", clip, places[place], place, outputs)


def _costs(run: Options) -> dict[str, int]:
    # Patterns of frozen parts need not match the names of both networks.
    return costs.network_costs(dataclasses.replace(run, frozen="", fixed_statistics=""))
