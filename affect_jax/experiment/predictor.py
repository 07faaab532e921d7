"""A trained workdir as a plain function from images to predictions."""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.experiment import flip_averaging, restore
from affect_jax.experiment.config.data import DataConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options as RunOptions
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.streaming import follower
from affect_jax.models.contract import Contract
from affect_jax.models.features import with_features
from affect_jax.nn.network import Network, Variables, names
from affect_jax.personal.digest import network_digest
from affect_jax.predict.predictor import Featured, Predictor
from affect_jax.quantities.registry import in_order
from affect_jax.types import Predictions

BATCH = 16  # images per call
WINDOWS = 4  # per call of a network that predicts the newest frame of a window; docs/decisions/intensity.md


def predictor(
    workdir: pathlib.Path, flip: Sequence[str] = (), precision: str = "float32", adapters: bool = False
) -> Predictor:
    """The network of a workdir, with its crop and label names; `flip` as in `evaluate_run`.

    With `adapters`, those of persons can be applied to it; UsageError if it offers no pooled features.
    """
    run, network, variables, step = restore.restore_run(workdir)
    made = make_predictor(workdir, run, network, variables, step, flip, precision)
    return with_adapters(made, workdir, run.contract, network, variables, precision) if adapters else made


def with_adapters(
    made: Predictor, workdir: pathlib.Path, contract: Contract, network: Network, variables: Variables, precision: str
) -> Predictor:
    """The same predictor, to whose raw outputs adapters of persons can be applied; UsageError without features."""
    if not contract.features:
        raise UsageError(
            f"{workdir} holds a network without pooled features, to which no adapter can be applied; use a static "
            "network or a clip network"
        )
    featured = with_features(network)
    follow = None
    if contract.causal:
        follow = follower(featured.module(variables), contract.input_px, precision)
    digest = _digest(variables)
    return dataclasses.replace(made, featured=Featured(_function(featured, variables, precision), digest, follow))


def _digest(variables: Variables) -> str:
    return network_digest(jax.device_get(names(variables)))


def _function(network: Network, variables: Variables, precision: str) -> Callable[[np.ndarray], Predictions]:
    ready = CompiledNetwork(network, precision)

    def function(images: np.ndarray) -> Predictions:
        return jax.device_get(ready(variables, jnp.asarray(images)))

    return function


def make_predictor(
    workdir: pathlib.Path,
    run: RunOptions,
    network: Network,
    variables: Variables,
    step: int,
    flip: Sequence[str],
    precision: str,
) -> Predictor:
    """The predictor of a restored run; UsageError if it does not predict affect from images.

    Reported is what its task learns and the network predicts, except for places in the crop, which say nothing of the
    image around it.
    """
    if run.contract.takes != "images":
        raise UsageError(f"{workdir} holds a network of {run.contract.takes}; files and videos provide images only")
    predicted = set(run.task.quantities) & set(run.contract.predicts)
    reported = tuple(each.name for each in in_order(predicted) if not each.located)
    if not reported:
        raise UsageError(
            f"{workdir} holds a landmark network, which does not predict affect; train a static network from it first"
        )
    return Predictor(
        function=_function(network, variables, precision),
        crop_px=run.contract.input_px,
        batch=WINDOWS if run.contract.newest else BATCH,
        frames=run.data.frames or None,
        quantities=reported,
        label_set=run.label_set,
        crop=run.crop,
        flip_averaged=flip_averaging.checked(workdir, run.contract, reported, flip),
        name=f"{workdir.name}@{step}",
        network_sha256=_digest(variables),
        follower=follower(network.module(variables), run.contract.input_px, precision) if run.contract.causal else None,
        trained_fps=trained_fps(run.data),
        every=run.data.windows.every,
        newest=run.contract.newest,
    )


def trained_fps(data: DataConfig) -> float | None:
    """The frame rate of the clips that a network was trained on, if its readers name one and the same."""
    rates = {getattr(reader, "fps", None) for reader in data.train.values()}
    (rate,) = rates if len(rates) == 1 else (None,)
    return rate or None
