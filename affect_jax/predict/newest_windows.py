"""Runs a network that predicts the newest frame of a clip: a window for each frame, several at a time."""

import numpy as np

from affect_jax.ops.sequence import past_places
from affect_jax.predict.inputs import Input, adapters_of, window_to_float
from affect_jax.predict.predictor import Predictor, Values


class NewestWindows:
    """The windows of evaluation (`data.clips.newest_windows`): each frame with those before it in its sequence.

    The first frame of a sequence is repeated on the left of those that have too few before them. `Predictor.batch`
    windows run at once, the last ones of a sequence with copies.
    """

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._restart()

    def _restart(self) -> None:
        self._inputs: list[Input] = []  # those not reported yet, after the ones that their windows begin with
        self._waiting = 0

    def push(self, each: Input) -> list[Values]:
        self._inputs.append(each)
        self._waiting += 1
        return self._run() if self._waiting == self._predictor.batch else []

    def flush(self) -> list[Values]:
        """Ends the sequence."""
        values = self._run() if self._waiting else []
        self._restart()
        return values

    def _run(self) -> list[Values]:
        """The values of the frames that wait."""
        length = len(self._inputs)
        waiting = np.arange(length - self._waiting, length)
        found = [self._inputs[place].known for place in waiting]
        if None in found:
            copies = np.repeat(waiting[-1:], self._predictor.batch - len(waiting))
            values = self._predict(past_places(np.concatenate([waiting, copies]), self._predictor.frames))
            for place, known in enumerate(found):
                if known is None:
                    found[place] = {name: value[place, -1] for name, value in values.items()}
        past = self._predictor.frames - 1
        self._inputs = self._inputs[-past:] if past else []
        self._waiting = 0
        return found

    def _predict(self, windows: np.ndarray) -> Values:
        """The values of windows, given by the places of their frames."""
        clips = [[self._inputs[place] for place in window] for window in windows]
        images = np.stack([window_to_float(clip, self._predictor) for clip in clips])
        return self._predictor.values(images, [adapter for clip in clips for adapter in adapters_of(clip)])
