"""Checkpoints of a run: the latest and the best, written atomically in the background.

Arrays are stored under flat names ("trunk/stem/kernel"), so that a checkpoint can be restored on any number of devices
and whichever part of the network was frozen, and errors can name what does not match. "network" holds the weights to
predict with: the moving average, if there is one. The rest is needed only to resume the run: "optimizer", "task",
"running" (the weights that are averaged) and "faults" (counts of steps that were not finite).
"""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import orbax.checkpoint as ocp

from affect_jax.train import pending as pending_steps
from affect_jax.train import scores as scores_of
from affect_jax.train.agreement import is_first, wait_for_all
from affect_jax.train.background import UNFINISHED, Writer
from affect_jax.train.checksums import verify, write_checksums
from affect_jax.train.damage import convert_errors
from affect_jax.train.manager import REMOVED, open_manager
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState
from affect_jax.train.state_parts import parts_of, reassemble
from affect_jax.train.stored import StoredCheckpoints


class Checkpoints(StoredCheckpoints):
    """The checkpoints of a workdir, to read and to write.

    The best one has the highest `score`; with a minus, as in "-validation/nme", the lowest.
    """

    def __init__(self, workdir: pathlib.Path, score: str = ""):
        super().__init__(workdir / "checkpoints")
        self._score = score
        self._check_scores()
        with convert_errors(self._folder, None):
            self._writer = Writer(self._folder, lambda: open_manager(self._folder, self._before_publishing))

    @property
    def _manager(self) -> ocp.CheckpointManager:
        return self._writer.manager

    def _check_scores(self) -> None:
        """Raises DamagedCheckpoint if a score was changed, which would choose another checkpoint as the best."""
        steps = self.steps()
        for step in steps:
            with convert_errors(self._folder, step, steps):
                verify(self._folder / str(step), "metrics")

    def save(
        self,
        state: TrainState,
        data_state: Mapping,
        scores: Mapping[str, float] | None = None,
        certificate: Mapping | None = None,
        pending: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Starts writing `state` and the position in the data stream; does nothing if this step is already saved.

        `certificate` records what has been verified about the weights, `pending` are the terms that are not logged yet.
        Raises what kept the checkpoint before this one from being written, if it has to end the run.
        """
        arrays = {name: ocp.args.StandardSave(part) for name, part in parts_of(state).items()}
        notes = {"data": data_state} | ({} if certificate is None else {"certificate": certificate})
        notes |= {"pending": pending_steps.to_json(pending)} if pending else {}
        items = {name: ocp.args.JsonSave(dict(note)) for name, note in notes.items()}
        self._writer.save(int(state.step), ocp.args.Composite(**items, **arrays), self._metrics(scores))

    def _metrics(self, scores: Mapping[str, float] | None) -> dict[str, float] | None:
        name, sign = self._score.removeprefix("-"), -1.0 if self._score.startswith("-") else 1.0
        return {"score": sign * float(scores[name])} if scores and name in scores else None

    def _before_publishing(self) -> None:
        if is_first():
            for unfinished in self._folder.glob(f"{self._writer.step}{UNFINISHED}*"):
                write_checksums(unfinished)

    def add_scores(self, step: int, scores: Mapping[str, float]) -> None:
        """Gives the checkpoint of a step, which was saved on a signal during its evaluation, the scores it lacks."""
        self._writer.settle()
        if is_first():
            unfinished = self._folder / f"{scores_of.ITEM}{UNFINISHED}"
            scores_of.add_scores(self._folder / str(step), self._metrics(scores), unfinished)
        wait_for_all(f"scores of step {step}")
        self._manager.reload()

    def restore(self, state: TrainState, placement: Placement) -> tuple[TrainState, dict]:
        """Restores the newest state, with the structure of `state` (arrays or shapes), and the data stream's position.

        Raises the errors of `restore_arrays` and `restore_variables`.
        """
        self._writer.settle()  # a checkpoint that is being written is already the latest
        step, parts = self.latest_step(), parts_of(state)
        with self._convert_errors(step):
            verify(self._folder / str(step), "data")
        for name, part in parts.items():
            self._fit(part, self._stored(step, name), step)
        targets = parts_of(placement.targets(state))
        wanted = {name: ocp.args.StandardRestore(target) for name, target in targets.items()}
        with self._convert_errors(step):
            items = self._manager.restore(step, args=ocp.args.Composite(data=ocp.args.JsonRestore(), **wanted))
        return reassemble(
            state, placement.put(jax.numpy.int32(step)), {name: items[name] for name in parts}
        ), items.data

    def close(self) -> None:
        """Waits until everything is written, and closes the checkpoints; raises what failed twice in the background."""
        self._writer.finish()

    def abandon(self) -> None:
        """Closes the checkpoints after a failure, without any further error, and removes what is half written."""
        self._writer.abandon()
        self.remove_unfinished()

    def remove_unfinished(self) -> None:
        """Removes checkpoints that were never completed, as by a process that was killed; nobody may write one."""
        if is_first():
            self._writer.remove_unfinished()

    def is_writing(self) -> bool:
        """Whether a checkpoint is being written in the background."""
        return self._manager.is_saving_in_progress()

    def remove_initial(self) -> None:
        """Removes the checkpoint of the initial weights, so that the workdir is free for a corrected config."""
        initial = self._folder / "0"
        if initial.is_dir():
            (self._folder / REMOVED).mkdir(exist_ok=True)
            initial.rename(self._folder / REMOVED / initial.name)
            self._writer.empty_removed()
