"""The card of a run: what it holds, how sessions are added to it, and damaged or foreign ones."""

import hashlib
import json

import pytest

from affect_jax.experiment.config.claim import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.run import Run
from affect_jax.experiment.run_card import CARD, begin_session, end_session, final_metrics, read_finished

LINES = ({"step": 2, "train/loss": 0.5, "v/ccc": 0.1, "seconds": 1.0}, {"step": 4, "train/loss": 0.25, "seconds": 2.0})


@pytest.fixture
def run(miniature, tmp_path):
    """A claimed workdir in which nothing was trained."""
    config = miniature(tmp_path)
    claim(tmp_path / "run", config)
    (tmp_path / "run" / "data.json").write_text('{"data.train.rendered": {"examples": 8}}')
    (tmp_path / "run" / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return Run(parse(config), tmp_path / "run")


@pytest.fixture
def card(run):
    """The path of the card of a finished run."""
    begin_session(run, 0)
    end_session(run.workdir, 4, finished=True)
    return run.workdir / CARD


def test_a_card_of_a_trained_run_holds_what_its_workdir_says(static_run):
    card = read_finished(static_run / CARD)
    config = json.loads((static_run / "config.json").read_text())
    del config["affect_jax"]
    assert card["config"] == config
    assert card["config_sha256"] == hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    assert card["data"] == json.loads((static_run / "data.json").read_text())
    lines = [json.loads(line) for line in (static_run / "metrics.jsonl").read_text().splitlines()]
    last = [line for line in lines if line["step"] == 4]
    assert card["metrics"]["train/loss"] == next(line["train/loss"] for line in last if "train/loss" in line)
    scores = next(line for line in last if "validation/ccc/mean" in line)
    assert card["metrics"].items() >= {name: scores[name] for name in scores if name not in ("step", "seconds")}.items()
    assert card["mesh"] == {"data": 8, "fsdp": 1, "time": 1} and card["weights"] == {} and card["seeds"]["seed"] == 0
    (session,) = card["sessions"]
    assert (session["first_step"], session["last_step"]) == (0, 4) and session["start"] <= session["end"]


def test_a_resumed_run_adds_a_session_and_one_that_saved_nothing_leaves_none(run):
    begin_session(run, 0)  # killed before its first checkpoint
    begin_session(run, 0)
    end_session(run.workdir, 2, finished=False)
    with pytest.raises(UsageError, match=rf"{CARD} is of a run that has not finished: there is no result to compare"):
        read_finished(run.workdir / CARD)
    begin_session(run, 2)
    end_session(run.workdir, 4, finished=True)
    card = read_finished(run.workdir / CARD)
    assert [(each["first_step"], each["last_step"]) for each in card["sessions"]] == [(0, 2), (2, 4)]
    assert card["metrics"] == final_metrics(run.workdir) == {"train/loss": 0.25, "v/ccc": 0.1}
    before = (run.workdir / CARD).read_bytes()
    end_session(run.workdir, 4, finished=True)
    assert (run.workdir / CARD).read_bytes() == before


def test_a_damaged_card_does_not_keep_a_run_from_being_resumed(run, card):
    card.write_text("{")
    begin_session(run, 2)
    end_session(run.workdir, 4, finished=True)
    (session,) = read_finished(card)["sessions"]
    assert session["first_step"] == 2


FOREIGN = {
    "no file": (None, r"run_card\.json does not exist; give the run_card\.json in the workdir of a finished run"),
    "not JSON": (b"PK\x03\x04\xff", "is damaged .*take a card that python -m launch.train has written"),
    "a list": (b"[1]", "list instead of named values"),
    "another file": (b'{"affect_jax": "0.2.0"}', r"is not a card of a run \(it has no run_card_version\)"),
    "a later version": (b'{"run_card_version": 9}', "has version 9 of run cards, this is 1"),
    "an empty card": (b'{"run_card_version": 1}', "was changed after it was written: it does not match its checksum"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_card_is_one_sentence(case, tmp_path):
    content, message = FOREIGN[case]
    if content is not None:
        (tmp_path / CARD).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_finished(tmp_path / CARD)


def test_every_change_of_a_card_is_noticed(card):
    content = card.read_bytes()
    assert read_finished(card)["finished"]
    for place in range(0, len(content) - 2, 41):
        card.write_bytes(content[:place])
        with pytest.raises(UsageError):
            read_finished(card)
    for old, new in ((b'"train/loss": 0.25', b'"train/loss": 0.26'), (b'"batch_size": 8', b'"batch_size": 9')):
        assert old in content
        card.write_bytes(content.replace(old, new))
        with pytest.raises(UsageError, match="was changed after it was written"):
            read_finished(card)
