"""A run builds each part once, when it is first asked for."""

import collections

import pytest

from affect_jax.data.registry import READERS
from affect_jax.experiment import data
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import as_dict, parse
from affect_jax.experiment.refuse import CHECKS, refuse
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.nn.network import Network


@pytest.fixture
def counts(monkeypatch):
    """How often networks were constructed and data sets opened."""
    found = collections.Counter()
    construct, open_source = Network.__init__, data.open_source

    def counted_construct(self, *args, **options):
        found["networks"] += 1
        construct(self, *args, **options)

    def counted_open(config, *args, **options):
        found[f"{config.reader} {config.options.split}"] += 1
        return open_source(config, *args, **options)

    monkeypatch.setattr(Network, "__init__", counted_construct)
    monkeypatch.setattr(data, "open_source", counted_open)
    return found


def test_a_plain_run_constructs_its_network_once_and_opens_each_data_set_once(miniature, tmp_path, counts):
    config = miniature(tmp_path)
    config.train.update(steps=1, log_every=1, evaluate_every=1)
    assert train(config, tmp_path / "run")
    assert counts == {"networks": 1, "rendered train": 1, "rendered validation": 1}


def test_questions_are_asked_without_opening_data_or_writing_files(miniature, tmp_path, counts, monkeypatch):
    monkeypatch.setitem(READERS, "rendered", (None, READERS["rendered"][1]))  # opening would fail
    run = Run(parse(as_dict(miniature(tmp_path))), tmp_path / "run")
    refuse(run)
    assert counts == {"networks": 1} and not list(tmp_path.iterdir())
    assert run.network is run.network


def test_the_first_reason_is_given_and_a_wrong_value_is_a_mistake_of_the_user(miniature, tmp_path):
    config = miniature(tmp_path)
    config.frozen = "trnk/.*"
    with pytest.raises(UsageError, match=r"frozen='trnk/\.\*' matches no parameter"):
        refuse(Run(parse(as_dict(config)), tmp_path / "run"))
    config.evaluations = {}
    with pytest.raises(UsageError, match="evaluations is empty"):  # asked before the network is built
        refuse(Run(parse(as_dict(config)), tmp_path / "run"))
    assert len(CHECKS) == len(set(CHECKS))
