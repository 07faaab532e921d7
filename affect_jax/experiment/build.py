"""Options into objects: sources, batches, the network."""

import dataclasses
import pathlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from affect_jax import emotions
from affect_jax.data import loader, store
from affect_jax.data.coverage import check_emotions
from affect_jax.data.folds import take_fold
from affect_jax.data.label_clock import with_label_clock
from affect_jax.data.registry import READERS
from affect_jax.data.source import Concatenated, with_label_set
from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.infer.compiled import Ready
from affect_jax.infer.factor_tuning import FactorWays, timed_ways
from affect_jax.infer.tuning import Measured, executed, files, planned, timed
from affect_jax.models.contract import ModelConfig, with_emotions
from affect_jax.models.registry import MODELS
from affect_jax.nn.execution import Execution, execution_named
from affect_jax.nn.network import Network, Variables
from affect_jax.train.placement import Placement
from affect_jax.types import Batch, Predictions, Source

SKIPPED = "skipped.csv"


def source(config: SourceConfig, label_set: str, folder: str = "", skipped_csv: str = "") -> Source:
    """A data set in the run's label set; kept in `folder` between runs where one is given.

    Rows that its reader skips are listed in `skipped_csv`, unless its options name another file.
    """
    options = config.options
    if getattr(options, "skipped_csv", None) == "":
        options = dataclasses.replace(options, skipped_csv=skipped_csv)

    def read() -> Source:
        try:
            return READERS[config.reader][0](options)
        except FileNotFoundError as error:
            raise UsageError(str(error)) from error

    if folder:
        mark = store.fingerprint(config.reader, config.options)
        whole = store.materialize(read, pathlib.Path(folder) / f"{config.reader}_{mark}", mark)
    else:
        whole = read()
    return with_label_set(with_label_clock(take_fold(whole, config.fold), config.clock), label_set)


def model_config(options: Options) -> ModelConfig:
    """The model's options, with as many emotions as the label set has."""
    return with_emotions(options.model, len(emotions.names(options.label_set)))


def network(options: Options, execution: Execution | None = None) -> Network:
    """The architecture of a run."""
    return Network(builder(options, execution), options.frozen, options.fixed_statistics)


def builder(options: Options, execution: Execution | None = None) -> Callable[[nnx.Rngs], nnx.Module]:
    """Makes a module of the run's architecture, to be computed as its config says or as `execution` does."""
    module, config = MODELS[options.model_name][0], model_config(options)
    if execution is None:
        return lambda rngs: module(config, rngs=rngs)
    return lambda rngs: executed(module(config, rngs=rngs), execution)


def execution(options: Options, workdir: pathlib.Path | None = None, training: bool = False) -> Execution:
    """How to compute the network here: on one CPU in parts, and by measured choice where the config says "auto".

    Choices are also kept in `workdir` if given. On accelerators only factorized convolutions are chosen by measurement;
    batches spread over devices are computed directly. In both cases unless the config says otherwise.
    """
    contract, on_cpu = options.contract, jax.default_backend() == "cpu"
    named, auto = execution_named(contract.execution), contract.execution == "auto"
    if jax.device_count() > 1 or not (on_cpu or auto):
        return named
    px, frames = contract.input_px, options.data.frames
    images = jax.ShapeDtypeStruct((options.batch_size, *([frames] if frames else []), px, px, 3), jnp.float32)
    faster = Measured(files(workdir), timed) if auto and on_cpu else None
    fastest = FactorWays(files(workdir), timed_ways) if auto else None
    map_numbers = contract.largest_map if on_cpu else 0
    frozen = options.frozen if training else None
    return planned(builder(options), images, frozen, map_numbers, named, faster, fastest)


def training_source(options: Options, workdir: pathlib.Path) -> Concatenated:
    """The training data sets of a run, one after the other."""
    skipped_csv = str(workdir / SKIPPED)
    parts = options.data.train.values()
    joined = Concatenated([source(part, options.label_set, options.data.store, skipped_csv) for part in parts])
    if options.predicts_affect:
        check_emotions(joined, options.data.balanced)
    return joined


def training_batches(options: Options, data: Concatenated, workdir: pathlib.Path):
    """Endless batches out of the run's mixture of data sets."""
    return loader.training_batches(
        data,
        crop_px=options.contract.input_px,
        batch=options.batch_size,
        seed=options.seed,
        augment=options.augment,
        side_ratio=options.crop.side_ratio,
        frames=options.data.frames or None,
        hop=options.data.hop or None,
        windows=options.data.windows,
        balanced=options.data.balanced,
        takes=(options.contract.takes,),
        mixture=[part.weight for part in options.data.train.values()],
        max_skipped_fraction=options.data.max_skipped_fraction,
        skipped_csv=str(workdir / SKIPPED),
    )


def evaluation_batches(options: Options, data: Source, workdir: pathlib.Path):
    """Each face or frame of a source once, in order, padded to full batches."""
    return loader.evaluation_batches(
        data,
        crop_px=options.contract.input_px,
        batch=options.batch_size,
        frames=options.data.frames or None,
        every=options.data.windows.every,
        latest=options.contract.causal,
        side_ratio=options.crop.side_ratio,
        takes=(options.contract.takes,),
        max_skipped_fraction=options.data.max_skipped_fraction,
        skipped_csv=str(workdir / SKIPPED),
    )


def predictor(
    network: Network, placement: Placement, precision: str = "float32"
) -> Callable[[Variables, Batch], Predictions]:
    """Jitted prediction of host batches, spread over the mesh."""
    predict = Ready(network, precision)
    return lambda variables, batch: predict(variables, placement.spread(batch.inputs.only))
