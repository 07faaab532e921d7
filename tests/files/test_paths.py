"""Paths as users write them: ~, and names that must not leave their folder."""

import pytest

from affect_jax.files.paths import expand_home, first_existing, is_possible, is_single_name


def test_a_leading_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/user")
    assert expand_home("~/runs/a~b") == "/home/user/runs/a~b"
    assert expand_home("~") == "/home/user"
    assert expand_home("~root/x").endswith("/x") and "~" not in expand_home("~root/x")


@pytest.mark.parametrize("text", ["runs/~/x", "./~", "/a/~b", "", "(?!.*time).*", "~.*|x"])
def test_other_texts_stay_as_they_are(text):
    assert expand_home(text) == text


@pytest.mark.parametrize("home, text", [("", "~/x"), ("/home/user", "~nobody-here/x")])
def test_an_unknown_home_is_refused(home, text, monkeypatch):
    monkeypatch.setenv("HOME", home)
    with pytest.raises(ValueError, match=rf"^{text} is in an unknown home folder; write the path in full"):
        expand_home(text)


def test_the_closest_folder_that_exists(tmp_path):
    (tmp_path / "file").write_text("")
    assert first_existing(tmp_path / "a" / "b") == tmp_path
    assert first_existing(tmp_path / "file" / "b") == tmp_path / "file"


def test_a_name_stays_in_its_folder():
    assert all(map(is_single_name, ("held_out", "affectnet_val.2", "a b", "é")))
    assert not any(map(is_single_name, ("", ".", "..", "../x", "a/b", "/a", ".hidden", "a\n")))


@pytest.mark.parametrize(
    ("path", "possible"),
    [("a/b.jpg", True), ("", True), ("ü" * 125, True), ("ü" * 126, False), ("a\0b", False), ("a/" * 4000, False)],
)
def test_paths_that_no_file_can_have_are_known(path, possible):
    assert is_possible(path) is possible
