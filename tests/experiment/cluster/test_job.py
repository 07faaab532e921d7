"""The arguments that a cluster is handed give the same config again, and a config that does not fit is refused."""

import pathlib

import pytest
from absl import flags
from ml_collections import config_flags

from affect_jax.experiment.cluster.job import Job, require_fit, train_arguments
from affect_jax.experiment.config.config_file import ConfigParser
from affect_jax.experiment.config.errors import UsageError

CONFIG = "configs/quickstart.py:static"
CHANGES = (
    "--config.batch_size=24",
    "--config.optimizer.learning_rate=3e-4",
    "--config.frozen=trunk/(a|b).* 'c'",
    "--config.mesh.rules=(('head/.*', 'whole'), ('.*', 'largest'))",
    "--config.data.train.rendered.subjects=7",
)


def read(arguments):
    """The flags that a command line gives."""
    values = flags.FlagValues()
    words = ["launch.train", *arguments]
    config_flags.DEFINE_config_file("config", None, "", flag_values=values, sys_argv=words)
    values["config"].parser = ConfigParser()  # as launch/flags.py does
    flags.DEFINE_string("workdir", None, "", flag_values=values)
    values(words)
    return values


def arguments_of(values):
    flag = values["config"]
    overrides = config_flags.get_override_values(flag)
    return train_arguments(config_flags.get_config_filename(flag), overrides, pathlib.Path(values["workdir"].value))


def test_the_arguments_give_the_config_from_which_they_were_made():
    first = read([f"--config={CONFIG}", *CHANGES, "--workdir=runs/a b"])
    arguments = arguments_of(first)
    assert arguments[0] == f"--config={CONFIG}" and arguments[-1] == "--workdir=runs/a b"
    again = read(arguments)
    assert again["config"].value.to_dict() == first["config"].value.to_dict()
    assert again["config"].value.mesh.rules == (("head/.*", "whole"), (".*", "largest"))
    assert arguments_of(again) == arguments


@pytest.mark.parametrize(
    "folder, name",
    [
        ("runs/Clips_2", "clips-2"),
        ("runs/7", "run-7"),
        ("runs/___", "run"),
        ("runs/" + 30 * "ab-", "ab-" * 13 + "a"),
    ],
)
def test_the_name_of_a_job_is_one_for_kubernetes(folder, name):
    assert Job((), pathlib.Path(folder), 1, 1).name == name


@pytest.mark.parametrize(
    "change, nodes, devices, message",
    [
        ("--config.batch_size=30", 2, 8, r"batch_size is 30; expected a multiple of 16, the number of processes"),
        ("--config.mesh.data=3", 2, 2, r"2 x 2 devices: mesh.data=3, .* needs 3 devices, but there are 4"),
    ],
)
def test_a_config_that_does_not_fit_the_machines_is_refused(change, nodes, devices, message):
    config = read([f"--config={CONFIG}", change])["config"].value
    with pytest.raises(UsageError, match=message):
        require_fit(config, Job((), pathlib.Path("run"), nodes, devices), processes=nodes * devices)


def test_a_config_that_fits_is_not():
    config = read([f"--config={CONFIG}"])["config"].value
    require_fit(config, Job((), pathlib.Path("run"), 2, 8), processes=16)
