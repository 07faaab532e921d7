"""Checkpoints of a run: the latest and the best, written atomically in the background.

Arrays are stored under flat names ("trunk/stem/kernel"), so that a checkpoint can be restored on any number of devices
and whichever part of the network was frozen, and errors can name what does not match. "network" holds the weights to
predict with: the moving average, if there is one. The rest is needed only to resume the run: "optimizer", "task",
"running" (the weights that are averaged) and "faults" (counts of steps that were not finite).
"""

import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import orbax.checkpoint as ocp

from affect_jax.nn.network import Network, Variables, with_names
from affect_jax.train import pending as pending_steps
from affect_jax.train import scores as scores_of
from affect_jax.train.agreement import is_first, wait_for_all
from affect_jax.train.background import UNFINISHED, Writer, latest_and_best
from affect_jax.train.checksums import verify, write_checksums
from affect_jax.train.damage import check_complete, convert_errors
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState
from affect_jax.train.state_parts import parts_of, reassemble

ARRAYS = ("network", "optimizer", "task", "running", "faults")  # items of a checkpoint
NOTES = ("data", "certificate", "pending")


class Checkpoints:
    """The checkpoints of a workdir; the best has the highest `score` (with "-validation/nme", the lowest)."""

    def __init__(self, workdir: pathlib.Path, score: str = ""):
        _write_from_one_device()
        self._score = score
        self._folder = workdir / "checkpoints"
        self._check_scores()
        with convert_errors(self._folder, None):
            self._writer = Writer(self._folder, self._open)

    def _open(self) -> ocp.CheckpointManager:
        handlers = {name: ocp.StandardCheckpointHandler() for name in ARRAYS}
        handlers |= {name: ocp.JsonCheckpointHandler() for name in NOTES}
        options = latest_and_best(self._before_publishing)
        return ocp.CheckpointManager(self._folder.absolute(), options=options, item_handlers=handlers)

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

    def has_scores(self, step: int) -> bool:
        """Whether the checkpoint of a step was saved with its scores, or was given them."""
        return scores_of.has_scores(self._folder / str(step))

    def add_scores(self, step: int, scores: Mapping[str, float]) -> None:
        """Gives the checkpoint of a step, which was saved on a signal during its evaluation, the scores it lacks."""
        self._writer.settle()
        if is_first():
            unfinished = self._folder / f"{scores_of.ITEM}{UNFINISHED}"
            scores_of.add_scores(self._folder / str(step), self._metrics(scores), unfinished)
        wait_for_all(f"scores of step {step}")
        self._manager.reload()

    def latest_step(self) -> int | None:
        """Step of the newest complete checkpoint."""
        return self._manager.latest_step()

    def best_step(self) -> int | None:
        """Step of the checkpoint with the best score, or of the newest if none has a score."""
        with convert_errors(self._folder, None):
            best = self._manager.best_step()
            return self._manager.latest_step() if best is None else best

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

    def restore_arrays(self, placement: Placement, step: int | None = None) -> dict[str, jax.Array]:
        """Restores the network's arrays by name at `step` (None: the best); DamagedCheckpoint if they are damaged."""
        return self.arrays_of(self.best_step() if step is None else step, "network", placement)

    def arrays_of(self, step: int, item: str, placement: Placement) -> dict[str, jax.Array]:
        """Restores one of ARRAYS by name; empty if the checkpoint was saved without it."""
        if item != "network" and not (self._folder / str(step) / item).is_dir():
            return {}
        targets = placement.targets(self._stored(step, item))
        with self._convert_errors(step):
            wanted = ocp.args.Composite(**{item: ocp.args.StandardRestore(targets)})
            return self._manager.restore(step, args=wanted)[item]

    def certificate(self, step: int) -> dict | None:
        """Reads the certificate that was saved with the weights at `step`; None if there is none."""
        return self.note(step, "certificate")

    def pending_terms(self, step: int) -> list[dict[str, Any]]:
        """Reads the terms that were not logged yet when the checkpoint of `step` was saved."""
        note = self.note(step, "pending")
        return [] if note is None else pending_steps.from_json(note)

    def note(self, step: int, name: str) -> dict | None:
        """Reads one of NOTES; None if the checkpoint was saved without it."""
        if not (self._folder / str(step) / name).is_dir():
            return None
        with self._convert_errors(step):
            verify(self._folder / str(step), name)
            return self._manager.restore(step, args=ocp.args.Composite(**{name: ocp.args.JsonRestore()}))[name]

    def shapes(self, step: int) -> dict[str, jax.ShapeDtypeStruct]:
        """Reads names, shapes and dtypes of the network's arrays at `step`; DamagedCheckpoint if they are damaged."""
        return self._stored(step, "network")

    def _stored(self, step: int, part: str) -> dict[str, jax.ShapeDtypeStruct]:
        with self._convert_errors(step):
            folder = self._folder / str(step)
            if not verify(folder, part):
                check_complete(folder / part)
            stored = ocp.StandardCheckpointHandler().metadata(folder.absolute() / part)
            return {name: jax.ShapeDtypeStruct(array.shape, array.dtype) for name, array in stored.items()}

    def _fit(self, form, arrays: Mapping[str, Any], step: int):
        try:
            return with_names(form, arrays)
        except ValueError as error:
            raise ValueError(
                f"{self._folder / str(step)} contains another network than config.json describes: {error}; "
                "one of the two was changed after training"
            ) from error

    def _convert_errors(self, step: int):
        return convert_errors(self._folder, step, self._manager.all_steps())

    def restore_variables(self, network: Network, placement: Placement, step: int | None = None) -> Variables:
        """Restores the variables of `network` at `step` (None: the best); ValueError names what does not match."""
        step = self.best_step() if step is None else step
        return self._fit(network.abstract, self.restore_arrays(placement, step), step)

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
        shutil.rmtree(self._folder / "0", ignore_errors=True)

    def kept_step(self) -> int | None:
        """Step of the newest checkpoint on disk, also after one that failed."""
        return max(self.steps(), default=None)

    def steps(self) -> list[int]:
        """Steps of all complete checkpoints on disk."""
        return [int(step.name) for step in self._folder.glob("*") if step.name.isdecimal()]


def _write_from_one_device() -> None:
    """Makes Orbax write each array that several devices hold whole from the first of them.

    By default it cuts such arrays into a slice for each device and compiles a program for each slice: at the first
    checkpoint on eight devices, 96 programs for 12 small arrays, and 3.3 s of processor time instead of 0.07.
    """
    handler = ocp.type_handlers.ArrayHandler(use_replica_parallel=False)
    ocp.type_handlers.register_type_handler(jax.Array, handler, override=True)
