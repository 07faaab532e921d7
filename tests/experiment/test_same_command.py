import jax
import numpy as np
import pytest
from flax import nnx

from affect_jax.experiment import same_command
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.run import Run
from affect_jax.nn.network import Variables


def test_another_command_than_that_of_process_0_is_refused(miniature, tmp_path, monkeypatch):
    config = miniature(tmp_path)
    run = Run(options.parse(config), tmp_path / "run")
    same_command.require_same_command(run, config)
    other = lambda _name, text: text.replace(str(tmp_path / "run"), "/elsewhere/run")
    monkeypatch.setattr(same_command, "from_first", other)
    message = (
        r"process 0 of 1 was not started like process 0 \(workdir: '/elsewhere/run' there, '.*/run' now\); start all"
    )
    with pytest.raises(UsageError, match=message):
        same_command.require_same_command(run, config)


def test_a_workdir_of_process_0_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(same_command, "VISIBLE_SECONDS", 0.0)
    with pytest.raises(UsageError, match=r"run of process 0 cannot be seen on .*; all processes need one workdir in a"):
        same_command.require_shared(tmp_path / "run")
    (tmp_path / "config.json").touch()
    same_command.require_shared(tmp_path)


def test_other_initial_weights_than_those_of_process_0_are_refused(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    texts = []
    monkeypatch.setattr(same_command, "from_first", lambda _name, text: texts.append(text) or texts[0])
    weights = lambda value: Variables(
        nnx.State({"kernel": np.full(3, value, np.float32)}), nnx.State({}), nnx.State({})
    )
    same_command.require_same_weights(weights(1.0))
    same_command.require_same_weights(weights(1.0))
    with pytest.raises(UsageError, match="the initial weights on .* are not those of process 0: processors of another"):
        same_command.require_same_weights(weights(np.nextafter(np.float32(1), 2)))


def test_checkpoints_that_another_process_does_not_see_are_refused(tmp_path, monkeypatch):
    (tmp_path / "checkpoints" / "20").mkdir(parents=True)
    same_command.require_same_checkpoints(tmp_path)
    monkeypatch.setattr(same_command, "VISIBLE_SECONDS", 0.0)
    monkeypatch.setattr(same_command, "from_first", lambda _name, _text: "[20, 35]")
    message = r"checkpoints of the steps \[20, 35\] for process 0, and of \[20\] on .*; all processes need one workdir"
    with pytest.raises(UsageError, match=message):
        same_command.require_same_checkpoints(tmp_path)
