"""The first numbers of a run: drawn, copied from another run, or grown from a static network."""

import dataclasses
import json
import pathlib

import jax
from absl import logging
from jax.sharding import Mesh

from affect_jax import emotions
from affect_jax.experiment import build, options
from affect_jax.experiment.errors import UsageError
from affect_jax.experiment.options import Options
from affect_jax.models.emonet import EmoNet
from affect_jax.models.temporal import ClipNetwork, ClipNetworkConfig, certificate, from_static
from affect_jax.ops.files import replacing
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.groups import factors
from affect_jax.train.sharding import data_mesh
from affect_jax.train.state import Network, Variables, names, with_names

CERTIFICATE = "inflation.json"


def check(run: Options) -> None:
    """UsageError if the network cannot be built so, or the run to start from is not there or does not fit."""
    try:
        network = build.network(run)
        factors(run.optimiser.rates, (network.abstract.trained, run.task.initial().parameters))
    except ValueError as error:
        raise UsageError(str(error)) from error
    source = pathlib.Path(run.initialise.workdir)
    if run.initialise.rule == "copy":
        _check_copy(run, network, source)
    elif run.initialise.rule == "inflate":
        trained(source)


def _check_copy(run: Options, network: Network, workdir: pathlib.Path) -> None:
    other, checkpoints, step = _opened(workdir)
    here, there = names(network.abstract), checkpoints.shapes(step)
    checkpoints.close()
    refused = f"initialise.rule copy: {workdir}"
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


def trained(workdir: pathlib.Path) -> None:
    """UsageError if `workdir` holds no trained network."""
    _opened(workdir)[1].close()


def _opened(workdir: pathlib.Path) -> tuple[Options, Checkpoints, int]:
    """Options, checkpoints and best step of a trained workdir; UsageError if it holds no checkpoint."""
    run = options.stored(workdir)
    checkpoints = Checkpoints(workdir, run.loop.best)
    step = checkpoints.best_step()
    if step is None:
        checkpoints.close()
        raise UsageError(f"{workdir} holds no checkpoint yet; train it first: python -m launch.train")
    return run, checkpoints, step


def restored(workdir: pathlib.Path, mesh: Mesh | None = None) -> tuple[Options, Network, Variables, int]:
    """A trained run: its options, network, best numbers and their step."""
    run, checkpoints, step = _opened(workdir)
    network = Network(build.builder(run, build.execution(run)))
    try:
        variables = checkpoints.restore_variables(network, mesh or data_mesh(jax.devices()[:1]), step)
    except DamagedCheckpoint:
        raise
    except ValueError as error:
        count = len(emotions.names(run.label_set))
        raise UsageError(
            f"{error} (model '{run.model_name}', label_set '{run.label_set}' of {count} emotions)"
        ) from error
    finally:
        checkpoints.close()
    return run, network, variables, step


def variables(run: Options, network: Network, workdir: pathlib.Path) -> Variables:
    """The numbers at step 0, by the rule of `config.initialise`."""
    source = pathlib.Path(run.initialise.workdir)
    if run.initialise.rule == "inflate":
        _, module = inflate(source, build.model_config(run), workdir, seed=run.seed)
        return network.variables(module)
    scratch = jax.jit(network.initial)(jax.random.fold_in(jax.random.key(run.seed), 0))
    return _copied(scratch, source) if run.initialise.rule == "copy" else scratch


def _copied(scratch: Variables, workdir: pathlib.Path) -> Variables:
    _, _, other, step = restored(workdir)
    here, there = names(scratch), names(other)
    logging.info("copied %d of %d arrays from %s (step %d)", len(there), len(here), workdir, step)
    return with_names(scratch, {**here, **there})


def inflate(
    static_workdir: pathlib.Path, config: ClipNetworkConfig, workdir: pathlib.Path, seed: int
) -> tuple[dict, ClipNetwork]:
    """The clip network that equals the static one on every frame; writes inflation.json, and raises if it does not."""
    run, network, static_variables, step = restored(static_workdir)
    static = network.module(static_variables)
    if not isinstance(static, EmoNet):
        raise UsageError(f"{static_workdir} holds a network '{run.model_name}'; only 'emonet' can be inflated")
    static.eval()
    clip = from_static(static, config)
    clip.eval()
    found = certificate(static, clip, seed=seed)
    found = {**found, "from": str(static_workdir), "step": step}
    workdir.mkdir(parents=True, exist_ok=True)
    with replacing(workdir / CERTIFICATE) as file:
        file.write(json.dumps(found, indent=1) + "\n")
    logging.info("certificate: %s", json.dumps(found))
    return found, clip
