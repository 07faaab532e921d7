"""A network grown in time out of a trained one, and the certificate of what that changed."""

import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.data import loader
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.network import make_builder
from affect_jax.experiment.restore import restored
from affect_jax.models.certificate import compare_networks, require_exact
from affect_jax.models.contract import model_options
from affect_jax.models.inflation import transfer
from affect_jax.nn.keys import ParameterKeys

CERTIFICATE = "inflation.json"
FRAMES = 12  # of the clips that a certificate looks at


def grown(source_workdir: pathlib.Path, run: Options) -> tuple[dict, nnx.Module]:
    """The network of `run` with the numbers of a trained one, and its certificate.

    InflationError where it should repeat the other network and does not; UsageError where the two do not fit.
    """
    source_run, network, numbers, step = restored(source_workdir)
    source = network.module(numbers)
    source.eval()
    _check_sizes(source_workdir, source_run, run)
    try:
        target = make_builder(run)(ParameterKeys(jax.random.key(run.seed)))
        target.eval()
        drawn = transfer(source, target, TRANSFERS[run.initialize.rule])
    except ValueError as error:
        raise UsageError(f"{source_workdir} cannot be inflated so: {error}") from error
    reasons = _reasons(source_run, run, drawn)
    averaged = _averaged(source_run, run)
    found = compare_networks(source, target, clips(run))
    news = [*averaged, *reasons]
    found = {"from": str(source_workdir), "step": step, "rule": run.initialize.rule, "new": news, **found}
    if news:
        logging.warning(
            "not the same network: %s; largest difference %.3g", "; ".join(news), found["largest_difference"]
        )
    if not reasons:
        require_exact(found, ignore=("valence_arousal",) if averaged else ())
    return found, target


def _check_sizes(source_workdir: pathlib.Path, source: Options, target: Options) -> None:
    """UsageError where a part that both networks have is of another size."""
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
    """The options of a network, by dotted name, that the one it becomes must share."""
    sizes = {}
    for name, value in model_options(run.model).items():
        if isinstance(value, dict):
            sizes |= {f"{name}.{option}": size for option, size in value.items()}
        else:
            sizes[name] = value
    free = lambda name: name in ("execution", "head.dropout") or name.startswith("time.")
    return {name: value for name, value in sizes.items() if not free(name)}


def _averaged(source: Options, run: Options) -> list[str]:
    """Why valence and arousal alone are not expected to be the same."""
    before, after = _output_average(source), _output_average(run)
    return [] if before == after else [f"outputs are averaged ({after[0] or 'no longer'})"]


def _output_average(run: Options) -> tuple[str, int]:
    """Kind and frames of the average over the outputs; ("", 0): there is none."""
    time = model_options(run.model).get("time", {})
    return time.get("output_average", ""), time.get("output_frames", 0)


def _reasons(source: Options, run: Options, drawn: list[str]) -> list[str]:
    """Why the new network is not expected to say the same anywhere."""
    reasons = [f"{name} is drawn anew" for name in drawn]
    if TRANSFERS[run.initialize.rule] == "mean":
        reasons.append("the mean rule keeps only clips that stand still")
    if source.contract.over_time and not run.contract.over_time:
        reasons.append("time was taken away")
    return reasons


def clips(run: Options) -> dict[str, Float[Array, "1 time height width 3"]]:
    """What a certificate looks at: noise, and a rendered person."""
    px = run.contract.input_px
    noise = jax.random.uniform(jax.random.key(run.seed), (1, FRAMES, px, px, 3))
    person = rendered(RenderedConfig(kind="clips", split="test", subjects=1, per_subject=1, frames=FRAMES))
    batches = loader.evaluation_batches(
        person, crop_px=px, batch=1, frames=FRAMES, side_ratio=run.crop.side_ratio, threads=1
    )
    return {"random": noise, "rendered": jnp.asarray(np.asarray(next(iter(batches)).inputs.images))}
