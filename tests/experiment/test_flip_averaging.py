"""Which quantities are averaged over mirror images; an option that changes nothing says so."""

import json
import pathlib

import pytest

from affect_jax.evaluate.summary import EvaluationConditions
from affect_jax.experiment import flip_averaging
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.evaluate import require_same_conditions
from affect_jax.models.contract import Contract

WORKDIR = pathlib.Path("runs/faces")
AFFECT = ("valence_arousal", "emotion", "landmarks")


REPORTED = ("valence_arousal", "emotion")


def choose(predicts, flip, flip_all, takes="images", reported=REPORTED):
    return flip_averaging.choose(WORKDIR, Contract(takes=takes, predicts=predicts), reported, flip, flip_all)


def test_the_default_averages_what_was_published_and_all_averages_emotions_too():
    assert choose(AFFECT, False, False) == ()
    assert choose(AFFECT, True, False) == ("valence_arousal",)
    for flip in (False, True):
        assert choose(AFFECT, flip, True) == ("valence_arousal", "emotion")
    assert choose(("emotion",), False, True) == ("emotion",)


def test_averaging_that_cannot_change_anything_is_refused():
    with pytest.raises(UsageError, match="change nothing: runs/faces holds a network of emotion, which is .*_all"):
        choose(("emotion",), True, False)
    with pytest.raises(UsageError, match="network of landmarks, whose predictions cannot be averaged"):
        choose(("landmarks",), True, True, reported=("landmarks",))
    with pytest.raises(UsageError, match="a network of features; only images can be mirrored"):
        choose(("emotion",), False, True, takes="features")


@pytest.mark.parametrize(
    "averaged, labeled, message",
    [
        (["valence_arousal"], ["emotion"], "labels of emotion only; --flip_average_all averages every quantity"),
        (["emotion"], ["valence_arousal"], "labels of valence_arousal only; --flip_average_all averages"),
        (["valence_arousal", "emotion"], [], "labels of nothing only"),
        (["valence_arousal"], ["valence_arousal"], ""),
        (["valence_arousal", "emotion"], ["emotion"], ""),
        ([], ["emotion"], ""),
    ],
)
def test_averaging_that_changes_no_score_says_so(averaged, labeled, message, caplog):
    flip_averaging.warn_if_unscored(averaged, labeled)
    assert (message in caplog.text) if message else not caplog.text
    assert not message or f"changes the predictions of {', '.join(averaged)} but no score" in caplog.text


@pytest.mark.parametrize("earlier, same", [(False, ()), (True, ("valence_arousal",))])
def test_a_summary_of_an_earlier_version_is_under_the_same_conditions(tmp_path, earlier, same):
    conditions = EvaluationConditions("faces", "test", "crop", "affectnet_8", same, 3)
    old = {**vars(conditions), "flip_averaging": earlier}
    (tmp_path / "summary.json").write_text(json.dumps({"conditions": old}))
    require_same_conditions(tmp_path, conditions)
    both = EvaluationConditions("faces", "test", "crop", "affectnet_8", ("valence_arousal", "emotion"), 3)
    with pytest.raises(UsageError, match="holds an evaluation of flip_averaging"):
        require_same_conditions(tmp_path, both)
