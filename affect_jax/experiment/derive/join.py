"""Joins a network of images and the experts that were trained on its features into one network of images."""

import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from absl import logging

from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive import growth, write
from affect_jax.experiment.experts_record import STORED, read_record
from affect_jax.experiment.network import make_builder
from affect_jax.experiment.restore import restore_run
from affect_jax.models.certificate import layer_outputs, relative_difference
from affect_jax.models.contract import model_options
from affect_jax.models.experts import affect_from_features, joined_arrays
from affect_jax.models.features import FEATURES, affect_layers, with_features
from affect_jax.nn.network import Network, Variables, names, with_names
from affect_jax.personal.digest import network_digest
from affect_jax.tables.feature_rows import read_feature_rows

JOINING = "joining.json"
TOLERANCE = 1e-5  # of the outputs, relative to the largest, or to 1: the same sums in another program
AFFECT = "valence_arousal"
Trained = tuple[Options, Network, Variables, int]  # as `restore_run` returns them


def join_experts(source: pathlib.Path, experts: pathlib.Path, workdir: pathlib.Path) -> dict[str, Any]:
    """Writes `workdir` with the network of `source`, whose valence and arousal come from the experts, and joining.json.

    Returns the content of the latter. UsageError if the two do not fit; ValueError, and nothing is written, if the new
    network does not give the outputs of the two.
    """
    with write.reserve(workdir):
        return _join(source, experts, workdir)


def _join(source: pathlib.Path, experts: pathlib.Path, workdir: pathlib.Path) -> dict[str, Any]:
    base, mixture = restore_run(source), restore_run(experts)
    _check_base(source, base)
    _check_experts(experts, mixture, base)
    config = _config(source, experts)
    if (existing := write.existing_result(workdir, config, JOINING, base[3])) is not None:
        return _require_same_experts(workdir, existing, experts, mixture[3])
    joined = options.parse(config)
    target = Network(make_builder(joined))
    arrays = joined_arrays(names(base[2]), names(mixture[2]))
    variables = with_names(target.abstract, arrays)
    differences = _on_images(base, mixture, target, variables) | _on_stored_features(mixture, target, variables)
    largest = float(np.max(list(differences.values())))  # propagates NaN; max() may not
    if not largest <= TOLERANCE:
        raise ValueError(
            f"the joined network differs from {source} and {experts} by {largest:.3g}, more than {TOLERANCE:g}; "
            "nothing was written"
        )
    note = {
        "from": str(source),
        "step": base[3],
        "experts": str(experts),
        "experts_step": mixture[3],
        "subjects": read_record(experts).subjects,
        "parameters": {"before": _count(base[2]), "after": _count(variables)},
        "largest_difference": largest,
        "differences": differences,
    }
    write.write_run(workdir, config, target, variables, {JOINING: note})
    logging.info("%d parameters before, %d after", note["parameters"]["before"], note["parameters"]["after"])
    for place, difference in differences.items():
        logging.info("%s: largest difference %.2e", place, difference)
    return note


def _check_base(source: pathlib.Path, base: Trained) -> None:
    run, network, variables, _ = base
    known = model_options(run.model).get("experts")
    if known is None or not run.contract.features:
        raise UsageError(
            f"--from={source} holds a network '{run.model_name}', which has no affect head to give experts"
        )
    if known["count"]:
        raise UsageError(f"--from={source} already has {known['count']} experts; give the network without")
    if affect_layers(network, variables) is None:
        raise UsageError(
            f"--from={source} averages its outputs over frames (model.time.output_average), which experts on the "
            "features of one frame do not; join the network without the average"
        )


def _check_experts(experts: pathlib.Path, mixture: Trained, base: Trained) -> None:
    contract, given = mixture[0].contract, f"--experts={experts}"
    if not contract.experts or contract.takes != "features":
        raise UsageError(f"{given} holds a network '{mixture[0].model_name}'; expected one of model 'experts'")
    if contract.input_features != contract.features:
        raise UsageError(
            f"{given} has a gate that sees a context (model.context) beside the features; images have none: train "
            "experts without it"
        )
    record, sha256 = read_record(experts), network_digest(jax.device_get(names(base[2])))
    if record.network is None or record.network.sha256 != sha256:
        origin = "an unknown network" if record.network is None else record.network.name
        raise UsageError(
            f"{given} was trained on features of {origin}, which is not the network of --from in its best step "
            f"({base[3]}): give that network, or store its features and train the experts again"
        )


def _config(source: pathlib.Path, experts: pathlib.Path) -> dict[str, Any]:
    config, mixture = claim.read_config(source), claim.read_config(experts)["model"]["mixture"]
    model = {**config["model"], "experts": mixture}
    return {**config, "model": model, "initialize": {"rule": "joined", "workdir": str(source)}}


def _on_images(base: Trained, mixture: Trained, target: Network, variables: Variables) -> dict[str, float]:
    """Differences on noise and a rendered subject: valence and arousal as of the experts, all else as before."""
    found = {}
    for clip, images in growth.probe_clips(base[0]).items():
        old = layer_outputs(with_features(base[1]).module(base[2]), images, [], "float32")
        new = layer_outputs(with_features(target).module(variables), images, [], "float32")
        expected = old | {AFFECT: _predict(mixture, old[FEATURES])}
        found |= {f"{clip}/{name}": relative_difference(expected[name], new[name]) for name in expected}
    return found


def _on_stored_features(mixture: Trained, target: Network, variables: Variables) -> dict[str, float]:
    """Differences on the stored features that the experts were trained and evaluated on, by folder."""
    parts = (*mixture[0].data.train.values(), *mixture[0].evaluations.values())
    found = {}
    for folder in dict.fromkeys(part.options.root for part in parts if part.reader == STORED):
        try:
            features = read_feature_rows(pathlib.Path(folder)).arrays[FEATURES]
        except (FileNotFoundError, ValueError) as error:
            logging.warning("not compared on the features that the experts learned from: %s", error)
            continue
        new = jax.jit(lambda features: affect_from_features(target, variables, features))(features)
        found[folder] = relative_difference(_predict(mixture, features), np.asarray(new))
    return found


def _predict(mixture: Trained, features: np.ndarray) -> np.ndarray:
    _, network, variables, _ = mixture
    with jax.default_matmul_precision("float32"):
        return np.asarray(jax.jit(network.predict)(variables, features)[AFFECT])


def _count(variables: Variables) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves((variables.trained, variables.frozen)))


def _require_same_experts(
    workdir: pathlib.Path, existing: Mapping[str, Any], experts: pathlib.Path, step: int
) -> dict[str, Any]:
    """Returns an existing result; UsageError if it was made with other experts."""
    if (existing.get("experts"), existing.get("experts_step")) != (str(experts), step):
        raise UsageError(
            f"--workdir={workdir} was made with step {existing.get('experts_step')} of {existing.get('experts')}, now "
            f"it is step {step} of {experts}; choose another folder"
        )
    return dict(existing)
