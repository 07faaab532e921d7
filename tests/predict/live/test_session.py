"""Sessions over a film: rows are those of predict_video, in order, at the pace of the film; what is late is dropped."""

import csv
import json
import threading
import time

import numpy as np
import pytest
from adapted import cast_of, featured, person
from networks_over_time import NETWORKS
from squares import Squares, frames_of, rows_of

from affect_jax.faces.face import Face
from affect_jax.ops.geometry import CropConfig
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.live.analyzer import Analyzer
from affect_jax.predict.live.latency import Latencies
from affect_jax.predict.live.newest import Newest
from affect_jax.predict.live.pace import Captured, SteadyTime, pace
from affect_jax.predict.live.session import Facts, Outputs, run
from affect_jax.predict.live.status import Status
from affect_jax.predict.sinks.plain_table import PlainTable
from affect_jax.predict.sources import Frame, Video

FRAMES = 12


@pytest.fixture
def film(write_video, tmp_path):
    path = tmp_path / "film.mp4"
    write_video(path, range(20, 20 + 10 * FRAMES, 10), [1800 * frame for frame in range(FRAMES)])  # 20 ms apart
    return path


def play(predictor, film, folder, delay_seconds=0.0):
    """A session in real time; returns the rows of its table, the facts beside it, and how long it took."""

    def slow(frame):
        time.sleep(delay_seconds)
        return analyze(frame)

    stop = threading.Event()
    clock = SteadyTime(stop)
    newest, latencies = Newest(stop), Latencies(clock)
    analyze = Analyzer(predictor, None, 0.02, latencies)
    facts = Facts(newest, latencies)
    table = PlainTable(folder / "live.csv", make_schema(predictor, True), facts)
    start = time.monotonic()
    with Video(film) as video, newest.follow(pace(video, clock)):
        run(newest, slow, Outputs(table, facts), Status(newest, latencies, clock, "tiny_3"), latencies, clock)
    seconds = time.monotonic() - start
    with (folder / "live.csv").open() as file:
        rows = list(csv.DictReader(file))
    return rows, json.loads((folder / "live.schema.json").read_text())["recording"], seconds


def test_every_frame_gets_the_row_of_a_prediction_and_the_film_its_time(make_predictor, film, tmp_path):
    rows, facts, seconds = play(make_predictor(), film, tmp_path)
    with Video(film) as video:
        expected = {row.frame: row for _, (row,) in estimate(make_predictor(), video, None, step_seconds=0.02)}
    assert facts["frames_captured"] == FRAMES and len(rows) == FRAMES - facts["frames_dropped"]
    assert seconds >= 0.02 * (FRAMES - 1)
    for row in rows:
        values = expected[int(row["frame"])].values
        assert [float(row["valence"]), float(row["arousal"])] == pytest.approx(values["valence_arousal"], abs=1e-6)
        assert float(row["time_seconds"]) == pytest.approx(0.02 * int(row["frame"]), abs=1e-6)


def test_what_is_too_slow_drops_frames_and_counts_them(make_predictor, film, tmp_path):
    rows, facts, _ = play(make_predictor(), film, tmp_path, delay_seconds=0.05)
    frames = [int(row["frame"]) for row in rows]
    assert frames == sorted(frames) and frames[-1] == FRAMES - 1
    assert 1 <= len(frames) <= 7  # of 12 in 240 ms, at 50 ms each: it does not fall behind
    assert facts["frames_dropped"] == FRAMES - len(frames) and facts["frames_captured"] == FRAMES
    assert facts["latency_milliseconds"]["total"]["median"] >= 50
    assert facts["started"][:2] == "20"


def test_a_static_network_is_run_on_one_face_and_a_causal_one_with_its_state(make_predictor, make_frame, clock):
    sizes = []

    def counting(images):
        sizes.append(images.shape)
        return make_predictor().function(images)

    analyze = Analyzer(make_predictor(function=counting), None, 0.04, Latencies(clock))
    (row,) = analyze(make_frame(0, 0.0, level=51))
    assert set(sizes) == {(1, 16, 16, 3)}
    assert row.values["valence_arousal"][0] == pytest.approx(51 / 255 * 2 / 3, abs=0.01)  # 32 rows in a square of 48

    def follower(faces):
        seen = []

        def step(images):  # the mean of all frames up to here
            seen.append(make_predictor().function(images))
            return {name: np.mean([each[name] for each in seen], 0) for name in ("valence_arousal", "emotion")}

        return step

    analyze = Analyzer(make_predictor(frames=16, follower=follower), None, 0.04, Latencies(clock))
    values = [
        analyze(make_frame(i, 0.04 * i, level))[0].values["valence_arousal"][0] for i, level in ((0, 90), (1, 96))
    ]
    assert values == pytest.approx(np.array([90, 93]) / 255 * 2 / 3, abs=0.01)
    (later,) = analyze(make_frame(2, 9.0, level=60))  # after a gap, the state begins again
    assert later.values["valence_arousal"][0] == pytest.approx(60 / 255 * 2 / 3, abs=0.01)


def test_each_face_has_a_row_and_a_state_of_its_own(make_predictor, clock):
    """A bright face on the left from the first frame on, a dark one on the right from the second on."""
    image = np.zeros((100, 200, 3), np.uint8)
    image[:, :100] = 204

    class Tracks:
        def find(self, image, time_seconds, restarts=False):
            return [face_at(number) for number in range(2 if time_seconds > 0 else 1)]

        def reset(self):
            pass

    def face_at(number):
        corners = np.array([[30.0, 30.0], [70.0, 70.0]]) + [100 * number, 0]
        landmarks = np.linspace(corners[0], corners[1], 68)
        return Face(landmarks, (*corners[0].tolist(), 40.0, 40.0), 1.0, np.zeros((478, 3)), number)

    def follower(faces):
        count = 0

        def step(images):  # arousal: how many frames of this face there were
            nonlocal count
            count += 1
            return {**make_predictor().function(images), "valence_arousal": np.array([[[images.mean(), count / 10]]])}

        return step

    analyze = Analyzer(make_predictor(frames=16, follower=follower), Tracks(), 0.04, Latencies(clock))
    rows = [row for index in range(3) for row in analyze(Frame("f", index, 0.04 * index, image))]
    assert [(row.frame, row.face) for row in rows] == [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1)]
    found = [row.values["valence_arousal"].tolist() for row in rows]
    np.testing.assert_allclose(found, [[0.8, 0.1], [0.8, 0.2], [0, 0.1], [0.8, 0.3], [0, 0.2]], atol=0.01)


def test_the_adapter_of_a_person_belongs_to_the_state_of_the_face(make_predictor, clock):
    """Live rows are those of a prediction of the frames, which tests/predict/test_predictor.py compares by hand."""
    people, faces = {"anna": person("anna", 1)}, [(0, 1), (0, 1), (1,), (0, 1), (1,)]
    fields = NETWORKS["stream"]
    network = make_predictor(crop=CropConfig(0.5), featured=featured(fields, None), **fields)
    frames = list(frames_of(len(faces)))
    analyze = Analyzer(network, Squares(faces), 0.04, Latencies(clock), cast_of(people, {1: "anna"}))
    live = [row for frame in frames for row in analyze(frame)]
    cast = cast_of(people, {1: "anna"})
    whole = [row for _, rows in estimate(network, frames, Squares(faces), step_seconds=0.04, cast=cast) for row in rows]
    plain = rows_of(network, faces)
    assert [row.person and row.person.name for row in live] == [None, "anna"] * 2 + ["anna", None, "anna", "anna"]
    for row, same, base in zip(live, whole, plain, strict=True):
        np.testing.assert_array_equal(row.values["valence_arousal"], same.values["valence_arousal"])
        assert (row.values["valence_arousal"] == base.values["valence_arousal"]).all() == (row.person is None)


def test_a_network_that_needs_later_frames_is_refused(make_predictor, clock):
    with pytest.raises(ValueError, match="network 'brightness@7' looks at 16 frames, also at later ones"):
        Analyzer(make_predictor(frames=16), None, 0.04, Latencies(clock))


def test_an_error_of_the_source_comes_after_the_rows_were_written(make_predictor, make_frame, clock, tmp_path):
    def broken():
        yield Captured(make_frame(0, 0.0), clock.now())
        raise ValueError("/dev/video0 stopped after 1 frames")

    newest, latencies = Newest(threading.Event()), Latencies(clock)
    facts = Facts(newest, latencies)
    table = PlainTable(tmp_path / "live.csv", make_schema(make_predictor(), True), facts)
    analyze = Analyzer(make_predictor(), None, 0.04, latencies)
    with newest.follow(broken()), pytest.raises(ValueError, match="stopped after 1 frames"):
        run(newest, analyze, Outputs(table, facts), Status(newest, latencies, clock, "tiny_3"), latencies, clock)
    assert (tmp_path / "live.csv").read_text().count("\n") == 2
