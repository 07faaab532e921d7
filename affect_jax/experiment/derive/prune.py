"""A trained network without the components of its factorized kernels that hardly count."""

import pathlib

import jax.numpy as jnp
from absl import logging

from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import write
from affect_jax.experiment.derive.changes import changes, log
from affect_jax.experiment.network import make_builder
from affect_jax.experiment.restore import restored
from affect_jax.models.contract import model_options
from affect_jax.models.head_factors import rank_options
from affect_jax.models.parts import find_layers, join_path
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.network import Network, names, with_names
from affect_jax.nn.places import put
from affect_jax.ops.factors import kernel_sizes

PRUNING = "pruning.json"
TOLERANCE = 1e-5  # of the outputs where only components of size 0 go, relative to the larger of 1 and the largest


def prune_run(source: pathlib.Path, workdir: pathlib.Path, threshold: float) -> dict:
    """Writes `workdir` with the smaller network at step 0 and pruning.json; returns what stands there.

    threshold: size up to which a component goes, relative to the largest of its layer. UsageError where there are no
    components, ValueError (and nothing written) where at threshold 0 the outputs are not the same.
    """
    run, network, variables, step = restored(source)
    module, smaller = network.module(variables), network.module(variables)
    found = {path: layer for path, layer in find_layers(module, FactorizedConv).items() if layer.form == "cp"}
    if "head" not in model_options(run.model) or not found:
        raise UsageError(
            f"{source} holds no factorized convolutions of form cp, whose components could be dropped; factorize it "
            "first: python -m launch.factorize"
        )
    kept = {path: layer.prune(threshold * float(jnp.max(layer.component_sizes()))) for path, layer in found.items()}
    for path, layer in kept.items():
        put(smaller, path, layer)
    config = _config(source, kept)
    if (there := write.there(workdir, config, PRUNING, step)) is not None:
        return there
    made = options.parse(config)
    target = Network(make_builder(made))
    numbers = with_names(target.abstract, names(target.variables(smaller)))
    ranks = {
        _name(path): {"kept": dict(kept[path].rank)["rank"], "of": len(found[path].component_sizes())} for path in kept
    }
    change = changes(run, module, made, target.module(numbers), list(found))
    note = {"from": str(source), "step": step, "threshold": threshold, "layers": ranks, **change}
    if threshold == 0 and not note["largest_difference"] <= TOLERANCE:
        raise ValueError(
            f"without components of size 0 the outputs of {source} move by {note['largest_difference']:.3g}, more than "
            f"{TOLERANCE:g}; nothing was written"
        )
    write.write(workdir, config, target, numbers, {PRUNING: note})
    for name, layer in ranks.items():
        logging.info("%s: %d of %d components kept", name, layer["kept"], layer["of"])
    log(note)
    return note


def _config(source: pathlib.Path, kept: dict[tuple, FactorizedConv]) -> dict:
    config = claim.read(source)
    ranks = {_name(path): dict(layer.rank) for path, layer in kept.items()}
    sizes = {_name(path): kernel_sizes(layer.arrays()) for path, layer in kept.items()}
    head = {**config["model"]["head"], **rank_options("cp", ranks, sizes)}
    model = {**config["model"], "head": head}
    return {**config, "model": model, "initialize": {"rule": "pruned", "workdir": str(source)}}


def _name(path: tuple) -> str:
    """The name of a layer in a config, which a factor of time before it does not change."""
    return join_path(path).removesuffix("/space")
