"""Which crops a network sees together: all of a static network, those of one face of a clip network."""

import collections
import dataclasses

from affect_jax.ops.labels_over_time import CLOCK_TOLERANCE_SECONDS
from affect_jax.ops.sequence import longest_gap_seconds
from affect_jax.predict.inputs import Input, View
from affect_jax.predict.predictor import Predictor, Values
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame
from affect_jax.predict.windows import make_runner


@dataclasses.dataclass
class Pending:
    """A row that may still wait for the values of the network."""

    row: Row
    known: Values | None = None  # from an earlier run
    values: Values | None = None

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing."""
        return self.row.crop is None or self.values is not None

    def complete(self) -> Row:
        """The row with its values, without the image of its frame."""
        return self.row if self.row.crop is None else dataclasses.replace(self.row, values=self.values, image=None)


class _Memory:
    """A runner of the network, and the rows whose values it owes."""

    def __init__(self, predictor: Predictor):
        self._runner = make_runner(predictor)
        self._owed: collections.deque[Pending] = collections.deque()
        self.seconds = 0.0  # time of the last crop

    def push(self, pending: Pending) -> None:
        self._owed.append(pending)
        self.seconds = pending.row.time_seconds
        person = pending.row.person
        adapter = None if person is None else person.adapter
        view = None if pending.row.image is None else View(pending.row.image, pending.row.landmarks)
        self._hand_out(self._runner.push(Input(pending.row.crop, adapter, pending.known, view)))

    def flush(self) -> None:
        self._hand_out(self._runner.flush())

    def _hand_out(self, values: list[Values]) -> None:
        for each in values:
            self._owed.popleft().values = each


class Memories:
    """The memories of a network: one for each face if it is a clip network, else one batch after the other for all.

    The memory of a face lasts while the face is away for at most `longest_gap_seconds`; then, and where the clock runs
    backwards, it ends, and the face begins again. It knows nothing of other faces.
    """

    def __init__(self, predictor: Predictor, step_seconds: float):
        """`step_seconds`: usual time between two frames."""
        self._predictor = predictor
        self._over_time = predictor.frames is not None
        self._longest_gap = longest_gap_seconds(step_seconds) + CLOCK_TOLERANCE_SECONDS
        self._memories: dict[int, _Memory] = {}

    def begin(self, frame: Frame, connected: bool) -> None:
        """Ends the memories that do not reach to a frame; none does if it is not `connected` to those before."""
        if not self._over_time:
            return
        for face, memory in list(self._memories.items()):
            if frame.restarts or not connected or frame.time_seconds - memory.seconds > self._longest_gap:
                self._memories.pop(face).flush()

    def push(self, pending: Pending) -> None:
        """Takes the next crop."""
        face = pending.row.face if self._over_time else 0
        if face not in self._memories:
            self._memories[face] = _Memory(self._predictor)
        self._memories[face].push(pending)

    def flush(self) -> None:
        """Computes what waits for more crops."""
        for memory in self._memories.values():
            memory.flush()
