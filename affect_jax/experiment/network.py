"""The network described by options, and its fastest execution on this machine."""

import pathlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from affect_jax import emotions
from affect_jax.experiment.config.options import Options
from affect_jax.infer.compiled import CompiledNetwork, Predict
from affect_jax.infer.factor_tuning import FactorTuner, time_executions
from affect_jax.infer.tuning import ConvTuner, files, plan_execution, set_execution, time_convolution
from affect_jax.models.contract import ModelConfig, with_emotions
from affect_jax.models.registry import MODELS
from affect_jax.nn.conv import rematerialize_blocks
from affect_jax.nn.execution import Execution, execution_named
from affect_jax.nn.network import Network
from affect_jax.train.placement import Placement


def model_config(options: Options) -> ModelConfig:
    """The model's options, with the number of emotions in the label set."""
    return with_emotions(options.model, len(emotions.names(options.label_set)))


def make_builder(options: Options) -> Callable[[nnx.Rngs], nnx.Module]:
    """A function that builds the run's module."""
    module, config = MODELS[options.model_name][0], model_config(options)
    return lambda rngs: module(config, rngs=rngs)


def make_network(options: Options) -> Network:
    """The network of a run, with its frozen parts, and how it is computed in training."""
    network = Network(make_builder(options), options.frozen, options.fixed_statistics, options.train.precision)
    return network.changed(rematerialize_blocks) if options.train.rematerialize else network


def tune(
    network: Network,
    options: Options,
    placement: Placement,
    workdir: pathlib.Path | None = None,
    training: bool = False,
) -> Network:
    """The same network with its fastest execution on this machine; see `choose_execution`."""
    execution = choose_execution(network, options, placement, workdir, training)
    return network.changed(lambda module: set_execution(module, execution))


def unmeasured_execution(options: Options, placement: Placement) -> Execution:
    """How to compute the network where nothing is measured: as the config names it, "auto" being direct.

    A network that is split over devices is computed by the methods that can be split.
    """
    if placement.mesh.size > 1:
        return Execution(split=placement.split)
    return execution_named(options.contract.execution)


def choose_execution(
    network: Network, options: Options, placement: Placement, workdir: pathlib.Path | None, training: bool
) -> Execution:
    """How to compute the network on this machine.

    On a single CPU, the batch is processed in chunks, and with execution "auto" the fastest algorithm of each
    convolution is measured. On an accelerator, only factorized convolutions are measured. With several devices, nothing
    is; a network that is split over them is computed by the methods that can be split, and one that takes no images is
    never measured. Measurements are also stored in `workdir` if given.
    """
    contract = options.contract
    on_cpu = jax.default_backend() == "cpu"
    named = unmeasured_execution(options, placement)
    auto = contract.execution == "auto"
    if jax.device_count() > 1 or contract.takes != "images" or not (on_cpu or auto):
        return named
    px, frames = contract.input_px, options.data.frames
    shape = (options.batch_size, frames, px, px, 3) if frames else (options.batch_size, px, px, 3)
    images = jax.ShapeDtypeStruct(shape, jnp.float32)
    faster = ConvTuner(files(workdir), time_convolution) if auto and on_cpu else None
    fastest = FactorTuner(files(workdir), time_executions) if auto else None
    largest_map = contract.largest_map if on_cpu else 0
    return plan_execution(network, images, training, largest_map, named, faster, fastest)


def make_predict(network: Network, placement: Placement, precision: str = "float32") -> Predict:
    """Compiled prediction for host batches, sharded over the mesh."""
    predict = CompiledNetwork(network, precision, placement.gather)
    return lambda variables, batch: predict(variables, placement.spread(batch.inputs.only))
