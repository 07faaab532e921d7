"""A prediction that is stopped, and one with many problems."""

import inspect
import os
import pathlib
import signal
from types import SimpleNamespace

import pytest

from affect_jax.experiment import predict
from affect_jax.experiment.config.errors import UsageError
from affect_jax.predict.result import Result, Stopped
from affect_jax.tables.export import Export


class Network:
    name = "w@1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_noted_and_a_second_one_interrupts(number):
    before = signal.getsignal(number)
    with predict._signals() as signals:
        assert not signals.stopping()
        os.kill(os.getpid(), number)
        assert signals.stopping()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_a_prediction_that_a_signal_stops_says_so(monkeypatch, tmp_path):
    def stop(*_):
        raise Stopped("film.mp4: stopped behind 7 frames")

    monkeypatch.setattr(predict, "predictor", lambda *_: Network)
    monkeypatch.setattr(predict, "predict_file", stop)
    finding = predict.Finding("whole_frame")
    assert predict.predict_run(tmp_path, tmp_path, tmp_path / "o", finding=finding) is False


def test_the_identity_of_a_checkpoint_changes_with_its_files(tmp_path):
    place = tmp_path / "checkpoints" / "7"
    place.mkdir(parents=True)
    (tmp_path / "config.json").write_text("{}")
    before = predict._identify(tmp_path, "w@7")
    assert predict._identify(tmp_path, "w@7") == before and predict._identify(tmp_path, "w@8") != before
    (place / "weights").write_text("1")
    with_weights = predict._identify(tmp_path, "w@7")
    assert with_weights != before
    (tmp_path / "weights.safetensors").write_text("1")  # of a plain folder
    assert predict._identify(tmp_path, "w@7") not in (before, with_weights)


def test_many_problems_are_not_one_endless_line(monkeypatch, tmp_path):
    result = Result(frames=3, problems=[f"{number}.png is broken" for number in range(25)])
    monkeypatch.setattr(predict, "predictor", lambda *_: Network)
    monkeypatch.setattr(predict, "predict_file", lambda *_: result)
    with pytest.raises(ValueError, match=r"^0.png is broken; .*9.png is broken; and 15 more problems, see above$"):
        predict.predict_run(tmp_path, tmp_path, pathlib.Path("o"), finding=predict.Finding("whole_frame"))


def test_tables_that_cannot_be_made_of_the_input_are_wrong_usage(monkeypatch, tmp_path):
    def check(*_):
        Export(layout="bids").check(["film.mp4"], [], ())

    monkeypatch.setattr(predict, "predictor", lambda *_: Network)
    monkeypatch.setattr(predict, "predict_file", check)
    with pytest.raises(UsageError, match=r"film.mp4: the layout of BIDS needs the label of its participant and task"):
        predict.predict_run(tmp_path, tmp_path, tmp_path / "o", finding=predict.Finding("whole_frame"))


def test_groups_of_columns_need_found_faces():
    with pytest.raises(UsageError, match=r"--include=landmarks needs found faces; drop --faces=whole_frame"):
        predict.Finding("whole_frame", include=("landmarks",))
    with pytest.raises(
        UsageError, match=r"--include: unknown group of columns 'eyes'; choose from landmarks, blendshapes"
    ):
        predict.Finding(include=("eyes",))


def test_the_frame_rate_of_training_is_known_if_all_sets_name_one():
    data = lambda *readers: SimpleNamespace(train={str(place): reader for place, reader in enumerate(readers)})
    fps = lambda rate: SimpleNamespace(fps=rate)
    rate_of = inspect.unwrap(predict.trained_fps)
    assert rate_of(data(fps(12.5))) == rate_of(data(fps(12.5), fps(12.5))) == 12.5
    assert rate_of(data(fps(25.0), fps(30.0))) is None and rate_of(data(fps(0.0))) is None
    assert rate_of(data(SimpleNamespace())) is None
