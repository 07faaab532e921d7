"""The folder of a network that is made from another one: held while it is made, and gone if nothing came of it."""

import json

import pytest

from affect_jax.experiment import initialize
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.hold import hold
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.derive.write import existing_result, reserve, write_run
from affect_jax.experiment.network import make_network
from affect_jax.experiment.train import train


def test_a_folder_in_which_nothing_was_written_is_removed_with_those_made_for_it(tmp_path):
    (tmp_path / "runs").mkdir()
    with pytest.raises(RuntimeError), reserve(tmp_path / "runs" / "a" / "b"):
        assert (tmp_path / "runs" / "a" / "b").is_dir()
        raise RuntimeError
    assert [path.name for path in tmp_path.rglob("*")] == ["runs"]


def test_a_folder_that_was_there_and_a_result_stay(tmp_path):
    (tmp_path / "empty").mkdir()
    with reserve(tmp_path / "empty"):
        assert existing_result(tmp_path / "empty", {}, "note.json") is None  # the lock alone is no content
    assert list(tmp_path.iterdir()) == [tmp_path / "empty"] and not list((tmp_path / "empty").iterdir())
    with reserve(tmp_path / "new"):
        (tmp_path / "new" / "config.json").write_text("{}")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["config.json"]


def test_two_commands_that_make_the_same_network_do_not_meet(tmp_path):
    with hold(tmp_path / "new"), pytest.raises(UsageError, match="new is in use by process"), reserve(tmp_path / "new"):
        pass


def test_a_finished_network_is_not_locked(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with hold(tmp_path), reserve(tmp_path):
        pass


@pytest.mark.slow
def test_a_network_that_was_written_trains_in_place_as_if_it_had_been_trained_from_the_start(
    miniature, static_run, tmp_path
):
    """It has seen no batch. Its weights are those that the other run started from."""
    config = miniature(static_run.parent)
    options = parse(config)
    network = make_network(options)
    write_run(tmp_path / "run", config, network, initialize.initial_variables(options, network, tmp_path), {})
    assert train(config, tmp_path / "run")
    read = lambda run: [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    plain = lambda run: [{**line, "seconds": 0} for line in read(run)]
    assert plain(tmp_path / "run") == plain(static_run)
