"""A page holds the table as it is, and no text of it can become a part of the page."""

import base64
import html.parser
import json
import re
import tomllib

import numpy as np
import pytest
import viewed

from affect_jax.draw import colors
from affect_jax.predict.viewer.film import Film
from affect_jax.predict.viewer.page import FOLDER, SCRIPTS, Recording, write_page
from affect_jax.predict.viewer.trace import read_traces

HOSTILE = "</script><script>hacked = 1</script><!--\"'><img src=x onerror=hacked=1>$x ${title}\udcff"


class Elements(html.parser.HTMLParser):
    """The elements of a page with their attributes, and the texts of scripts."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self.title = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "script" and self.cdata_elem == "script":
            self.scripts[-1] += data
        if self.found and self.found[-1][0] == "title" and not self.title:
            self.title = data


@pytest.fixture
def make_page(tmp_path):
    """Writes a page about a table whose names are `name`; returns its elements, its text and its trace."""

    def make(name):
        table = tmp_path / "film.csv"
        viewed.write_table(table, "film.mp4", (np.arange(60) / 24).tolist())
        _, traces = read_traces(table)
        write_page(Recording(name, Film(name, "./film.mp4", 96, 64), 0.5, traces, [name]), tmp_path / "page.html")
        text = (tmp_path / "page.html").read_text(encoding="utf-8")
        return Elements(text), text, traces[0]

    return make


def unpacked(packed):
    return np.frombuffer(base64.b64decode(packed["data"]), f"<{packed['kind']}")


def test_the_numbers_in_a_page_are_those_of_the_table(make_page):
    page, _, trace = make_page("film")
    content = json.loads(page.scripts[0])
    assert content["film"] == {"name": "film", "address": "./film.mp4", "width": 96, "height": 64}
    assert content["start_seconds"] == 0.5
    (packed,) = content["traces"]
    np.testing.assert_array_equal(unpacked(packed["time"]), trace.time_seconds)
    for name in ("frame", "face", "expression"):
        np.testing.assert_array_equal(unpacked(packed[name]), getattr(trace, name))
    for name, values in trace.affect.items():
        np.testing.assert_array_equal(unpacked(packed["affect"][name]), values.astype(np.float32))
    np.testing.assert_array_equal(unpacked(packed["box"]), trace.box.astype(np.float32).ravel())
    points = unpacked(packed["landmarks"]).reshape(-1, 68, 2) * packed["landmark_step"]
    seen = trace.face >= 0
    assert np.abs(points[seen] - trace.landmarks[seen]).max() <= packed["landmark_step"] / 2 < 0.002
    assert not points[~seen].any()


def test_hostile_names_stay_text(make_page):
    plain, _, _ = make_page("film")
    hostile, text, _ = make_page(HOSTILE)
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in plain.found]
    assert hostile.title == HOSTILE.replace("\udcff", "\ufffd")
    assert json.loads(hostile.scripts[0])["facts"] == [HOSTILE]
    assert hostile.scripts[1:] == plain.scripts[1:]
    assert "<img" not in text


def test_a_page_allows_its_own_scripts_only_and_refers_to_nothing(make_page):
    page, text, _ = make_page("film")
    policy = next(attributes["content"] for tag, attributes in page.found if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'; media-src 'self' file: blob:;")
    assert "unsafe" not in policy and policy.count("sha256-") == len(page.scripts)  # the data needs none, the style one
    assert not re.search(r"\bon\w+=|\bstyle=", re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL))
    referring = {
        (tag, name) for tag, attributes in page.found for name in attributes if name in ("src", "href", "action")
    }
    assert referring == {("link", "href")}  # an empty icon


def test_marks_belong_to_the_recording_not_to_one_of_its_predictions(tmp_path):
    keys = []
    for times, source in (((0, 1, 2), "a"), ((0, 1, 2), "a"), ((0, 1, 3), "a"), ((0, 1, 2), "b")):
        path = tmp_path / "film.csv"
        viewed.write_table(path, source, times, landmarks=len(keys) % 2 == 0)
        name, traces = read_traces(path)
        write_page(Recording(name, Film("film", ""), 0.0, traces), tmp_path / "page.html")
        keys.append(json.loads(Elements((tmp_path / "page.html").read_text()).scripts[0])["key"])
    assert keys[0] == keys[1] and len(set(keys)) == 3


def test_a_face_has_its_color_of_the_house(make_page):
    _, text, _ = make_page("film")
    assert f"--face-1: {colors.FACES[1].on_white};" in text and f"--faces: {len(colors.FACES)};" in text


def test_every_script_is_in_the_page_and_is_installed():
    assert sorted(path.stem for path in FOLDER.glob("*.js")) == sorted(SCRIPTS)
    project = tomllib.loads((FOLDER.parents[3] / "pyproject.toml").read_text())
    assert "predict/viewer/page/*" in project["tool"]["setuptools"]["package-data"]["affect_jax"]


def test_the_page_knows_the_scale_of_each_column_of_any_table(tmp_path):
    for name, columns in (("one", "intensity_sad,intensity_happy"), ("two", "valence,arousal")):
        (tmp_path / f"{name}.csv").write_text(f"time_seconds,{columns}\n0,0.5,0.25\n")
    traces = [read_traces(tmp_path / f"{name}.csv")[1][0] for name in ("one", "two")]
    write_page(Recording("film.mp4", Film("film.mp4", ""), 0.0, traces), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    curves = json.loads(re.search(r'id="recording">(.*?)</script>', text)[1])["curves"]
    intensity = {"color": "emotion", "low": 0, "high": 10, "digits": 1, "caption": "intensity, 0 to 10"}
    assert curves[2:] == [
        {"column": "intensity_happy", "title": "happy", **intensity},
        {"column": "intensity_sad", "title": "sad", **intensity},
    ]
    assert [(curve["column"], curve["color"], curve["low"]) for curve in curves[:2]] == [
        ("valence", "valence", -1),
        ("arousal", "arousal", -1),
    ]
