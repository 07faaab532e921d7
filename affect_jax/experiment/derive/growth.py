"""Grows a trained network in time, and certifies what that changes."""

import pathlib
from typing import Any

import jax
import jax.numpy as jnp
from absl import logging
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.data import loader
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.network import make_builder
from affect_jax.experiment.restore import restore_run
from affect_jax.models.certificate import compare_networks, require_exact
from affect_jax.models.contract import model_options
from affect_jax.models.inflation import transfer
from affect_jax.nn.keys import ParameterKeys
from affect_jax.ops.image import unit_range

CERTIFICATE = "inflation.json"
FRAMES = 12  # of the clips that a certificate is computed on


def grow(source_workdir: pathlib.Path, run: Options) -> tuple[dict, nnx.Module]:
    """Builds the network of `run` with the weights of a trained one; returns its certificate and the module.

    InflationError if the outputs should equal the source network's and do not; UsageError if the two do not fit.
    """
    source_run, network, variables, step = restore_run(source_workdir)
    logging.info("adding time to %s (step %d), then checking that its outputs stay the same", source_workdir, step)
    source = network.module(variables)
    source.eval()
    _check_sizes(source_workdir, source_run, run)
    try:
        target, drawn = _grown(source, run)
    except ValueError as error:
        raise UsageError(f"{source_workdir} cannot be inflated with these options: {error}") from error
    reasons = _reasons(source_run, run, drawn)
    averaged = _averaged(source_run, run)
    found = compare_networks(source, target, probe_clips(run))
    news = averaged + reasons
    found = {"from": str(source_workdir), "step": step, "rule": run.initialize.rule, "new": news, **found}
    if news:
        logging.warning(
            "not the same network: %s; largest difference %.3g", "; ".join(news), found["largest_difference"]
        )
    if not reasons:
        require_exact(found, ignore=("valence_arousal",) if averaged else ())
    return found, target


def _grown(source: nnx.Module, run: Options) -> tuple[nnx.Module, list[str]]:
    """The network of `run` with the weights of `source`, and its parts that start from scratch.

    Compiled as one program, so that what is transferred is not drawn first, which would take longer than the rest.
    """
    structure, weights = nnx.split(source)
    traced = {}

    @jax.jit
    def grown(key: PRNGKeyArray, weights: nnx.State) -> nnx.State:
        target = make_builder(run)(ParameterKeys(key))
        target.eval()
        traced["drawn"] = transfer(nnx.merge(structure, weights), target, TRANSFERS[run.initialize.rule])
        traced["structure"], arrays = nnx.split(target)
        return arrays

    arrays = grown(jax.random.key(run.seed), weights)
    return nnx.merge(traced["structure"], arrays), traced["drawn"]


def _check_sizes(source_workdir: pathlib.Path, source: Options, target: Options) -> None:
    """UsageError if a part common to both networks differs in size."""
    theirs, ours = _sizes(source), _sizes(target)
    for name in sorted(set(theirs) & set(ours)):
        if theirs[name] != ours[name]:
            raise UsageError(
                f"model.{name} is {ours[name]} for the new network but {theirs[name]} in {source_workdir}; "
                "they must agree"
            )
    if source.predicts_affect and source.label_set != target.label_set:
        raise UsageError(f"{source_workdir} has label_set '{source.label_set}', the new network '{target.label_set}'")


def _sizes(run: Options) -> dict[str, Any]:
    """The options of a network, by dotted name, that inflation cannot change."""
    sizes = {}
    for name, value in model_options(run.model).items():
        if isinstance(value, dict):
            sizes |= {f"{name}.{option}": size for option, size in value.items()}
        else:
            sizes[name] = value
    free = lambda name: name in ("execution", "head.dropout") or name.startswith("time.")
    return {name: value for name, value in sizes.items() if not free(name)}


def _averaged(source: Options, run: Options) -> list[str]:
    """Why valence and arousal, and nothing else, are expected to change."""
    before, after = _output_average(source), _output_average(run)
    return [] if before == after else [f"outputs are averaged ({after[0] or 'no longer'})"]


def _output_average(run: Options) -> tuple[str, int]:
    """Kind and frames of the average over outputs; ("", 0) without one."""
    time = model_options(run.model).get("time", {})
    return time.get("output_average", ""), time.get("output_frames", 0)


def _reasons(source: Options, run: Options, drawn: list[str]) -> list[str]:
    """Why the outputs of the new network are not expected to be the same."""
    reasons = [f"{name} is newly initialized" for name in drawn]
    if TRANSFERS[run.initialize.rule] == "mean":
        reasons.append("the mean rule preserves the outputs on still clips only")
    if source.contract.over_time and not run.contract.over_time:
        reasons.append("time was removed")
    return reasons


def probe_clips(run: Options) -> dict[str, Float[Array, "1 time height width 3"]]:
    """The clips that a certificate is computed on: noise, and a rendered subject."""
    px = run.contract.input_px
    noise = jax.random.uniform(jax.random.key(run.seed), (1, FRAMES, px, px, 3))
    subject = rendered(RenderedConfig(kind="clips", split="test", subjects=1, per_subject=1, frames=FRAMES))
    batches = loader.evaluation_batches(subject, crop_px=px, batch=1, frames=FRAMES, crop=run.crop, threads=1)
    return {"random": noise, "rendered": jnp.asarray(unit_range(next(iter(batches)).inputs.images))}
