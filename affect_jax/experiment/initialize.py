"""The first numbers of a run: drawn, copied from another run, or grown from a static network."""

import dataclasses
import pathlib

import jax
from absl import logging

from affect_jax import emotions
from affect_jax.experiment import build, task
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive import growth, write
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.restore import opened, require, restored
from affect_jax.nn.network import Network, Variables, names, with_names
from affect_jax.train.groups import factors
from affect_jax.train.placement import Placement


def check(run: Options) -> None:
    """UsageError if the network cannot be built so, or the run to start from is not there or does not fit."""
    try:
        network = build.network(run)
        factors(run.optimizer.learning_rate_multipliers, (network.abstract.trained, run.task.initial().parameters))
        Placement.of(run.mesh).check(network.abstract)
        for penalty in task.penalties(run):
            jax.eval_shape(penalty.function, network.abstract)  # raises where it would find nothing
    except ValueError as error:
        raise UsageError(str(error)) from error
    source = pathlib.Path(run.initialize.workdir)
    if run.initialize.rule == "copy":
        _check_copy(run, network, source)
    elif run.initialize.rule in TRANSFERS:
        require(source)


def _check_copy(run: Options, network: Network, workdir: pathlib.Path) -> None:
    other, checkpoints, step = opened(workdir)
    here, there = names(network.abstract), checkpoints.shapes(step)
    checkpoints.close()
    refused = f"initialize.rule copy: {workdir}"
    if (
        run.predicts_affect
        and other.predicts_affect
        and emotions.names(run.label_set) != emotions.names(other.label_set)
    ):
        raise UsageError(
            f"{refused} tells the emotions of label_set '{other.label_set}', this run those of '{run.label_set}': its "
            f"outputs would mean others. Set label_set={other.label_set}, or start from its landmark network"
        )
    changed = options.differences(dataclasses.asdict(other.model), dataclasses.asdict(run.model), "model.")
    if extra := sorted(set(there) - set(here)):
        raise UsageError(
            f"{refused} holds {extra[:3]} ({len(extra)} arrays), which this network lacks; {_listed(changed)}"
        )
    if wrong := [name for name in sorted(there) if there[name].shape != here[name].shape]:
        raise UsageError(
            f"{refused} holds '{wrong[0]}' of shape {there[wrong[0]].shape}, {here[wrong[0]].shape} in this network "
            f"({len(wrong)} of {len(there)} arrays differ); {_listed(changed)}"
        )


def _listed(changed: list[str]) -> str:
    return "; ".join(changed) if changed else "config.json there was changed after training"


def variables(run: Options, network: Network, workdir: pathlib.Path) -> Variables:
    """The numbers at step 0, by the rule of `config.initialize`."""
    source = pathlib.Path(run.initialize.workdir)
    if run.initialize.rule in TRANSFERS:
        found, module = growth.grown(source, run)
        write.note(workdir, growth.CERTIFICATE, found)
        return network.variables(module)
    scratch = jax.jit(network.initial)(jax.random.fold_in(jax.random.key(run.seed), 0))
    return _copied(scratch, source) if run.initialize.rule == "copy" else scratch


def _copied(scratch: Variables, workdir: pathlib.Path) -> Variables:
    _, _, other, step = restored(workdir)
    here, there = names(scratch), names(other)
    logging.info("copied %d of %d arrays from %s (step %d)", len(there), len(here), workdir, step)
    return with_names(scratch, {**here, **there})
