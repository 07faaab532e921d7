"""People of the training stay out of what the network is judged on, or it is said."""

import dataclasses

import pytest

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
    config.data.validation = base.data_set(reader, **{"root": "data", **validation})
    return config


def warnings_of(config, split, fold, caplog):
    run = options.parse(config)
    caplog.clear()
    splits.warn_of_training_data(run, evaluate.source_of(run, "afew_va", "", split, [f"fold={fold}"]))
    return caplog.text


@pytest.mark.parametrize(
    ("trained", "judged", "others"),
    [("-4/5", "0/5", "4/5"), ("1/3", "0/5", "-1/3"), ("0/16", "0/4", "-0/16"), ("-4/5", "", "4/5"), ("", "0/5", "")],
)
def test_an_evaluation_on_people_of_the_training_is_told_with_a_fold_of_others(trained, judged, others, caplog):
    said = warnings_of(run_of({"fold": trained}, {"fold": "4/5"}), "all", judged, caplog)
    assert f"(data.train.faces, fold '{trained}'), and the evaluation (fold '{judged}') holds some" in said
    assert said.rstrip().endswith(f"choose another split or --set=fold={others}" if others else "another split")
    if others:
        assert not warnings_of(run_of({"fold": trained}, {"fold": "4/5"}), "all", others, caplog)


def test_no_fold_is_named_where_another_data_set_of_the_training_holds_the_others(caplog):
    config = run_of({"fold": "0/4"}, {"fold": "3/4"})
    config.data.train.more = base.data_set("afew_va", root="data", fold="1/4")
    assert "--set=fold" not in warnings_of(config, "all", "0/2", caplog)


@pytest.mark.parametrize(("fold", "held"), [("-4/5", "0/5"), ("", "0/8"), ("0/16", "0/4"), ("", "")])
def test_training_refuses_people_that_also_choose_the_checkpoint(fold, held, tmp_path):
    config = run_of({"fold": fold}, {"fold": held})
    with pytest.raises(UsageError, match=r"\(fold '.*'\) and data.validation \(fold '.*'\) share people") as refused:
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    advice = dict(pair.split("=") for pair in str(refused.value).split(", or ")[-1].split(" and "))
    config.update_from_flattened_dict(advice)
    splits.check_apart(options.parse(config))


def test_others_of_the_same_name_may_validate(caplog):
    apart = {
        "fold": ({"fold": "-0/8"}, {"fold": "0/8"}),
        "root": ({}, {"root": "elsewhere"}),
    }
    for one, other in apart.values():
        splits.check_apart(options.parse(run_of(one, other)))
    splits.check_apart(options.parse(run_of({"split": "training"}, {"split": "validation"}, "sewa")))
    assert not caplog.text
    splits.check_apart(options.parse(run_of({"cultures": ("DE",)}, {"cultures": ("HU",)}, "sewa")))
    assert "share people of split 'training' of sewa, unless their other options choose" in caplog.text


@pytest.mark.parametrize("split", ["training", "train", "Train"])
def test_other_words_for_a_split_keep_the_fold_and_the_warning(split, caplog):
    run = options.parse(run_of({"split": "Train", "fold": "-0/8"}, {"split": "training", "fold": "0/8"}, "sewa"))
    part = evaluate.source_of(run, "sewa", "", split, [])
    assert part.fold == "0/8" and part.options.split == split
    splits.warn_of_training_data(run, part)
    assert not caplog.text
    splits.warn_of_training_data(run, evaluate.source_of(run, "sewa", "", split, ["fold="]))
    assert "or --set=fold=0/8" in caplog.text
    assert evaluate.source_of(run, "sewa", "", "test", []).fold == ""
    with pytest.raises(UsageError, match="share people of split 'training' of sewa"):
        splits.check_apart(options.parse(run_of({"split": "train"}, {"split": "training"}, "sewa")))


def test_the_protocol_tells_options_that_are_not_their_defaults():
    part = options.parse(run_of({}, {})).data.validation
    part = dataclasses.replace(part, options=dataclasses.replace(part.options, fps=50.0, strict=True))
    assert splits.chosen(part.options) == "fps=50.0"
