"""What a network gains and loses by being made smaller: parameters, arithmetic, and how far its outputs move."""

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
    """Costs of two networks, and how far some layers and the outputs are apart; a plain dict for JSON.

    Looked at are noise and a rendered person, in float32; differences are relative to the larger of 1 and the old
    network's largest value there.
    """
    clips = growth.clips(before)
    together = jnp.concatenate(list(clips.values()))
    apart = lambda values: values.reshape(len(clips), -1)  # a static network has put clips and frames on one axis
    expected, found = (layer_outputs(network, together, layers, "float32") for network in (old, new))
    differences = {
        clip: {place: relative_difference(apart(expected[place])[row], apart(found[place])[row]) for place in expected}
        for row, clip in enumerate(clips)
    }
    cost = {"before": _costs(before), "after": _costs(after)}
    whole = {name: {when: cost[when][name] for when in cost} for name in cost["before"]}
    # np.max hands on what is not a number; max() may not.
    largest = float(np.max([size for places in differences.values() for size in places.values()]))
    return {**whole, "largest_difference": largest, "differences": differences}


def log(found: Mapping[str, object]) -> None:
    """The same in a few lines for a person."""
    for name in (PARAMETERS, FLOPS):
        before, after = found[name]["before"], found[name]["after"]
        logging.info("%s: %d before, %d after (%.2f)", name, before, after, after / before)
    for clip, places in found["differences"].items():
        place = max(places, key=places.get)
        outputs = ", ".join(f"{name} {size:.2e}" for name, size in places.items() if "/" not in name)
        logging.info("%s clip: largest difference %.2e (%s); outputs: %s", clip, places[place], place, outputs)


def _costs(run: Options) -> dict[str, int]:
    # What was frozen in training need not be in both networks under the same names.
    return costs.of_run(dataclasses.replace(run, frozen="", fixed_statistics=""))
