"""Who is in which group, and what is said about unfair comparisons."""

import dataclasses

import numpy as np
import pytest
from recorded_people import recording

from affect_jax.evaluate.two_groups import make_groups, warnings

GROUPS = {"a": "one", "b": "one", "c": "one", "d": "one", "e": "two", "f": "two", "g": "two", "h": "two"}
PEOPLE = {name: [recording(np.ones(80))] for name in "abcdefgh"}


def test_people_are_found_by_their_whole_name_or_its_last_part():
    people = {f"test/{name}" if name in "ah" else name: each for name, each in PEOPLE.items()}
    (first, second), others = make_groups(GROUPS, {**people, "z": PEOPLE["a"]})
    assert (first.name, first.people, second.name) == ("one", ("a", "b", "c", "d"), "two") and others == ["z"]
    assert first.recordings[0][0] is PEOPLE["a"][0]


@pytest.mark.parametrize(
    ("groups", "people", "message"),
    [
        (GROUPS | {"x": "two"}, PEOPLE, r"no table has rows of x; the tables hold a, b, c, d, e and 3 more"),
        (GROUPS, {**PEOPLE, "b": [recording(np.ones(8), seen=[])]}, r"b: the face is never seen"),
        ({k: v for k, v in GROUPS.items() if k != "f"}, PEOPLE, r"the group 'two' has 3 people; .* at least 4"),
        (GROUPS | {"p/a": "two"}, PEOPLE | {"p/a": PEOPLE["a"], "q/a": PEOPLE["a"]}, None),
        (GROUPS | {"x": "two"}, PEOPLE | {"p/x": PEOPLE["a"], "q/x": PEOPLE["a"]}, r"'x' may be p/x, q/x; write"),
        (GROUPS | {"p/x": "one", "x": "two"}, PEOPLE | {"p/x": PEOPLE["a"]}, r"p/x and x are the same person, p/x"),
        (
            GROUPS,
            {**PEOPLE, "c": [dataclasses.replace(PEOPLE["c"][0], adapted=True)]},
            r"c was predicted with an adapter, h without",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(groups, people, message):
    if message is None:
        assert make_groups(groups, people)[0][1].people[-1] == "p/a"
        return
    with pytest.raises(ValueError, match=message):
        make_groups(groups, people)


def test_a_fair_comparison_of_many_people_needs_no_warning():
    many = {f"{group}{number}": group for group in "xy" for number in range(10)}
    pair, _ = make_groups(many, {name: [recording(np.ones(80), fps=8.0)] for name in many})
    assert warnings(pair, columns=6, rate=5.0) == []


def test_warnings_name_what_is_unequal_or_too_little():
    people = {name: [recording(np.ones(320), fps=32.0)] if name in "efgh" else each for name, each in PEOPLE.items()}
    people["h"] = [recording(np.ones(64), 32.0), recording(np.ones(320), 32.0, seen=range(32), name="b")]
    found = warnings(make_groups(GROUPS, people)[0], columns=2, rate=5.0)
    for part in (
        "with 4 and 4 people the smallest possible p value is about 0.029, and 0.057 after correction for 2 columns",
        "with fewer than 10 people in a group, intervals are too narrow",
        "a has 4 frames per second, fewer than --rate=5: its values are repeated (4 such recordings)",
        "frames per second, median, is 4 in 'one' and 32 in 'two'",
        "a lasts",
        "people have different numbers of recordings",
    ):
        if part == "a lasts":
            assert any("lasts 2.0 s, the longest recording 20.0 s (1 are shorter" in each for each in found), found
        else:
            assert any(part in each for each in found), (part, found)
