"""Which quantities are averaged over mirror images; an option that changes nothing says so."""

import pathlib

import pytest

from affect_jax.experiment import flip_averaging
from affect_jax.experiment.config.errors import UsageError
from affect_jax.models.contract import Contract

WORKDIR = pathlib.Path("runs/faces")
AFFECT = ("valence_arousal", "emotion", "landmarks")
REPORTED = ("valence_arousal", "emotion")


def checked(predicts, names, takes="images", reported=REPORTED):
    return flip_averaging.checked(WORKDIR, Contract(takes=takes, predicts=predicts), reported, names)


def test_the_named_quantities_are_averaged_in_the_order_of_the_registry():
    assert checked(AFFECT, []) == ()
    assert checked(AFFECT, ["valence_arousal"]) == ("valence_arousal",)
    assert checked(AFFECT, ["emotion", "valence_arousal"]) == ("valence_arousal", "emotion")


def test_averaging_that_cannot_change_anything_is_refused():
    with pytest.raises(UsageError, match="runs/faces holds a network of emotion, which does not predict valence_arous"):
        checked(("emotion",), ["valence_arousal"])
    with pytest.raises(UsageError, match="--flip_average names landmarks, mood; choose from valence_arousal, emotion"):
        checked(AFFECT, ["landmarks", "mood"])
    with pytest.raises(UsageError, match="a network of features; only images can be mirrored"):
        checked(("emotion",), ["emotion"], takes="features")


@pytest.mark.parametrize(
    "averaged, labeled, message",
    [
        (["valence_arousal"], ["emotion"], "labels of emotion only"),
        (["emotion"], ["valence_arousal"], "labels of valence_arousal only"),
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
