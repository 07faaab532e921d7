"""A prediction that is stopped, and one with many problems."""

import os
import pathlib
import signal

import pytest

from affect_jax.experiment import predict
from affect_jax.predict.result import Result, Stopped


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
    assert predict._identify(tmp_path, "w@7") != before


def test_many_problems_are_not_one_endless_line(monkeypatch, tmp_path):
    result = Result(frames=3, problems=[f"{number}.png is broken" for number in range(25)])
    monkeypatch.setattr(predict, "predictor", lambda *_: Network)
    monkeypatch.setattr(predict, "predict_file", lambda *_: result)
    with pytest.raises(ValueError, match=r"^0.png is broken; .*9.png is broken; and 15 more problems, see above$"):
        predict.predict_run(tmp_path, tmp_path, pathlib.Path("o"), finding=predict.Finding("whole_frame"))
