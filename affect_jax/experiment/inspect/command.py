"""Inspects the training run of a config, on the devices of this machine or on fake ones."""

import pathlib

import jax

from affect_jax.experiment.config.options import Config, parse
from affect_jax.experiment.inspect.facts import find_facts
from affect_jax.experiment.inspect.page import page
from affect_jax.experiment.refuse import FROM_THE_CONFIG, refuse
from affect_jax.experiment.run import Run

NOWHERE = pathlib.Path("inspected")  # nothing is read from it or written to it


def inspect_config(config: Config, devices: int | None = None, measured: pathlib.Path | None = None) -> str:
    """What a run of this config needs, as text; UsageError if it cannot run.

    `devices` is a number of fake devices on this processor, in place of its own.
    """
    if devices is not None:
        use_fake_devices(devices)
    run = Run(parse(config), NOWHERE)
    refuse(run, FROM_THE_CONFIG)
    return page(find_facts(run, measured))


def use_fake_devices(count: int) -> None:
    """Makes JAX see so many devices of this processor; only before anything is computed."""
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", count)
