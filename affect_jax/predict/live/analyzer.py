"""From a frame to its rows at once: nothing waits for a batch or for later frames."""

import dataclasses

import numpy as np

from affect_jax.predict.cast import Cast
from affect_jax.predict.crops import Faces, Tracks
from affect_jax.predict.inputs import Input
from affect_jax.predict.live.latency import Latencies
from affect_jax.predict.memories import Memories, Pending
from affect_jax.predict.persons import Persons
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame
from affect_jax.predict.windows import make_runner


def require_immediate(predictor: Predictor) -> None:
    """ValueError if the network needs later frames for the prediction of a frame."""
    if predictor.frames is not None and predictor.follower is None and not predictor.newest:
        raise ValueError(
            f"network '{predictor.name}' looks at {predictor.frames} frames, also at later ones, which "
            "are not there yet; use a static network, a causal one (python -m launch.inflate --causal), or one that "
            "predicts the newest frame, as in configs/intensity.py"
        )


class Analyzer:
    """Finds the faces of each frame, and runs the network on each: a causal one with the state of its face."""

    def __init__(
        self,
        predictor: Predictor,
        tracks: Tracks | None,
        step_seconds: float,
        latencies: Latencies,
        cast: Cast | None = None,
    ):
        """`step_seconds`: usual time between two frames. ValueError if the network needs later frames.

        `cast`: who is who; the adapter of a person belongs to the memory of the face, as its state does.
        """
        require_immediate(predictor)
        self._predictor = dataclasses.replace(predictor, batch=1)
        self._faces = Faces(self._predictor, tracks, step_seconds)
        self._latencies = latencies
        self._memories = Memories(self._predictor, step_seconds)
        self._cast = cast or Cast(Persons(), {})
        self._compile()

    def _compile(self) -> None:
        """Compiles the network before the first frame arrives, without an adapter and, if there are any, with one."""
        side = self._predictor.crop_px
        for adapter in (None, *self._cast.adapters[:1]):
            make_runner(self._predictor).push(Input(np.zeros((side, side, 3), np.uint8), adapter))

    def __call__(self, frame: Frame) -> list[Row]:
        """The rows of the next frame: one for each face, or one without a face."""
        with self._latencies.part("face"):
            found = [Pending(row) for row in self._cast(self._faces.find(frame))]
        with self._latencies.part("network"):
            self._memories.begin(frame, connected=True)
            for pending in found:
                if pending.row.crop is not None:
                    self._memories.push(pending)
            return [pending.complete() for pending in found]
