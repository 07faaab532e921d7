"""Which files of a folder are whose."""

import pytest

from affect_jax.personal.folder import adapter_path, files_of, names_in

FILES = (
    "anna.safetensors",
    "anna.baseline.json",
    "anna.safetensors.311.part",  # left by a command that was killed
    "anna.baseline.json.312.part",
    "anna.b.safetensors",
    "anna.safetensors.b.part",  # somebody's notes
    "annabel.safetensors",
    "anna_1.safetensors",
    "b[1].safetensors",
    "b1.safetensors",
    "notes.txt",
    ".hidden.safetensors",
)


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        (tmp_path / name).write_text(name)
    return tmp_path


def test_only_what_is_exactly_of_a_person_is(folder):
    theirs = lambda name: sorted(path.name for path in files_of(folder, name))
    assert theirs("anna") == sorted(FILES[:4])
    assert theirs("anna.b") == ["anna.b.safetensors"] and theirs("b[1]") == ["b[1].safetensors"]
    assert theirs("nobody") == []


def test_a_broken_link_is_a_file_of_a_person(folder):
    (folder / "carl.safetensors").symlink_to(folder / "gone")
    assert [path.name for path in files_of(folder, "carl")] == ["carl.safetensors"]


def test_names_are_those_with_an_adapter(folder):
    assert names_in(folder) == ["anna", "anna.b", "anna_1", "annabel", "b1", "b[1]"]


@pytest.mark.parametrize("name", ["../anna", "a/b", "", ".", "..", ".anna", "a\nb"])
def test_a_name_that_leaves_the_folder_is_refused(folder, name):
    for function in (adapter_path, files_of):
        with pytest.raises(ValueError, match="is no name of a person; expected one without '/', such as anna"):
            function(folder, name)
