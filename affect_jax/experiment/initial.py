"""The first numbers of a run: drawn, copied from another run, or grown from a static network."""

import json
import pathlib

import jax
from absl import logging
from jax.sharding import Mesh

from affect_jax.experiment import build, options
from affect_jax.experiment.errors import UsageError
from affect_jax.experiment.options import Options
from affect_jax.models.emonet import EmoNet
from affect_jax.models.temporal import ClipNetwork, ClipNetworkConfig, certificate, from_static
from affect_jax.ops.files import replacing
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.sharding import data_mesh
from affect_jax.train.state import Network, Variables, names, with_names

CERTIFICATE = "inflation.json"


def check(run: Options) -> None:
    """UsageError if the run to start from is not there."""
    if run.initialise.rule != "scratch":
        trained(pathlib.Path(run.initialise.workdir))


def trained(workdir: pathlib.Path) -> None:
    """UsageError if `workdir` holds no trained network."""
    _opened(workdir)[1].close()


def _opened(workdir: pathlib.Path) -> tuple[Options, Checkpoints, int]:
    """Options, checkpoints and best step of a trained workdir; UsageError if it holds no checkpoint."""
    run = options.parse(options.read(workdir))
    checkpoints = Checkpoints(workdir, run.loop.best)
    step = checkpoints.best_step()
    if step is None:
        checkpoints.close()
        raise UsageError(f"{workdir} holds no checkpoint yet; train it first: python -m launch.train")
    return run, checkpoints, step


def restored(workdir: pathlib.Path, mesh: Mesh | None = None) -> tuple[Options, Network, Variables, int]:
    """A trained run: its options, network, best numbers and their step."""
    run, checkpoints, step = _opened(workdir)
    network = Network(build.builder(run))
    variables = checkpoints.restore_variables(network, mesh or data_mesh(jax.devices()[:1]), step)
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
    if extra := sorted(set(there) - set(here)):
        raise UsageError(f"initialise.rule copy: {workdir} holds {extra[:3]} ({len(extra)} arrays), unknown here")
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
