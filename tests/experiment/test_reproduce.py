"""A run is trained again from its card alone and compared; differences are named."""

import hashlib
import json
import math
import shutil

import pytest
from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.reproduce import NotReproduced, compare, reproduce
from affect_jax.experiment.run_card import CARD


def rewrite(card, folder, change):
    """A copy of a card with a change, as another machine might have written it."""
    content = json.loads(card.read_text())
    del content["checksum"]
    change(content)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    folder.mkdir()
    (folder / CARD).write_text(json.dumps({**content, "checksum": digest}))
    return folder / CARD


def test_a_run_is_reproduced_from_its_card_and_differences_are_named(static_run, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: said.append(text % values))

    def elsewhere(card):
        card["sessions"][-1]["environment"]["packages"]["numpy"] = "1.0"
        card["sessions"][-1]["environment"]["devices"]["count"] = 4
        card["data"]["data.train.rendered"]["examples"] = 7

    card = rewrite(static_run / CARD, tmp_path / "elsewhere", elsewhere)
    count = len(json.loads(card.read_text())["metrics"])
    sentence = reproduce(card, tmp_path / "again")
    assert sentence == f"{tmp_path}/again reproduces {card}: all {count} final metrics are equal"
    named = [text.removeprefix("not as in the card: ") for text in said if text.startswith("not as in the card: ")]
    assert [text.partition(":")[0] for text in named] == [
        "devices.count",
        "packages.numpy",
        "data.data.train.rendered.examples",
    ]
    assert named[0] == "devices.count: 4 there, 8 now"

    def better(card):
        card["metrics"]["validation/ccc/mean"] += 0.5
        card["metrics"]["train/loss"] += 0.25

    with pytest.raises(NotReproduced) as refused:
        reproduce(rewrite(static_run / CARD, tmp_path / "better", better), tmp_path / "again")
    text = str(refused.value)
    assert f"2 of {count} final metrics differ, by at most 0.5 (validation/ccc/mean: " in text


def test_the_run_itself_is_no_reproduction(static_run):
    with pytest.raises(UsageError, match="is the run of the card itself; choose another, new folder"):
        reproduce(static_run / CARD, static_run)


def test_a_workdir_of_another_run_is_refused(static_run, tmp_path):
    shutil.copytree(static_run, tmp_path / "other")
    config = json.loads((tmp_path / "other" / "config.json").read_text())
    (tmp_path / "other" / "config.json").write_text(json.dumps({**config, "seed": 5}))
    with pytest.raises(UsageError, match=r"holds a run of another config \(seed: 5 there, 0 now\)"):
        reproduce(static_run / CARD, tmp_path / "other")


@pytest.mark.parametrize(
    "one, other, different, largest",
    [
        ({"a": 1.0, "b": math.nan}, {"a": 1.0, "b": math.nan}, (), 0.0),
        ({"a": 1.0, "b": 2.0}, {"a": 1.25, "b": 1.0}, ("b", "a"), 1.0),
        ({"a": 1.0}, {"a": math.nextafter(1.0, 2.0)}, ("a",), 2**-52),
        ({"a": 1.0, "b": math.nan}, {"a": 1.0, "b": 1.0}, ("b",), math.inf),
        ({"a": 1.0}, {"a": 1.0, "b": 0.0}, ("b",), math.inf),
        ({"a": math.inf}, {"a": math.inf}, (), 0.0),
        ({"a": math.inf}, {"a": -math.inf}, ("a",), math.inf),
    ],
)
def test_metrics_are_compared_exactly(one, other, different, largest):
    found = compare(one, other)
    assert (found.count, found.different, found.largest) == (len({*one, *other}), different, largest)
