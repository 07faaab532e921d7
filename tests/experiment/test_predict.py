"""A prediction that is stopped, and one with many problems."""

import os
import pathlib
import signal

import pytest

from affect_jax.experiment import predict
from affect_jax.predict.result import Result


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_a_prediction_so_that_files_are_closed(number):
    before = signal.getsignal(number)
    closed = []
    with pytest.raises(KeyboardInterrupt), predict._signals_interrupt():
        try:
            os.kill(os.getpid(), number)
        finally:
            closed.append(True)
    assert closed and signal.getsignal(number) is before


def test_many_problems_are_not_one_endless_line(monkeypatch, tmp_path):
    result = Result(frames=3, problems=[f"{number}.png is broken" for number in range(25)])
    monkeypatch.setattr(predict, "predictor", lambda *_: None)
    monkeypatch.setattr(predict, "predict_file", lambda *_: result)
    with pytest.raises(ValueError, match=r"^0.png is broken; .*9.png is broken; and 15 more problems, see above$"):
        predict.predict_run(tmp_path, tmp_path, pathlib.Path("o"), faces="whole_frame", face_model="", overlay=False)
