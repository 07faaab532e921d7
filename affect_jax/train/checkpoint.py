"""Checkpoints of a run: the latest and the best, written atomically in the background.

Arrays are stored under flat names ("trunk/stem/kernel"), so that a checkpoint can be restored on any number of devices
and whichever part of the network was frozen, and errors can name what does not match. "network" holds the weights to
predict with: the moving average, if there is one. The rest is needed only to resume the run: "optimizer", "task",
"running" (the weights that are averaged) and "faults" (counts of steps that were not finite).
"""

import contextlib
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

import jax
import orbax.checkpoint as ocp

from affect_jax.nn.network import Network, Variables, with_names
from affect_jax.train.checksums import verify, write_checksums
from affect_jax.train.damage import check_complete, convert_errors
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState
from affect_jax.train.state_parts import parts_of, reassemble

ARRAYS = ("network", "optimizer", "task", "running", "faults")  # items of a checkpoint
UNFINISHED = ".orbax-checkpoint-tmp"  # ending of the folder that Orbax renames once it is complete


class Checkpoints:
    """The checkpoints of a workdir; the best has the highest `score` (with "-validation/nme", the lowest)."""

    def __init__(self, workdir: pathlib.Path, score: str = ""):
        policies = ocp.checkpoint_managers
        best = policies.BestN(
            get_metric_fn=lambda metrics: metrics["score"], n=1, keep_checkpoints_without_metrics=False
        )
        options = ocp.CheckpointManagerOptions(
            preservation_policy=policies.AnyPreservationPolicy([policies.LatestN(1), best]),
            best_fn=lambda metrics: metrics["score"],
            best_mode="max",
            async_options=ocp.AsyncOptions(post_finalization_callback=self._before_publishing),
        )
        _write_from_one_device()
        self._score = score
        self._saving: int | None = None  # step that is being written in the background
        handlers = {name: ocp.StandardCheckpointHandler() for name in ARRAYS}
        handlers |= {name: ocp.JsonCheckpointHandler() for name in ("data", "certificate")}
        self._folder = workdir / "checkpoints"
        self._check_scores()
        with convert_errors(self._folder, None):
            self._manager = ocp.CheckpointManager(self._folder.absolute(), options=options, item_handlers=handlers)

    def _check_scores(self) -> None:
        """Raises DamagedCheckpoint if a score was changed, which would choose another checkpoint as the best."""
        steps = self._steps_on_disk()
        for step in steps:
            with convert_errors(self._folder, step, steps):
                verify(self._folder / str(step), "metrics")

    def save(
        self,
        state: TrainState,
        data_state: Mapping,
        scores: Mapping[str, float] | None = None,
        certificate: Mapping | None = None,
    ) -> None:
        """Starts writing `state` and the position in the data stream; does nothing if this step is already saved.

        `certificate` records what has been verified about the weights.
        """
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        arrays = {name: ocp.args.StandardSave(part) for name, part in parts_of(state).items()}
        notes = {"data": data_state} | ({} if certificate is None else {"certificate": certificate})
        items = {name: ocp.args.JsonSave(dict(note)) for name, note in notes.items()}
        items = ocp.args.Composite(**items, **arrays)
        name, sign = self._score.removeprefix("-"), -1.0 if self._score.startswith("-") else 1.0
        metrics = {"score": sign * float(scores[name])} if scores and name in scores else None
        self._manager.wait_until_finished()
        self._saving = step
        self._manager.save(step, args=items, metrics=metrics, force=True)

    def _before_publishing(self) -> None:
        if jax.process_index() == 0:
            for unfinished in self._folder.glob(f"{self._saving}{UNFINISHED}*"):
                write_checksums(unfinished)

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
        self._manager.wait_until_finished()  # a checkpoint that is being written is already the latest
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
        step = self.best_step() if step is None else step
        targets = placement.targets(self._stored(step, "network"))
        with self._convert_errors(step):
            wanted = ocp.args.Composite(network=ocp.args.StandardRestore(targets))
            return self._manager.restore(step, args=wanted).network

    def certificate(self, step: int) -> dict | None:
        """Reads the certificate that was saved with the weights at `step`; None if there is none."""
        if not (self._folder / str(step) / "certificate").is_dir():
            return None
        with self._convert_errors(step):
            verify(self._folder / str(step), "certificate")
            wanted = ocp.args.Composite(certificate=ocp.args.JsonRestore())
            return self._manager.restore(step, args=wanted).certificate

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
        """Waits until everything is written, and closes the checkpoints; raises what failed in the background."""
        self._manager.wait_until_finished()
        self._manager.close()

    def abandon(self) -> None:
        """Closes the checkpoints after a failure, without any further error, and removes what is half written."""
        with contextlib.suppress(Exception):  # the failure is known, and Orbax may report it again
            self.close()
        self.remove_unfinished()

    def remove_unfinished(self) -> None:
        """Removes checkpoints that were never completed, as by a process that was killed; nobody may write one."""
        for unfinished in self._folder.glob(f"*{UNFINISHED}"):
            shutil.rmtree(unfinished, ignore_errors=True)

    def kept_step(self) -> int | None:
        """Step of the newest checkpoint on disk, also after one that failed."""
        return max(self._steps_on_disk(), default=None)

    def _steps_on_disk(self) -> list[int]:
        return [int(step.name) for step in self._folder.glob("*") if step.name.isdecimal()]


def _write_from_one_device() -> None:
    """Makes Orbax write each array that several devices hold whole from the first of them.

    By default it cuts such arrays into a slice for each device and compiles a program for each slice: at the first
    checkpoint on eight devices, 96 programs for 12 small arrays, and 3.3 s of processor time instead of 0.07.
    """
    handler = ocp.type_handlers.ArrayHandler(use_replica_parallel=False)
    ocp.type_handlers.register_type_handler(jax.Array, handler, override=True)
