"""Which tables become pages, which video each refers to, and what is said where something is missing."""

import json
import logging
import re

import pytest
import viewed

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.view import view

TIMES = [0.0, 0.04, 0.08, 0.12]


@pytest.fixture
def table(tmp_path):
    folder = tmp_path / "predictions"
    folder.mkdir()
    times = viewed.write_video(folder / "film.mp4", [3600 * number for number in range(4)])
    viewed.write_table(folder / "film.csv", "film.mp4", times, landmarks=False)
    return folder / "film.csv"


def content(page):
    return json.loads(re.search(r'id="recording">(.*?)</script>', page.read_text(encoding="utf-8"))[1])


def test_a_page_stands_beside_its_table_and_refers_to_the_video_there(table):
    (page,) = view(table)
    assert page == table.with_name("film_viewer.html")
    found = content(page)
    assert found["film"] == {"name": "film.mp4", "address": "./film.mp4", "width": 96, "height": 64}
    assert found["facts"] == ["film.csv", "network clip@7"] and len(found["traces"]) == 1


def test_a_video_elsewhere_is_referred_to_from_where_the_page_is(table, tmp_path):
    video = tmp_path / "videos" / "other name.mp4"
    video.parent.mkdir()
    table.with_name("film.mp4").rename(video)
    (page,) = view(table, video=video, output=tmp_path / "pages")
    assert page == tmp_path / "pages" / "film_viewer.html"
    assert content(page)["film"]["address"] == "../videos/other%20name.mp4"


def test_without_its_video_a_page_expects_it_beside_itself(table, caplog):
    table.with_name("film.mp4").unlink()
    with caplog.at_level(logging.WARNING):
        (page,) = view(table)
    assert "the video 'film.mp4' is not beside the table; the page expects it beside itself" in caplog.text
    assert content(page)["film"] == {"name": "film.mp4", "address": "./film.mp4", "width": 0, "height": 0}


def test_labels_are_shown_beside_a_prediction(table, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("time_seconds,label_valence,label_arousal\n0,0.1,0.2\n0.1,,0.3\n")
    (page,) = view(table, compare=labels)
    assert [(trace["name"], trace["is_label"]) for trace in content(page)["traces"]] == [
        ("film", False),
        ("labels", True),
    ]


@pytest.mark.parametrize(
    ("other", "network", "names"),
    [
        ("elsewhere/film.csv", "static@5", ["clip@7", "static@5"]),
        ("elsewhere/film.csv", "clip@7", ["predictions/film", "elsewhere/film"]),
        ("elsewhere/smoothed.csv", "clip@7", ["film", "smoothed"]),
    ],
)
def test_two_predictions_are_told_apart_by_network_file_or_folder(table, tmp_path, other, network, names):
    path = tmp_path / other
    path.parent.mkdir()
    viewed.write_table(path, "film.mp4", TIMES)
    path.with_suffix(".schema.json").write_text(json.dumps({"model": network}))
    (page,) = view(table, compare=path)
    assert [trace["name"] for trace in content(page)["traces"]] == names


def test_labels_of_the_first_table_stay_beside_a_second(tmp_path):
    paths = [tmp_path / name for name in ("one.csv", "two.csv")]
    for path in paths:
        path.write_text("time_seconds,valence,arousal,label_valence,label_arousal\n0,0.1,0.2,0.3,0.4\n")
    (page,) = view(paths[0], compare=paths[1])
    assert [trace["name"] for trace in content(page)["traces"]] == ["one", "one (labels)", "two"]


def test_a_folder_gives_a_page_for_each_table_and_a_list_of_those_that_cannot(table, tmp_path):
    folder = table.parent
    for name in ("second", "images"):
        viewed.write_table(folder / f"{name}.csv", "film.mp4", TIMES)
    (folder / "images.csv").write_text("source,time_seconds,valence,arousal\na.png,0,0,0\nb.png,0,0,0\n")
    (folder / "summary_per_clip.csv").write_text("clip,mean\na,1\n")  # without a schema: none of ours
    with pytest.raises(ValueError, match=r"images\.csv holds 2 recordings or images"):
        view(folder)
    assert sorted(path.name for path in folder.glob("*.html")) == ["film_viewer.html", "second_viewer.html"]
    others = tmp_path / "others"
    others.mkdir()
    for name in ("film", "second"):
        viewed.write_table(others / f"{name}.csv", "film.mp4", TIMES)
    (folder / "images.csv").unlink()
    pages = view(folder, compare=others)
    assert [len(content(page)["traces"]) for page in pages] == [2, 2]
    (others / "second.csv").unlink()
    with pytest.raises(ValueError, match=r"others/second\.csv does not exist; the folder of --compare needs a table"):
        view(folder, compare=others)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "none.csv"}, r"--input=.*none\.csv does not exist"),
        ({"video": "none.mp4"}, r"--video=.*none\.mp4 does not exist"),
        ({"compare": "none.csv"}, r"--compare=.*none\.csv does not exist"),
        ({"video": "film.csv"}, r"film\.csv is neither an image nor a video|film\.csv has no video stream"),
        ({"compare": "."}, "--compare is a folder if --input is one, and a table otherwise"),
        (
            {"compare": "late.csv"},
            r"late\.csv is about 9\.000 to 9\.000 s, and the other table about 0\.000 to 0\.120 s",
        ),
        ({"source": "empty"}, r"--input=.*empty holds no table of launch\.predict"),
        ({"source": ".", "video": "film.mp4"}, r"--video names one video, but .* holds 2 tables; give one of them"),
        ({"source": "film.mp4"}, r"film\.mp4 is no table"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(table, given, message):
    folder = table.parent
    (folder / "empty").mkdir()
    viewed.write_table(folder / "late.csv", "film.mp4", [9.0])
    paths = {"source": table} | {name: folder / path for name, path in given.items()}
    with pytest.raises(UsageError, match=message):
        view(**paths)
    assert not list(folder.glob("*.html"))
