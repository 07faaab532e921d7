"""Subjects of the training stay out of what the network is evaluated on, or it is reported."""

import dataclasses
import json
import re

import pytest

from affect_jax.data.folds import FoldConfig
from affect_jax.experiment import evaluate, splits
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.train import train
from configs import base


def run_of(train, validation, reader="afew_va"):
    """Options of a run on one data set; `train` and `validation` are its options in each."""
    config = base.base()
    config.model, config.task = base.model("emonet"), base.task("affect")
    config.data.train.faces = base.data_set(reader, **{"root": "data", **train})
    config.evaluations.validation = base.data_set(reader, **{"root": "data", **validation})
    return config


def fold(index=0, of=1, complement=False):
    """The section of a data set."""
    return {"fold": {"index": index, "of": of, "complement": complement}}


ALL = fold()


def words(section):
    return str(FoldConfig(**section["fold"]))


def settings(section):
    """The same fold on a command line; that of all subjects too."""
    return [f"fold.{name}={json.dumps(value)}" for name, value in section["fold"].items()]


def warnings_of(config, split, chosen, caplog):
    run = options.parse(config)
    caplog.clear()
    splits.warn_of_training_data(run, evaluate.evaluation_source(run, "afew_va", "", split, chosen))
    return caplog.text


@pytest.mark.parametrize(
    ("trained", "judged", "others"),
    [
        (fold(4, 5, True), fold(0, 5), fold(4, 5)),
        (fold(1, 3), fold(0, 5), fold(1, 3, True)),
        (fold(0, 16), fold(0, 4), fold(0, 16, True)),
        (fold(4, 5, True), ALL, fold(4, 5)),
        (ALL, fold(0, 5), None),
    ],
)
def test_an_evaluation_on_subjects_of_the_training_is_reported_with_a_fold_of_others(trained, judged, others, caplog):
    said = warnings_of(run_of(trained, fold(4, 5)), "all", settings(judged), caplog).rstrip()
    assert f"(data.train.faces: {words(trained)}), and the evaluation ({words(judged)}) includes some of them" in said
    if others is None:
        assert said.endswith("choose another split")
        return
    assert "choose another split or --set=fold.index=" in said
    advice = said.rpartition("choose another split or ")[2].replace("--set=", "").split()
    assert set(advice) <= set(settings(others))
    assert not warnings_of(run_of(trained, fold(4, 5)), "all", advice, caplog)


def test_no_fold_is_named_where_another_data_set_of_the_training_holds_the_others(caplog):
    config = run_of(fold(0, 4), fold(3, 4))
    config.data.train.more = base.data_set("afew_va", root="data", **fold(1, 4))
    assert "--set=fold" not in warnings_of(config, "all", settings(fold(0, 2)), caplog)


@pytest.mark.parametrize(
    ("trained", "held"), [(fold(4, 5, True), fold(0, 5)), (ALL, fold(0, 8)), (fold(0, 16), fold(0, 4)), (ALL, ALL)]
)
def test_training_refuses_subjects_that_also_choose_the_checkpoint(trained, held, tmp_path):
    config = run_of(trained, held)
    message = re.escape(f"({words(trained)}) and evaluations.validation ({words(held)}) share subjects")
    with pytest.raises(UsageError, match=message) as refused:
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    advice = dict(pair.split("=") for pair in str(refused.value).split(", or set ")[-1].split(" and "))
    config.update_from_flattened_dict({name: json.loads(value) for name, value in advice.items()})
    splits.check_disjoint(options.parse(config))


def test_others_of_the_same_name_may_validate(caplog):
    apart = {
        "fold": (fold(0, 8, True), fold(0, 8)),
        "root": ({}, {"root": "elsewhere"}),
    }
    for one, other in apart.values():
        splits.check_disjoint(options.parse(run_of(one, other)))
    splits.check_disjoint(options.parse(run_of({"split": "training"}, {"split": "validation"}, "sewa")))
    assert not caplog.text
    splits.check_disjoint(options.parse(run_of({"cultures": ("DE",)}, {"cultures": ("HU",)}, "sewa")))
    assert "share subjects of split 'training' of sewa, unless their other options select" in caplog.text


def test_people_of_recola_are_compared_by_who_is_listed(caplog):
    check = lambda train, held: splits.check_disjoint(options.parse(run_of(train, held, "recola")))
    listed = {"sources": ("P16", "P17")}
    check({"split": "sources"}, {"split": "targets"})
    check({"split": "sources", **listed}, {"split": "targets", **listed})
    check({"split": "sources"}, {"split": "validation"})
    assert not caplog.text
    with pytest.raises(UsageError, match=r"share subjects of split 'training' of recola"):
        check({"split": "sources"}, {"split": "training"})
    check({"split": "sources", **listed}, {"split": "targets", "targets": ("P17",)})
    assert (
        "share subjects of split 'targets' of recola, unless their other options select different ones" in caplog.text
    )
    run = options.parse(run_of({"split": "sources"}, {"split": "targets"}, "recola"))
    splits.warn_of_training_data(run, evaluate.evaluation_source(run, "recola", "", "all", []))
    assert "the network was trained on subjects of this split of recola (data.train.faces: all subjects)" in caplog.text


@pytest.mark.parametrize("split", ["training", "train", "Train"])
def test_other_words_for_a_split_keep_the_fold_and_the_warning(split, caplog):
    run = options.parse(run_of({"split": "Train", **fold(0, 8, True)}, {"split": "training", **fold(0, 8)}, "sewa"))
    part = evaluate.evaluation_source(run, "sewa", "", split, [])
    assert part.fold == FoldConfig(0, 8) and part.options.split == split
    splits.warn_of_training_data(run, part)
    assert not caplog.text
    splits.warn_of_training_data(run, evaluate.evaluation_source(run, "sewa", "", split, ["fold.of=1"]))
    assert "or --set=fold.index=0 --set=fold.of=8" in caplog.text
    assert evaluate.evaluation_source(run, "sewa", "", "test", []).fold == FoldConfig()
    with pytest.raises(UsageError, match="--set=fold=0/8: fold is a section; set its options, such as fold.of=5"):
        evaluate.evaluation_source(run, "sewa", "", split, ["fold=0/8"])
    with pytest.raises(UsageError, match="share subjects of split 'training' of sewa"):
        splits.check_disjoint(options.parse(run_of({"split": "train"}, {"split": "training"}, "sewa")))


def test_the_conditions_name_options_that_are_not_their_defaults():
    part = options.parse(run_of({}, {})).evaluations["validation"]
    part = dataclasses.replace(part, options=dataclasses.replace(part.options, fps=50.0, strict=True))
    assert splits.non_default_options(part.options) == "fps=50.0"
