"""Removes the smallest components of a trained network's factorized kernels."""

import pathlib

import jax.numpy as jnp
from absl import logging

from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import write
from affect_jax.experiment.derive.changes import changes, log
from affect_jax.experiment.network import make_builder
from affect_jax.experiment.restore import restore_run
from affect_jax.models.contract import model_options
from affect_jax.models.head_factors import rank_options
from affect_jax.models.parts import find_layers, join_path
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.network import Network, names, with_names
from affect_jax.nn.places import put
from affect_jax.ops.factors import kernel_sizes

PRUNING = "pruning.json"
TOLERANCE = 1e-5  # of the outputs when only components of size 0 are removed, relative to the largest, or to 1


def prune_run(source: pathlib.Path, workdir: pathlib.Path, threshold: float) -> dict:
    """Writes `workdir` with the pruned network at step 0 and pruning.json; returns the content of the latter.

    threshold: size up to which components are removed, relative to the largest in their layer. UsageError if there are
    no components; ValueError, and nothing is written, if outputs change at threshold 0.
    """
    with write.reserve(workdir):
        return _prune(source, workdir, threshold)


def _prune(source: pathlib.Path, workdir: pathlib.Path, threshold: float) -> dict:
    run, network, variables, step = restore_run(source)
    module, smaller = network.module(variables), network.module(variables)
    found = {path: layer for path, layer in find_layers(module, FactorizedConv).items() if layer.form == "cp"}
    if "head" not in model_options(run.model) or not found:
        raise UsageError(
            f"{source} holds no factorized convolutions of form cp, whose components could be removed; factorize it "
            "first: python -m launch.factorize"
        )
    kept = {path: layer.prune(threshold * float(jnp.max(layer.component_sizes()))) for path, layer in found.items()}
    for path, layer in kept.items():
        put(smaller, path, layer)
    config = _config(source, kept)
    if (existing := write.existing_result(workdir, config, PRUNING, step)) is not None:
        return existing
    pruned = options.parse(config)
    target = Network(make_builder(pruned))
    pruned_variables = with_names(target.abstract, names(target.variables(smaller)))
    ranks = {
        _name(path): {"kept": dict(kept[path].rank)["rank"], "of": len(found[path].component_sizes())} for path in kept
    }
    change = changes(run, module, pruned, target.module(pruned_variables), list(found))
    note = {"from": str(source), "step": step, "threshold": threshold, "layers": ranks, **change}
    if threshold == 0 and not note["largest_difference"] <= TOLERANCE:
        raise ValueError(
            f"removing components of size 0 changes the outputs of {source} by {note['largest_difference']:.3g}, more "
            f"than {TOLERANCE:g}; nothing was written"
        )
    write.write_run(workdir, config, target, pruned_variables, {PRUNING: note})
    for name, layer in ranks.items():
        logging.info("%s: %d of %d components kept", name, layer["kept"], layer["of"])
    log(note)
    return note


def _config(source: pathlib.Path, kept: dict[tuple, FactorizedConv]) -> dict:
    config = claim.read_config(source)
    ranks = {_name(path): dict(layer.rank) for path, layer in kept.items()}
    sizes = {_name(path): kernel_sizes(layer.arrays()) for path, layer in kept.items()}
    head = {**config["model"]["head"], **rank_options("cp", ranks, sizes)}
    model = {**config["model"], "head": head}
    return {**config, "model": model, "initialize": {"rule": "pruned", "workdir": str(source)}}


def _name(path: tuple) -> str:
    """The name of a layer in a config; a temporal factor before the layer does not change it."""
    return join_path(path).removesuffix("/space")
