"""How a page refers to its video, whatever its name is."""

import pathlib
import urllib.parse

import films
import pytest
import viewed

from affect_jax.predict.viewer import film

NAMES = (
    "a b.mp4",
    "50%41 #1?.mp4",
    "javascript:alert(1).mp4",
    "-x.mp4",
    "ü\n'\".mp4",
    "a\udcff.mp4",
    "..mp4",
    "&amp;.mp4",
)


@pytest.mark.parametrize("name", NAMES)
def test_an_address_leads_back_to_the_file(tmp_path, name):
    page = tmp_path / "pages" / "deep"
    for video in (page / name, tmp_path / "videos" / name):
        address = film.address(video, page)
        resolved = urllib.parse.urljoin(f"{page.as_uri()}/page.html", address)
        assert (
            pathlib.Path(urllib.parse.unquote(urllib.parse.urlsplit(resolved).path, errors="surrogateescape")) == video
        )
        assert address.startswith(("./", "../")) and address.isascii()


def test_a_video_is_found_beside_its_table_only(tmp_path):
    (tmp_path / "film.mp4").touch()
    assert film.find(tmp_path, "film.mp4") == film.find(tmp_path, "/elsewhere/film.mp4") == tmp_path / "film.mp4"
    assert film.find(tmp_path, "other.mp4") is None and film.find(tmp_path, "") is None
    assert film.missing("/elsewhere/a b.mp4") == film.Film("a b.mp4", "./a%20b.mp4")
    assert film.missing("").address == ""


def test_the_size_is_that_of_upright_frames(tmp_path):
    path = tmp_path / "film.mp4"
    quarter_turn = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    films.write(path, viewed.numbered_images(2), matrix=quarter_turn)
    shown = film.film(path, tmp_path)
    assert (shown.width, shown.height) == (64, 96) and shown.address == "./film.mp4"
    with pytest.raises(ValueError, match="neither an image nor a video"):
        (tmp_path / "text.mp4").write_text("text")
        film.film(tmp_path / "text.mp4", tmp_path)
