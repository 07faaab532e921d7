"""The file of a baseline: what is read back, who may read it, and what is refused."""

import dataclasses
import json
import stat

import numpy as np
import pytest

from affect_jax.personal.baseline import (
    Day,
    make_baseline,
    outliers,
    read_baseline,
    require_same_network,
    write_baseline,
)

NETWORK = {"model": "static@9", "network_sha256": "", "crop": "box 64"}


def days(count=6, seed=0):
    values = np.exp(np.random.default_rng(seed).normal(-1, 0.1, count))
    return [Day(f"2026-03-{number + 1:02d}", 900, 90.0, float(value), 0.6) for number, value in enumerate(values)]


@pytest.fixture
def path(tmp_path):
    return write_baseline(make_baseline("anna", NETWORK, days()), tmp_path / "persons")


def test_a_baseline_is_read_back_exactly_from_a_private_file(path):
    assert path.name == "anna.baseline.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert read_baseline(path.parent, "anna") == make_baseline("anna", NETWORK, days())
    assert "This is no diagnosis" in json.loads(path.read_text())["warning"]


def test_too_few_days_say_how_many_are_needed():
    absent = Day("2026-04-01", 0, 0.0, float("nan"), float("nan"))
    message = r"needs at least 5 days, and 10 or more .* given: 4 that can be used \(2026-04-01 is no face\)"
    with pytest.raises(ValueError, match=message):
        make_baseline("anna", NETWORK, [*days(4), absent])


def test_days_that_cannot_be_compared_are_left_out():
    short = dataclasses.replace(days()[0], day="2026-05-01", seconds=20.0)
    assert make_baseline("anna", NETWORK, [*days(), short]).days == tuple(days())


def test_the_same_recording_for_two_days_is_refused():
    repeated = dataclasses.replace(days()[2], day="2026-05-01")
    with pytest.raises(ValueError, match=r"2026-03-03 and 2026-05-01 have exactly the same expressiveness"):
        make_baseline("anna", NETWORK, [*days(), repeated])


def test_a_day_far_from_all_others_is_named():
    strange = [*days(9), Day("2026-05-01", 900, 90.0, 0.1, 0.6)]
    assert outliers(strange) == ["2026-05-01"] and outliers(days(9)) == []


def change(path, edit):
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_text(path.read_text()[:-40]), r"is damaged \(not valid JSON"),
        (lambda path: change(path, lambda content: content["days"][0].update(expressiveness=0.5)), "match its sha256"),
        (lambda path: change(path, lambda content: content.pop("sha256")), "match its sha256"),
        (lambda path: change(path, lambda content: content.update(format_version=7)), "format_version 7, expected 1"),
        (lambda path: path.write_text("[]"), r"is damaged \(list instead of named values\)"),
    ],
)
def test_a_damaged_file_is_refused_with_what_to_do(path, spoil, message):
    spoil(path)
    with pytest.raises(ValueError, match=f"anna.baseline.json.*{message}.*make it again with launch.adapt --baseline"):
        read_baseline(path.parent, "anna")


def test_a_file_of_somebody_else_is_refused(path):
    path.rename(path.with_name("ben.baseline.json"))
    with pytest.raises(ValueError, match=r"ben.baseline.json is the baseline of anna; it was renamed"):
        read_baseline(path.parent, "ben")
    with pytest.raises(ValueError, match=r"there is no baseline of anna in .*; make one with launch.adapt --baseline"):
        read_baseline(path.parent, "anna")


@pytest.mark.parametrize("name", ["../anna", "", ".anna", "a\nb"])
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"expected one name without '/'"):
        read_baseline(tmp_path, name)


def test_another_network_is_refused_by_its_hash_or_else_by_its_name():
    named = make_baseline("anna", NETWORK, days())
    hashed = make_baseline("anna", {**NETWORK, "network_sha256": "aa"}, days())
    require_same_network(named, NETWORK, "a.csv")
    require_same_network(hashed, {**NETWORK, "network_sha256": "aa", "model": "renamed@9"}, "a.csv")
    require_same_network(named, {**NETWORK, "network_sha256": "bb"}, "a.csv")  # the baseline knows the name only
    for baseline, other, what in (
        (named, {**NETWORK, "model": "static@10"}, r"model 'static@10', but the baseline of anna with 'static@9'"),
        (hashed, {**NETWORK, "network_sha256": "bb"}, r"network_sha256 'bb', but the baseline of anna with 'aa'"),
        (hashed, {**NETWORK, "crop": "box 128"}, r"crop 'box 128', but the baseline of anna with 'box 64'"),
    ):
        with pytest.raises(ValueError, match=f"a.csv was measured with {what}"):
            require_same_network(baseline, other, "a.csv")
