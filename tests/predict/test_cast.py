"""Who is who: decided when a face comes up, and never guessed."""

import logging

import numpy as np
import pytest
from adapted import cast_of, person

from affect_jax.predict.cast import Cast
from affect_jax.predict.persons import Persons
from affect_jax.predict.sighting import Row

PEOPLE = {"anna": person("anna", 1), "ben": person("ben", 2)}


def rows(frame, *faces, name="anna.mp4"):
    if not faces:
        return [Row(name, frame, frame / 25)]
    crop = np.zeros((4, 4, 3), np.uint8)
    return [Row(name, frame, frame / 25, crop, face=face) for face in faces]


def names(cast, frames):
    """The person of each face of each frame."""
    found = [cast(rows(frame, *faces)) for frame, faces in enumerate(frames)]
    return [[row.person and row.person.name for row in each] for each in found]


def test_numbers_say_who_is_who_whatever_the_file_is_called(caplog):
    cast = cast_of(PEOPLE, {0: "ben", 2: "anna"}, **{"anna.mp4": "anna"})
    assert names(cast, [(0, 1), (), (2,), (1, 2)]) == [["ben", None], [None], ["anna"], [None, "anna"]]
    assert cast.problems() == [] and not caplog.messages


def test_a_number_that_never_comes_up_is_a_problem():
    cast = cast_of(PEOPLE, {0: "ben", 7: "anna"})
    names(cast, [(0,)])
    assert cast.problems() == ["no face has the number 7, which --assign gives to a person"]


def test_a_face_that_comes_up_alone_is_the_person_and_one_that_comes_up_beside_it_is_not(caplog):
    cast = cast_of(PEOPLE, {}, **{"anna.mp4": "anna"})
    frames = [(), (0,), (0, 1), (1,), (2,), (2, 3, 4), (5,)]  # 2 and 5: behind a cut, or back after an absence
    expected = [[None], ["anna"], ["anna", None], [None], ["anna"], ["anna", None, None], ["anna"]]
    with caplog.at_level(logging.INFO):
        assert names(cast, frames) == expected
        assert cast.problems() == []
    assert caplog.messages == ["anna.mp4: the faces 1, 3, 4 came up beside another one and are not taken for anna"]


def test_of_faces_that_come_up_together_none_is_taken_for_the_person():
    cast = cast_of(PEOPLE, {}, **{"anna.mp4": "anna"})
    assert names(cast, [(0, 1), (0,), (2,)]) == [[None, None], [None], ["anna"]]
    assert cast.problems() == [
        "anna.mp4: the faces 0 and 1 come up together at 0.00 s, so that none of them is taken for anna; say who is "
        "who with --assign=0:anna"
    ]


def test_a_recording_of_nobody_known_is_left_alone():
    cast = cast_of(PEOPLE, {}, **{"anna.mp4": "other"})
    assert names(cast, [(0,), (0, 1), (2, 3)]) == [[None], [None, None], [None, None]]
    assert cast.problems() == []


def test_each_image_of_a_folder_is_decided_by_its_own_name():
    cast = cast_of(PEOPLE, {}, **{"a.jpg": "anna_1", "b.jpg": "ben_1", "c.jpg": "group"})
    found = [cast(rows(0, 0, name=name))[0].person for name in ("a.jpg", "b.jpg", "c.jpg")]
    assert found == [PEOPLE["anna"], PEOPLE["ben"], None]


def test_without_persons_rows_are_the_same_objects():
    given = rows(3, 0, 1)
    assert all(a is b for a, b in zip(Cast(Persons(), {"anna.mp4": "anna"})(given), given, strict=True))


def test_a_name_that_fits_two_persons_is_refused_before_any_frame():
    people = {"anna": PEOPLE["anna"], "anna_b": PEOPLE["ben"]}
    with pytest.raises(ValueError, match="'anna_b_1' begins with the names of anna and of anna_b"):
        cast_of(people, {}, **{"film.mp4": "anna_b_1"})
