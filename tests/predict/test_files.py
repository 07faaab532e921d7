"""From files to tables, plots and overlays."""

import csv
import shutil

import av
import cv2
import numpy as np
import pytest

from affect_jax.faces.finder import FaceFinder
from affect_jax.predict.files import predict_file
from affect_jax.tables.schema import read_schema
from affect_jax.types import Predictions


def read_table(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_variable_frame_rate_video_end_to_end(make_predictor, write_video, tmp_path):
    ticks = np.cumsum([0, 3000, 3003, 9000, 1500, 45000, 3000, 2997, 90000, 3000])
    levels = np.arange(10) * 20 + 10
    source = tmp_path / "-my 'odd' \"name\" $(x).mp4"
    write_video(source, levels, ticks.tolist())
    output = tmp_path / "out put"
    result = predict_file(make_predictor(), source, output, None)
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
        f"{source.stem}{ending}" for ending in (".csv", ".schema.json", ".png", "_overlay.mp4")
    )
    with av.open(f"file:{output / (source.stem + '_overlay.mp4')}") as overlay:
        times = [frame.time for frame in overlay.decode(video=0)]
    assert np.abs(np.array(times) - ticks / 90000).max() < 0.001  # the overlay keeps the time stamps


def test_a_real_face_is_found_in_every_frame(make_predictor, landmarker_file, shared_data, tmp_path):
    source = shared_data / "video" / "single_face.mp4"
    result = predict_file(make_predictor(), source, tmp_path, FaceFinder(landmarker_file))
    assert (result.frames, result.frames_with_face) == (72, 72)
    table = read_table(tmp_path / "single_face.csv")
    np.testing.assert_allclose([float(row["time_seconds"]) for row in table], np.arange(72) / 30, atol=1e-6)
    assert read_schema(tmp_path / "single_face.csv").crop == "landmark_square side_ratio=1.8182 crop_px=16"
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
    result = predict_file(make_predictor(), source, tmp_path / "out", FaceFinder(landmarker_file, tile_levels=0))
    table = read_table(tmp_path / "out" / "no_face.csv")
    assert result.frames_with_face == 0 and len(table) == result.frames == 95
    assert {(row["success"], row["valence"], row["FaceRectX"], row["p_sad"]) for row in table} == {("0", "", "", "")}
    assert all(path.stat().st_size > 300 for path in result.files) and len(result.files) == 4


def test_a_cut_off_video_keeps_the_rows_up_to_the_break(make_predictor, shared_data, tmp_path):
    data = (shared_data / "video" / "one_woman_expressions.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 8])
    result = predict_file(make_predictor(), tmp_path / "cut.mp4", tmp_path, None, overlay=False)
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
    result = predict_file(make_predictor(), folder, tmp_path / "out", None)
    rows = read_table(tmp_path / "out" / "mixed bag.csv")
    assert [row["source"] for row in rows] == ["-c.png", "a.png", "b.png"]
    np.testing.assert_allclose([float(row["valence"]) for row in rows], np.array([180, 120, 60]) / 255, atol=1e-6)
    assert sorted(path.name for path in result.files if path.suffix == ".csv") == [
        "mixed bag.csv",
        "same.mov.csv",
        "same.mp4.csv",
    ]
    assert len(result.problems) == 2 and all("broken" in problem for problem in result.problems)
    assert result.frames == 3 + 2 + 2
    assert not list((tmp_path / "out").glob("*.part"))


def test_a_network_without_affect_has_no_plot(make_predictor, write_video, tmp_path):
    write_video(tmp_path / "a.mp4", [100] * 3, [0, 3000, 6000])
    only_emotions = make_predictor(function=lambda images: Predictions(emotion=np.eye(4, 3, dtype=np.float32)))
    result = predict_file(only_emotions, tmp_path / "a.mp4", tmp_path, None)
    assert [path.name for path in result.files] == ["a.csv", "a.schema.json", "a_overlay.mp4"]
    assert {(row["valence"], row["success"]) for row in read_table(tmp_path / "a.csv")} == {("", "1")}


def test_what_cannot_be_predicted_leaves_nothing_behind(make_predictor, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.mp4").write_text("hello")
    (tmp_path / "broken.png").write_text("hello")
    for name, error, message in (
        ("absent.mp4", FileNotFoundError, r"no file at .*absent\.mp4; give a video"),
        ("absent.png", FileNotFoundError, r"no image at .*absent\.png"),
        ("empty", ValueError, r"empty contains neither images nor videos \(0 files\); expected \.jpg"),
        ("notes.mp4", ValueError, r"notes\.mp4 is neither an image nor a video"),
        ("broken.png", ValueError, r"broken\.png cannot be read as an image \(5 bytes\)"),
    ):
        with pytest.raises(error, match=message):
            predict_file(make_predictor(), tmp_path / name, out, None)
        assert not out.exists() or not list(out.iterdir())
    with pytest.raises(ValueError, match=r"the output .*notes\.mp4 is a file; expected a folder"):
        predict_file(make_predictor(), tmp_path / "empty", tmp_path / "notes.mp4", None)
