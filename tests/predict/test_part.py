"""A prediction that is killed is continued: the same bytes, and the network runs only where rows are missing."""

import json
import logging
import pathlib
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from adapted import featured, person
from networks_over_time import NETWORKS

from affect_jax.files import atomic
from affect_jax.predict.files import predict_file
from affect_jax.predict.journal import Journal
from affect_jax.predict.options import Options
from affect_jax.predict.persons import Persons
from affect_jax.predict.result import Stopped
from affect_jax.predict.sinks import plot
from affect_jax.types import Predictions

FRAMES = 40


def brightness(images):
    level = images.mean((-3, -2, -1))
    return Predictions(valence_arousal=np.stack([level, -level], -1))


class Killed(BaseException):
    """Ends a prediction at once."""


@pytest.fixture
def film(write_video, tmp_path):
    path = tmp_path / "film.mp4"
    write_video(path, np.random.default_rng(0).integers(0, 256, FRAMES), [3000 * frame for frame in range(FRAMES)])
    return path


@pytest.fixture(autouse=True)
def quick_plots(monkeypatch):
    monkeypatch.setattr(plot, "plot_series", lambda path, *_: path.touch())


def stop_behind(frames):
    """Says to stop once so many frames are written."""
    left = iter(range(frames - 1))
    return lambda: next(left, None) is None


def table_of(folder):
    return {name: (folder / name).read_bytes() for name in ("film.csv", "film.schema.json")}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_stopped_prediction_goes_on_to_the_same_bytes(make_predictor, film, tmp_path, name):
    network = make_predictor(**NETWORKS[name])
    predict_file(network, film, tmp_path / "whole", None, Options())
    for places in ([13], [1, 11, 12, 39]):
        output = tmp_path / f"out{places}"
        for frames in places:
            with pytest.raises(Stopped, match=rf"film\.mp4: stopped behind {frames} frames"):
                predict_file(network, film, output, None, Options(stopping=stop_behind(frames)))
            lines = (output / "film.csv.part").read_text().splitlines()
            assert len(lines) == 1 + frames
        result = predict_file(network, film, output, None, Options())
        assert table_of(output) == table_of(tmp_path / "whole")
        assert result.frames == result.rows == FRAMES
        assert sorted(path.name for path in output.iterdir()) == [
            "film.csv",
            "film.png",
            "film.schema.json",
            "summary_per_clip.csv",
        ]


@pytest.mark.parametrize(("name", "most"), [("static", 7), ("windows", 10)])
def test_the_network_runs_only_where_rows_are_missing(make_predictor, film, tmp_path, name, most):
    network = make_predictor(**NETWORKS[name])
    with pytest.raises(Stopped):
        predict_file(network, film, tmp_path, None, Options(stopping=stop_behind(20)))
    calls = []
    counted = make_predictor(
        **{**NETWORKS[name], "function": lambda images: calls.append(images) or network.function(images)}
    )
    predict_file(counted, film, tmp_path, None, Options())
    assert 0 < len(calls) <= most  # 5 of 10 batches of 4 images, 6 or 7 of 13 windows


def test_a_row_that_was_half_written_is_written_again(make_predictor, film, tmp_path):
    predict_file(make_predictor(), film, tmp_path / "whole", None, Options())
    whole = (tmp_path / "whole" / "film.csv").read_bytes()
    with pytest.raises(Stopped):
        predict_file(make_predictor(), film, tmp_path, None, Options(stopping=stop_behind(20)))
    part = tmp_path / "film.csv.part"
    for size in (len(part.read_bytes()) - 1, len(part.read_bytes()) - 30, 40, 0):
        journal = (tmp_path / "film.resume.json").read_bytes()
        part.write_bytes(whole[:size])
        with pytest.raises(Stopped):
            predict_file(make_predictor(), film, tmp_path, None, Options(stopping=stop_behind(25)))
        assert (tmp_path / "film.resume.json").read_bytes() == journal
        assert whole.startswith(part.read_bytes()) and part.read_bytes().count(b"\n") == 26


def test_other_options_start_over_and_say_which(make_predictor, film, tmp_path, caplog):
    with pytest.raises(Stopped):
        predict_file(make_predictor(), film, tmp_path, None, Options(stopping=stop_behind(9), origin={"precision": 1}))
    with caplog.at_level(logging.WARNING):
        predict_file(make_predictor(), film, tmp_path, None, Options(origin={"precision": 2}))
    message = caplog.messages[-1]
    assert message == f"{tmp_path / 'film.csv.part'} is started over: it was written with another precision"


@pytest.mark.parametrize("name", NETWORKS)
def test_a_stopped_prediction_with_adapters_goes_on_to_the_same_bytes(make_predictor, film, tmp_path, name):
    network = make_predictor(**NETWORKS[name], featured=featured(NETWORKS[name], brightness))
    persons = Persons({"anna": person("anna", 1)}, only="anna")
    predict_file(network, film, tmp_path / "whole", None, Options(persons=persons))
    with pytest.raises(Stopped):
        predict_file(network, film, tmp_path / "out", None, Options(persons=persons, stopping=stop_behind(21)))
    predict_file(network, film, tmp_path / "out", None, Options(persons=persons))
    assert table_of(tmp_path / "out") == table_of(tmp_path / "whole")
    facts = json.loads((tmp_path / "out" / "film.schema.json").read_text())["recording"]
    assert facts["persons"] == {"anna": "1" * 64} and {face["subject"] for face in facts["faces"]} == {"anna"}
    predict_file(network, film, tmp_path / "plain", None, Options())
    plain = table_of(tmp_path / "plain")
    assert plain != table_of(tmp_path / "whole") and b"anna" not in b"".join(plain.values())


def test_other_adapters_start_over(make_predictor, film, tmp_path, caplog):
    network = make_predictor(featured=featured({}, brightness))
    chosen = [Persons(), *(Persons({"anna": person("anna", seed)}, only="anna") for seed in (1, 2)), Persons()]
    for persons in chosen[:-1]:
        with pytest.raises(Stopped):
            predict_file(network, film, tmp_path, None, Options(persons=persons, stopping=stop_behind(9)))
    predict_file(network, film, tmp_path, None, Options(persons=chosen[-1]))
    message = f"{tmp_path / 'film.csv.part'} is started over: it was written with another persons"
    assert [each for each in caplog.messages if "started over" in each] == [message] * 3
    predict_file(network, film, tmp_path / "whole", None, Options())
    assert table_of(tmp_path) == table_of(tmp_path / "whole")


@pytest.mark.parametrize("content", [None, "", "[]", '{"request": 3}', "no json"])
def test_a_damaged_journal_starts_over(make_predictor, film, tmp_path, caplog, content):
    with pytest.raises(Stopped):
        predict_file(make_predictor(), film, tmp_path, None, Options(stopping=stop_behind(9)))
    journal = tmp_path / "film.resume.json"
    journal.unlink()
    if content is not None:
        journal.write_text(content)
    with caplog.at_level(logging.WARNING):
        assert predict_file(make_predictor(), film, tmp_path, None, Options()).frames == FRAMES
    assert "is started over" in caplog.text and not journal.exists()


@pytest.mark.parametrize("edit", [("film.mp4,,,3,", "film.mp4,,,4,"), (",0.1,", ",0.7,")])
def test_rows_that_are_found_otherwise_now_start_over(make_predictor, film, tmp_path, caplog, edit):
    with pytest.raises(Stopped):
        predict_file(make_predictor(), film, tmp_path, None, Options(stopping=stop_behind(20)))
    part = tmp_path / "film.csv.part"
    assert part.read_text().count(edit[0]) == 1
    part.write_text(part.read_text().replace(*edit))
    with caplog.at_level(logging.WARNING):
        predict_file(make_predictor(), film, tmp_path, None, Options())
    assert "of a row is '" in caplog.text and "starting over" in caplog.text
    predict_file(make_predictor(), film, tmp_path / "whole", None, Options())
    assert table_of(tmp_path) == table_of(tmp_path / "whole")


def test_a_table_that_another_process_writes_is_left_alone(make_predictor, film, tmp_path):
    def inner(images):
        with pytest.raises(ValueError, match=r"film\.csv\.part is being written by another process; wait for it"):
            predict_file(make_predictor(), film, tmp_path, None, Options())
        return make_predictor().function(images)

    assert predict_file(make_predictor(function=inner), film, tmp_path, None, Options()).frames == FRAMES


def test_finished_films_of_a_folder_are_not_predicted_again(make_predictor, write_video, tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(3):
        write_video(folder / f"{number}.mp4", [100 + number] * 8, [3000 * frame for frame in range(8)])
    (folder / "broken.mp4").write_text("no film")
    with pytest.raises(Stopped):
        predict_file(make_predictor(), folder, tmp_path / "out", None, Options(stopping=stop_behind(12)))
    calls = []
    counted = make_predictor(function=lambda images: calls.append(images) or make_predictor().function(images))
    result = predict_file(counted, folder, tmp_path / "out", None, Options())
    assert len(calls) == 1 + 2  # of two batches a film: one of the second film and both of the third
    assert result.frames == 24 and len(result.files) == 3 * 3 + 1 and len(result.problems) == 1
    assert not list((tmp_path / "out").glob("*.resume.json"))


def test_a_changed_input_is_another_request(tmp_path):
    path = tmp_path / "a.csv"
    first = Journal(path, {"input": 1, "precision": "float32"})
    first.begin()
    assert first.difference() == "" and Journal(path, {"input": 1, "precision": "float32"}).difference() == ""
    assert Journal(path, {"input": 2, "precision": "x"}).difference() == (
        "it was written with another input, precision"
    )
    content = json.loads((tmp_path / "a.resume.json").read_text())
    assert set(content["request"]) == {"input", "precision", "affect_jax"}


PROGRAM = """
    import os, pathlib, signal, sys
    import numpy as np
    from affect_jax.ops.geometry import CropConfig
    from affect_jax.predict.files import predict_file
    from affect_jax.predict.options import Options
    from affect_jax.predict.predictor import Predictor
    from affect_jax.types import Predictions

    calls = []
    def function(images):
        calls.append(1)
        if len(calls) == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        level = images.mean((-3, -2, -1))
        return Predictions(valence_arousal=np.stack([level, -level], -1))

    network = Predictor(function, 16, 4, None, ("valence_arousal",), "affectnet_8", CropConfig())
    predict_file(network, pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), None, Options())
"""


@pytest.mark.slow
def test_kill_9_leaves_whole_rows_that_the_next_run_completes(film, tmp_path):
    def run(output, kill_at):
        program = [sys.executable, "-c", textwrap.dedent(PROGRAM), film, tmp_path / output, str(kill_at)]
        root = pathlib.Path(atomic.__file__).parents[2]
        return subprocess.run(program, cwd=root, capture_output=True, text=True, check=False)

    assert run("out", 6).returncode == -signal.SIGKILL
    part = (tmp_path / "out" / "film.csv.part").read_text()
    assert part.count("\n") == 1 + 5 * 4 and part.endswith("\n")
    for output in ("out", "whole"):
        done = run(output, 0)
        assert done.returncode == 0, done.stderr
    assert table_of(tmp_path / "out") == table_of(tmp_path / "whole")
    assert not (tmp_path / "out" / "film.csv.part").exists()
