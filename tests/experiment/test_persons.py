"""--persons and --assign: what is understood, and what is refused."""

import numpy as np
import pytest
from adapted import make_adapter

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.persons import NOBODY, Chosen, choose, read_persons, require_fitting
from affect_jax.files.video import STANDARD_INPUT
from affect_jax.personal.adapter import no_adapter
from affect_jax.personal.adapter_file import Geometry, write_adapter
from affect_jax.predict.ids import Ids
from affect_jax.predict.persons import Persons
from affect_jax.predict.predictor import Featured

DIGEST = "ab" * 32
NETWORK = Featured(lambda images: None, DIGEST)


@pytest.fixture
def folder(tmp_path, make_card):
    """Adapters of anna, of ben, who is known by a face, and of carl, which changes nothing."""
    place = tmp_path / "P"
    geometry = Geometry(np.linspace(0, 1, 10), np.full(10, 0.1))
    for name, adapter, known in (
        ("anna", make_adapter(1), None),
        ("ben", make_adapter(2), geometry),
        ("carl", no_adapter(8), None),
    ):
        write_adapter(place / f"{name}.safetensors", adapter, make_card(name, DIGEST, known), 10**6)
    return place


def test_assignments_as_users_write_them():
    assert choose(None, []) is NOBODY
    assert choose("P", ["0:anna", "12:ben:2"]).faces == {0: "anna", 12: "ben:2"}
    assert choose("P", ["anna"]) == Chosen(choose("P", []).folder, {}, "anna")


@pytest.mark.parametrize(
    ("folder", "assign", "message"),
    [
        (None, ["0:anna"], "--assign=0:anna has no effect without --persons, the folder of the adapters"),
        ("P", ["anna", "ben"], "--assign=anna,ben: expected faces and names, such as 0:anna,1:ben, or one name alone"),
        ("P", ["0:anna", "ben"], "--assign=0:anna,ben: expected faces and names"),
        ("P", ["0:", "1:ben"], "--assign=0:,1:ben: expected faces and names"),
        ("P", ["-1:anna", "1:ben"], "expected faces and names"),
        ("P", ["0:anna", "00:ben"], "--assign=0:anna,00:ben gives one face to two persons"),
    ],
)
def test_assignments_that_cannot_be_understood_are_refused(folder, assign, message):
    with pytest.raises(UsageError, match=message):
        choose(folder, assign)


def test_all_persons_are_read_if_file_names_decide_and_else_those_assigned(folder):
    everybody = read_persons(choose(str(folder), []), NETWORK, Ids())
    assert set(everybody.people) == {"anna", "ben", "carl"}
    np.testing.assert_array_equal(everybody.people["anna"].adapter.weights, make_adapter(1).weights)
    np.testing.assert_allclose(everybody.people["ben"].geometry, np.linspace(0, 1, 10))
    assert everybody.people["carl"].adapter is None and everybody.people["anna"].geometry is None
    assert len({person.sha256 for person in everybody.people.values()}) == 3
    (folder / "ben.safetensors").write_text("damaged")
    some = read_persons(choose(str(folder), ["3:anna"]), NETWORK, Ids())
    assert set(some.people) == {"anna"} and some.of_face(3) is some.people["anna"]
    assert read_persons(NOBODY, None, Ids()).people == {}


def test_hashed_names_hide_persons_too(folder):
    people = read_persons(choose(str(folder), ["anna"]), NETWORK, Ids(hashed=True)).people
    assert people["anna"].name == Ids(hashed=True).stem("anna") != "anna"


def test_adapters_that_cannot_be_used_are_refused_by_file(folder, tmp_path):
    chosen = choose(str(folder), [])
    with pytest.raises(ValueError, match=r"\w+\.safetensors.* another"):
        read_persons(chosen, Featured(NETWORK.function, "cd" * 32), Ids())
    with pytest.raises(UsageError, match=r"--assign names dora, who has no adapter in .*P; it has anna, ben, carl$"):
        read_persons(choose(str(folder), ["0:dora"]), NETWORK, Ids())
    data = bytearray((folder / "anna.safetensors").read_bytes())
    data[-3] ^= 255
    (folder / "anna.safetensors").write_bytes(data)
    with pytest.raises(ValueError, match=r"anna\.safetensors"):
        read_persons(chosen, NETWORK, Ids())
    (folder / "anna.safetensors").write_bytes((folder / "ben.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"anna.safetensors is the adapter of ben; it was renamed, or copied by"):
        read_persons(chosen, NETWORK, Ids())
    with pytest.raises(UsageError, match="E holds no adapter; expected files such as anna.safetensors, which python"):
        read_persons(choose(str(tmp_path / "E"), []), NETWORK, Ids())


def test_what_names_of_files_cannot_say_is_refused_before_anything_is_computed(folder, tmp_path):
    people = read_persons(choose(str(folder), []), NETWORK, Ids()).people
    for name in ("film.mp4", "anna_1.mp4", "V/ben-2.mp4", "V/notes.txt", "W/film.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    by_name = Persons(people)
    for source in ("anna_1.mp4", "V"):
        require_fitting(by_name, tmp_path / source)
    for source in (tmp_path / "film.mp4", tmp_path / "W", STANDARD_INPUT):
        with pytest.raises(UsageError, match="--persons knows anna, ben, carl, but no name of a file of --input="):
            require_fitting(by_name, source)
    require_fitting(Persons(people, only="anna"), tmp_path / "W")
    require_fitting(Persons(people, {0: "anna"}), tmp_path / "film.mp4")
    require_fitting(Persons(), tmp_path / "W")
    with pytest.raises(UsageError, match="--assign gives numbers of faces, which each video has of its own, but"):
        require_fitting(Persons(people, {0: "anna"}), tmp_path / "W")
    ambiguous = Persons({**people, "anna_1": people["ben"]})
    (tmp_path / "anna_1_2.mp4").touch()
    with pytest.raises(UsageError, match="'anna_1_2' begins with the names of anna and of anna_1; rename the file"):
        require_fitting(ambiguous, tmp_path / "anna_1_2.mp4")
