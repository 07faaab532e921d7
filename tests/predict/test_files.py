"""From files to tables, plots and overlays."""

import csv
import errno
import io
import json
import logging
import os
import shutil
import socket
import struct
import zlib

import av
import cv2
import films
import numpy as np
import pytest
from PIL import Image

from affect_jax.faces.tracks import FaceTracks
from affect_jax.files.video import STANDARD_INPUT
from affect_jax.predict import files
from affect_jax.predict.files import predict_file
from affect_jax.predict.options import Options
from affect_jax.predict.sinks import plot
from affect_jax.tables.export import Export
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import read_schema
from affect_jax.types import Predictions

SUMMARY = "summary_per_clip.csv"


def tracks_of(landmarker_file, **options):
    return lambda step_seconds: FaceTracks(landmarker_file, step_seconds=step_seconds, **options)


def read_table(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_variable_frame_rate_video_end_to_end(make_predictor, write_video, tmp_path):
    ticks = np.cumsum([0, 3000, 3003, 9000, 1500, 45000, 3000, 2997, 90000, 3000])
    levels = np.arange(10) * 20 + 10
    source = tmp_path / "-my 'odd' \"name\" $(x).mp4"
    write_video(source, levels, ticks.tolist())
    output = tmp_path / "out put"
    result = predict_file(make_predictor(), source, output, None, Options(overlay=True))
    assert (result.frames, result.frames_with_face, result.problems) == (10, 10, [])
    table = read_table(output / f"{source.stem}.csv")
    assert [int(row["frame"]) for row in table] == list(range(10))
    assert np.abs([float(row["time_seconds"]) for row in table] - ticks / 90000).max() < 0.001
    arousal = [float(row["arousal"]) for row in table]  # minus the brightness of the right half
    np.testing.assert_allclose(arousal, -levels / 255, atol=0.012)
    schema = read_schema(output / f"{source.stem}.csv")
    assert schema.model == "brightness@7" and schema.crop == "whole_frame crop_px=16"
    assert {row["source"] for row in table} == {source.name}
    assert sorted(path.name for path in output.iterdir()) == sorted(
        [SUMMARY, *(f"{source.stem}{ending}" for ending in (".csv", ".schema.json", ".png", "_overlay.mp4"))]
    )
    with av.open(f"file:{output / (source.stem + '_overlay.mp4')}") as overlay:
        times = [frame.time for frame in overlay.decode(video=0)]
    assert np.abs(np.array(times) - ticks / 90000).max() < 0.001  # the overlay keeps the time stamps


def test_a_real_face_is_found_in_every_frame(make_predictor, landmarker_file, shared_data, tmp_path):
    source = shared_data / "video" / "single_face.mp4"
    result = predict_file(make_predictor(), source, tmp_path, tracks_of(landmarker_file), Options(overlay=True))
    assert (result.frames, result.frames_with_face) == (72, 72)
    table = read_table(tmp_path / "single_face.csv")
    np.testing.assert_allclose([float(row["time_seconds"]) for row in table], np.arange(72) / 30, atol=1e-6)
    assert (
        read_schema(tmp_path / "single_face.csv").crop
        == "landmark_square warp=antialiased side_ratio=1.8182 crop_px=16"
    )
    with av.open(str(source)) as before, av.open(str(tmp_path / "single_face_overlay.mp4")) as after:
        first, second = before.streams.video[0], after.streams.video[0]
        assert (first.width, first.height, first.frames) == (second.width, second.height, second.frames)
        assert float(second.average_rate) == pytest.approx(float(first.average_rate), rel=1e-3)
        image = next(after.decode(video=0)).to_ndarray(format="rgb24")
        plain = next(before.decode(video=0)).to_ndarray(format="rgb24")
    left, top = (round(float(table[0][f"FaceRect{side}"])) for side in "XY")
    assert image[top, left : left + 15].mean() > plain[top, left : left + 15].mean() + 20  # the corner of the box
    assert np.abs(image[:40].astype(int) - plain[:40]).mean() < 4  # the rest is the video


def test_no_face_gives_empty_values_and_all_overlays(make_predictor, landmarker_file, shared_data, tmp_path):
    source = tmp_path / "no_face.mp4"
    shutil.copy(shared_data / "video" / "no_face.mp4", source)
    result = predict_file(
        make_predictor(), source, tmp_path / "out", tracks_of(landmarker_file, tile_levels=0), Options(overlay=True)
    )
    table = read_table(tmp_path / "out" / "no_face.csv")
    assert result.frames_with_face == 0 and len(table) == result.frames == 95
    assert {(row["success"], row["valence"], row["FaceRectX"], row["p_sad"]) for row in table} == {("0", "", "", "")}
    assert all(path.stat().st_size > 300 for path in result.files) and len(result.files) == 5


def test_a_cut_off_video_keeps_the_rows_up_to_the_break(make_predictor, shared_data, tmp_path):
    data = (shared_data / "video" / "one_woman_expressions.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 8])
    result = predict_file(make_predictor(), tmp_path / "cut.mp4", tmp_path, None, Options())
    assert len(read_table(tmp_path / "cut.csv")) == result.frames == 56
    (problem,) = result.problems
    assert "cut.mp4 is truncated: it declares 472 frames, but 56 can be decoded" in problem


def write_picture(path, level, height=20, width=30):
    cv2.imencode(".png", np.full((height, width, 3), level, np.uint8))[1].tofile(path)


def test_a_folder_of_images_and_videos(make_predictor, write_video, tmp_path):
    folder = tmp_path / "mixed bag"
    folder.mkdir()
    for index, name in enumerate(("b.png", "a.png", "-c.png")):
        write_picture(folder / name, 60 * (index + 1), 30, 30)
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "read me.txt").write_text("neither")
    write_video(folder / "same.mp4", [100, 100], [0, 3000])
    shutil.copy(folder / "same.mp4", folder / "same.mov")
    result = predict_file(make_predictor(), folder, tmp_path / "out", None, Options(overlay=True))
    rows = read_table(tmp_path / "out" / "mixed bag.csv")
    assert [row["source"] for row in rows] == ["-c.png", "a.png", "b.png"]
    np.testing.assert_allclose([float(row["valence"]) for row in rows], np.array([180, 120, 60]) / 255, atol=1e-6)
    assert sorted(path.name for path in result.files if path.suffix == ".csv") == [
        "mixed bag.csv",
        "same.mov.csv",
        "same.mp4.csv",
        SUMMARY,
    ]
    assert len(result.problems) == 2 and all("broken" in problem for problem in result.problems)
    assert result.frames == 3 + 2 + 2
    assert not list((tmp_path / "out").glob("*.part"))


def test_a_network_without_affect_has_no_plot(make_predictor, write_video, tmp_path):
    write_video(tmp_path / "a.mp4", [100] * 3, [0, 3000, 6000])
    only_emotions = make_predictor(function=lambda images: Predictions(emotion=np.eye(4, 3, dtype=np.float32)))
    result = predict_file(only_emotions, tmp_path / "a.mp4", tmp_path, None, Options(overlay=True))
    assert [path.name for path in result.files] == ["a.csv", "a.schema.json", "a_overlay.mp4", SUMMARY]
    assert {(row["valence"], row["success"]) for row in read_table(tmp_path / "a.csv")} == {("", "1")}


def test_what_cannot_be_predicted_leaves_nothing_behind(make_predictor, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.mp4").write_text("hello")
    (tmp_path / "broken.png").write_text("hello")
    for name, error, message in (
        ("absent.mp4", FileNotFoundError, r"no file at .*absent\.mp4; give a video"),
        ("absent.png", FileNotFoundError, r"no file at .*absent\.png; give a video"),
        ("empty", ValueError, r"empty contains neither images nor videos \(0 files\); expected \.jpg"),
        ("notes.mp4", ValueError, r"notes\.mp4 is neither an image nor a video"),
        ("broken.png", ValueError, r"broken\.png cannot be read as an image \(5 bytes\)"),
    ):
        with pytest.raises(error, match=message):
            predict_file(make_predictor(), tmp_path / name, out, None, Options(overlay=True))
        assert not out.exists() or not list(out.iterdir())
    with pytest.raises(ValueError, match=r"the output .*notes\.mp4 is a file; expected a folder"):
        predict_file(make_predictor(), tmp_path / "empty", tmp_path / "notes.mp4", None, Options(overlay=True))


def shown_as(predictor, path, output):
    """The files written for one input, without the stem, and its rows."""
    result = predict_file(predictor, path, output, None, Options(overlay=True))
    assert not result.problems
    endings = sorted(file.name.removeprefix(path.stem) for file in result.files)
    return endings, read_table(output / f"{path.stem}.csv")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.jfif", "JPEG"),
        ("a.jpe", "JPEG"),
        ("without_ending", "JPEG"),
        ("a.jp2", "JPEG2000"),
        ("a.ppm", "PPM"),
        ("a.avif", "AVIF"),
        ("still.gif", "GIF"),
        ("wrong.mp4", "PNG"),
        ("UPPER.JPG", "JPEG"),
    ],
)
def test_an_image_is_an_image_under_any_name(make_predictor, tmp_path, name, form):
    Image.fromarray(np.full((40, 40, 3), 120, np.uint8)).save(tmp_path / name, form)
    endings, rows = shown_as(make_predictor(), tmp_path / name, tmp_path / "out")
    assert endings == sorted([".csv", ".schema.json", f"{(tmp_path / name).suffix}.png"])  # no plot, no video
    assert [float(row["valence"]) for row in rows] == [pytest.approx(120 / 255, abs=0.01)]


def test_a_film_is_a_film_under_the_name_of_an_image_format(make_predictor, tmp_path):
    images = [Image.fromarray(np.full((32, 32, 3), level, np.uint8)) for level in (40, 120)]
    images[0].save(tmp_path / "moving.gif", save_all=True, append_images=images[1:], duration=100)
    endings, rows = shown_as(make_predictor(), tmp_path / "moving.gif", tmp_path / "out")
    assert endings == [".csv", ".png", ".schema.json", "_overlay.mp4", SUMMARY]
    assert [float(row["time_seconds"]) for row in rows] == [0.0, pytest.approx(0.1)]


def test_what_is_left_out_of_a_folder_is_named(make_predictor, tmp_path, caplog):
    folder = tmp_path / "holiday"
    for name in ("sub", "__MACOSX", ".hidden"):
        (folder / name).mkdir(parents=True)
    write_picture(folder / "a.png", 50)
    write_picture(folder / "sub" / "b.png", 50)
    for name in ("one.txt", "two.TXT", "README", "._a.png", "Thumbs.db", ".DS_Store", "desktop.ini"):
        (folder / name).write_bytes(b"\0\5\x16\7")
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    with caplog.at_level(logging.WARNING):
        result = predict_file(make_predictor(), folder, tmp_path / "out", None, Options())
    assert result.problems == [] and result.frames == 1
    (record,) = caplog.records
    assert record.message == (
        f"{folder}: left out: 2 x .txt (one.txt), 1 without ending (README), 1 x .jpg (gone.jpg); "
        "sub-folders are not entered (1: sub)"
    )


def test_a_folder_of_folders_says_so(make_predictor, tmp_path):
    (tmp_path / "a" / "monday").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"neither images nor videos \(sub-folders are not entered \(1: monday\)\)"):
        predict_file(make_predictor(), tmp_path / "a", tmp_path / "out", None, Options(overlay=True))


def test_a_file_that_may_not_be_read_costs_itself_alone(make_predictor, write_video, tmp_path, monkeypatch):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name in ("good.png", "closed.png", "closed_too"):
        write_picture(folder / name, 100)
    write_video(folder / "good.mp4", [100, 100], [0, 3000])
    write_video(folder / "closed.mp4", [100, 100], [0, 3000])
    original = io.open

    def refuse(file, *arguments, **options):
        if "closed" in str(file):
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        return original(file, *arguments, **options)

    monkeypatch.setattr(io, "open", refuse)  # tests may run as root, who may read everything
    result = predict_file(make_predictor(), folder, tmp_path / "out", None, Options())
    assert result.frames == 1 + 2
    assert sorted(result.problems) == [
        f"{folder / name} cannot be read (Permission denied); check the permissions of the file"
        for name in ("closed.mp4", "closed.png", "closed_too")
    ]


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_a_name_that_is_not_utf8_is_predicted_like_any_other(make_predictor, write_video, tmp_path, suffix):
    folder = tmp_path / "mixed"
    folder.mkdir()
    write_picture(folder / "good.png", 100, 32, 32)
    name = os.fsdecode(b"caf\xe9" + suffix.encode())
    if suffix == ".png":
        write_picture(tmp_path / "x.png", 200, 32, 32)
    else:
        write_video(tmp_path / "x.mp4", [200], [0])
    (tmp_path / f"x{suffix}").rename(folder / name)
    result = predict_file(make_predictor(), folder, tmp_path / "out", None, Options(overlay=True))
    assert result.problems == [] and result.frames == 2
    table = tmp_path / "out" / ("mixed.csv" if suffix == ".png" else f"{name.removesuffix(suffix)}.csv")
    rows = read_rows(table)
    assert rows.source[0] == name  # a byte that is not UTF-8 sorts before letters
    assert rows.values["valence_arousal"][0, 1] == pytest.approx(-200 / 255, abs=0.02)
    alone = predict_file(make_predictor(), folder / name, tmp_path / "alone", None, Options(overlay=True))
    assert alone.problems == [] and alone.frames == 1


def test_a_long_name_costs_itself_alone(make_predictor, write_video, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    write_picture(folder / "good.png", 100)
    write_picture(tmp_path / "x.png", 100)
    (tmp_path / "x.png").rename(folder / ("n" * 250 + ".png"))
    write_video(tmp_path / "x.mp4", [200], [0])
    (tmp_path / "x.mp4").rename(folder / ("m" * 250 + ".mp4"))
    result = predict_file(make_predictor(), folder, tmp_path / "out", None, Options(overlay=True))
    assert len(read_table(tmp_path / "out" / "mixed.csv")) == 2 == result.frames  # the image has its row
    overlay, video = result.problems
    assert overlay.startswith("the overlay of nnn") and overlay.endswith("cannot be written: File name too long")
    assert "mmm.mp4: the results cannot be written, their names would be too long (250 bytes" in video
    assert not list((tmp_path / "out").rglob("*.part"))
    with pytest.raises(ValueError, match=r"their names would be too long \(250 bytes without their endings\); rename"):
        predict_file(make_predictor(), folder / ("n" * 250 + ".png"), tmp_path / "out", None, Options(overlay=True))


def test_a_full_disk_ends_a_folder(make_predictor, tmp_path, write_video, monkeypatch):
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        write_video(folder / name, [100], [0])
    tried = []

    def full(*arguments):
        tried.append(arguments)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "predict_video", full)
    with pytest.raises(OSError, match="No space left"):
        predict_file(make_predictor(), folder, tmp_path / "out", None, Options(overlay=True))
    assert len(tried) == 1


def test_the_sidecar_of_a_table_says_what_is_in_no_column(make_predictor, tmp_path):
    path = films.write(tmp_path / "late.mkv", films.textures(6), start=250)
    predict_file(make_predictor(), path, tmp_path / "out", None, Options(overlay=True))
    recording = json.loads((tmp_path / "out" / "late.schema.json").read_text())["recording"]
    assert recording == {
        "frames_per_second": 25.0,
        "trained_frames_per_second": None,
        "stride": 1,
        "frames": 6,
        "frames_with_a_face": 6,
        "frames_with_several_faces": 0,
        "most_faces_at_once": 1,
        "start_seconds": 10.0,
        "clock_restarts": 0,
        "damage": "",
        "different_faces": 1,
        "faces": [
            {"face": 0, "first_frame": 0, "first_seconds": 0.0, "last_frame": 5, "last_seconds": 0.2, "frames": 6}
        ],
    }
    assert [float(row["time_seconds"]) for row in read_table(tmp_path / "out" / "late.csv")][:2] == [0.0, 0.04]


def test_a_damaged_video_keeps_its_rows_and_is_a_problem(make_predictor, tmp_path):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(48)]
    path = films.write(tmp_path / "film.mp4", images, options={"g": "8", "bf": "0"})
    films.lose_middle(path, size=path.stat().st_size // 12)
    result = predict_file(make_predictor(), path, tmp_path / "out", None, Options(overlay=True))
    rows = read_table(tmp_path / "out" / "film.csv")
    assert len(rows) == result.frames > 36 and float(rows[-1]["time_seconds"]) == pytest.approx(47 / 25)
    (problem,) = result.problems
    assert f"is damaged: {48 - len(rows)} frame" in problem
    assert len(result.files) == 5


def png_header(width, height):
    """A PNG file that says it has this size, and holds next to nothing."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


NAMES = [
    "-dash.png",
    "$(touch pwned).png",
    "`x`; rm.png",
    "q'uo\"te.png",
    "uni\u00e9\u4e2d.png",
    "new\nline.png",
    "%s{0}.png",
]


def test_hostile_files_cost_themselves_alone(make_predictor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in NAMES:
        write_picture(folder / name, 100, 30, 30)
    (folder / "bomb.png").write_bytes(png_header(60000, 50000))
    (folder / "wide.png").write_bytes(png_header(20000, 20000))
    (folder / "zero.png").touch()
    (folder / "zero.mp4").touch()
    (folder / "text.mp4").write_text("hello")
    result = predict_file(make_predictor(), folder, tmp_path / "out", None, Options(overlay=True))
    assert [row["source"] for row in read_table(tmp_path / "out" / "hostile.csv")] == sorted(NAMES)
    assert [problem.split(" ")[0].rpartition("/")[2] for problem in result.problems] == [
        *("bomb.png", "wide.png", "zero.png"),
        *("text.mp4", "zero.mp4"),
    ]
    assert "could be decompression bomb" in result.problems[0] and "could be decompression bomb" in result.problems[1]
    assert not (tmp_path / "pwned").exists()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "hostile.csv",
        "hostile.schema.json",
        "hostile_overlay",
    ]


def test_no_image_of_a_face_is_written_unless_asked_and_no_socket_is_opened(
    make_predictor, landmarker_file, shared_data, tmp_path, monkeypatch
):
    def refuse(*_arguments, **_options):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    drawn = []
    monkeypatch.setattr(plot, "plot_series", lambda path, *rest: drawn.append(rest[-1]) or path.touch())
    source = tmp_path / "cut.mp4"
    source.write_bytes((shared_data / "video" / "one_woman_expressions.mp4").read_bytes()[:200_000])
    for asked in (False, True):
        output = tmp_path / str(asked)
        result = predict_file(make_predictor(), source, output, tracks_of(landmarker_file), Options(overlay=asked))
        assert result.frames_with_face > 2
        assert bool(drawn[-1]) == asked == (output / "cut_overlay.mp4").exists()


def test_standard_input_is_a_film_that_is_read_once(make_predictor, write_video, tmp_path, monkeypatch):
    write_video(tmp_path / "film.mp4", [60, 120, 180], [0, 3000, 6000], width=64)
    with av.open(str(tmp_path / "film.mp4")) as film, av.open(str(tmp_path / "pipe"), "w", "yuv4mpegpipe") as pipe:
        stream = pipe.add_stream("wrapped_avframe", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        for frame in film.decode(video=0):
            pipe.mux(stream.encode(frame))
        pipe.mux(stream.encode())
    before = os.dup(0)
    try:
        with (tmp_path / "pipe").open("rb") as piped:
            os.dup2(piped.fileno(), 0)
            result = predict_file(make_predictor(), STANDARD_INPUT, tmp_path / "out", None, Options(overlay=True))
        assert result.frames == 3 and not result.problems
        rows = read_table(tmp_path / "out" / "stdin.csv")
        np.testing.assert_allclose([float(row["time_seconds"]) for row in rows], np.arange(3) / 30, atol=1e-3)
        assert {row["source"] for row in rows} == {"stdin"}
        assert (tmp_path / "out" / "stdin_overlay.mp4").stat().st_size > 300
        with open(os.devnull, "rb") as empty:
            os.dup2(empty.fileno(), 0)
            with pytest.raises(ValueError, match="standard input is no video that can be read in order"):
                predict_file(make_predictor(), STANDARD_INPUT, tmp_path / "none", None, Options())
    finally:
        os.dup2(before, 0)
        os.close(before)


def test_what_a_layout_cannot_hold_is_refused_before_the_first_frame(make_predictor, write_video, tmp_path):
    write_video(tmp_path / "film.mp4", [60], [0])
    options = Options(export=Export(columns="openface"))
    with pytest.raises(ValueError, match="columns=openface needs the landmarks of each face"):
        predict_file(make_predictor(), tmp_path / "film.mp4", tmp_path / "out", None, options)
    assert not (tmp_path / "out").exists()
