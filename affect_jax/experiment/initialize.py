"""The initial weights of a run: random, copied from another run or its head, or inflated from a static network."""

import dataclasses
import pathlib

import jax
from absl import logging
from jaxtyping import Array, PRNGKeyArray

from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive import growth, write
from affect_jax.experiment.derive.copied import fit, left_out, takes_arrays
from affect_jax.experiment.derive.draw import draw_arrays
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.experts_record import feature_network
from affect_jax.experiment.restore import restore_run
from affect_jax.models.experts import start_from_head
from affect_jax.models.features import affect_layers
from affect_jax.nn.network import Network, Variables, names, with_names
from affect_jax.ops.geometry import crop_name
from affect_jax.personal.digest import network_digest
from affect_jax.train.agreement import is_first


def initial_variables(run: Options, network: Network, workdir: pathlib.Path) -> Variables:
    """The weights at step 0, by the rule in `config.initialize`."""
    source = pathlib.Path(run.initialize.workdir)
    if run.initialize.rule == "copy" or run.initialize.rule in TRANSFERS:
        warn_of_another_crop(run, source)
    if run.initialize.rule in TRANSFERS and not takes_arrays(run):
        certificate, module = growth.grow(source, run)
        if is_first():
            write.write_note(workdir, growth.CERTIFICATE, certificate)
        return network.variables(module)
    if run.initialize.rule == "head":
        return _with_head(run, network, source)
    copied = _copied(run, network, source) if takes_arrays(run) else {}
    others = set(names(network.abstract)) - set(copied)
    drawn = draw_arrays(network, _first_key(run), others)
    return with_names(network.abstract, {**drawn, **copied})


def _with_head(run: Options, network: Network, workdir: pathlib.Path) -> Variables:
    """New variables in which every expert is the head of the network that the features come from."""
    _, base, variables, step = restore_run(workdir)
    sha256, features = network_digest(jax.device_get(names(variables))), feature_network(run)
    if features is not None and features.sha256 != sha256:
        raise UsageError(
            f"initialize.rule head: {workdir} (step {step}) is not the network that the features come from, "
            f"{features.name}; give the workdir of that one, or store the features again"
        )
    head = affect_layers(base, variables)
    if head is None:
        raise UsageError(
            f"initialize.rule head: {workdir} averages its outputs over frames, which no expert does on the features "
            "of one; use initialize.rule=scratch"
        )
    try:
        started = start_from_head(network, network.initial(_first_key(run)), head)
    except ValueError as error:
        units = head["hidden_kernel"].shape[1]
        raise UsageError(f"initialize.rule head: {error}; set model.mixture.hidden to {units}") from error
    logging.info("every expert starts as the head of %s (step %d)", workdir, step)
    return started


def _first_key(run: Options) -> PRNGKeyArray:
    """The key of the initial weights."""
    return jax.random.fold_in(jax.random.key(run.seed), 0)


def _copied(run: Options, network: Network, workdir: pathlib.Path) -> dict[str, Array]:
    other, _, variables, step = restore_run(workdir)
    copied = names(variables)
    for name in left_out(workdir, other, run, tuple(copied)):
        copied.pop(name)
    logging.info("copied %d of %d arrays from %s (step %d)", len(copied), len(names(network.abstract)), workdir, step)
    return fit(copied, run)


def warn_of_another_crop(run: Options, workdir: pathlib.Path) -> None:
    """Warns if the run crops faces in another way than the network that it starts from."""
    other = claim.read_options(workdir)
    if run.contract.takes == other.contract.takes == "images" and run.crop != other.crop:
        theirs, ours = crop_name(other.contract.input_px, other.crop), crop_name(run.contract.input_px, run.crop)
        mine = dataclasses.asdict(run.crop)
        settings = [
            f"crop.{name}={value}" for name, value in dataclasses.asdict(other.crop).items() if value != mine[name]
        ]
        logging.warning(
            "%s takes the crop '%s', this run '%s'; to keep its crop, set %s", workdir, theirs, ours, " ".join(settings)
        )
