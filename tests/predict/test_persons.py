"""Whom a recording is of, by the name of its file, and what predictions depend on."""

import dataclasses
import unicodedata

import pytest
from adapted import make_adapter, person

from affect_jax.predict.persons import Person, Persons

PEOPLE = {name: person(name, seed) for seed, name in enumerate(["anna", "anna_b", "ben", "bo-li", "zoë"])}


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("anna", "anna"),
        ("anna-3", "anna"),
        ("anna_c_2", "anna"),
        ("anna_b", "anna_b"),  # the whole name is no abbreviation
        ("ben_2026-03-01", "ben"),
        ("bo-li_1", "bo-li"),
        ("bo", None),
        ("annabel", None),
        ("interview_anna", None),
        ("Anna", None),
        ("ben.2", None),
        ("", None),
        (unicodedata.normalize("NFD", "zoë_1"), "zoë"),  # as file systems of Apple write it
    ],
)
def test_a_file_is_of_the_person_whose_name_it_begins_with(stem, name):
    assert Persons(PEOPLE).of_recording(stem) is (None if name is None else PEOPLE[name])


def test_a_file_that_begins_with_two_names_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^'anna_b_2' begins with the names of anna and of anna_b; rename the file, or predict it alone with "
        r"--assign=anna$",
    ):
        Persons(PEOPLE).of_recording("anna_b_2")


def test_an_assignment_outranks_the_name_of_the_file():
    assert Persons(PEOPLE, only="ben").of_recording("anna") is PEOPLE["ben"]
    numbered = Persons(PEOPLE, {2: "anna", 0: "ben"})
    assert numbered.of_recording("anna") is None
    assert [numbered.of_face(face) for face in range(3)] == [PEOPLE["ben"], None, PEOPLE["anna"]]


def test_the_digest_changes_with_adapters_names_and_assignments_and_not_with_their_order():
    two = Persons({"anna": PEOPLE["anna"], "ben": PEOPLE["ben"]}, {0: "anna", 1: "ben"})
    assert two.digest == Persons({"ben": PEOPLE["ben"], "anna": PEOPLE["anna"]}, {1: "ben", 0: "anna"}).digest
    learned_again = Person("anna", make_adapter(7), "7" * 64)
    others = [
        dataclasses.replace(two, faces={0: "ben", 1: "anna"}),
        dataclasses.replace(two, faces={}),
        dataclasses.replace(two, faces={}, only="anna"),
        dataclasses.replace(two, people={**two.people, "anna": learned_again}),
        dataclasses.replace(two, people={"anna": PEOPLE["anna"]}, faces={0: "anna"}),
    ]
    assert len({each.digest for each in [two, *others]}) == 1 + len(others)
