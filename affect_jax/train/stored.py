"""What is read from checkpoints: arrays, notes, and which steps there are."""

import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import orbax.checkpoint as ocp

from affect_jax.nn.network import Network, Variables, with_names
from affect_jax.train import pending as pending_steps
from affect_jax.train import scores as scores_of
from affect_jax.train.checksums import verify
from affect_jax.train.damage import check_complete, convert_errors
from affect_jax.train.manager import saved_steps
from affect_jax.train.placement import Placement


class StoredCheckpoints:
    """The checkpoints in a folder, as they are read; `_manager` is Orbax's, which reads them."""

    _manager: ocp.CheckpointManager

    def __init__(self, folder: pathlib.Path):
        self._folder = folder

    def latest_step(self) -> int | None:
        """Step of the newest complete checkpoint."""
        return self._manager.latest_step()

    def best_step(self) -> int | None:
        """Step of the checkpoint with the best score, or of the newest if none has a score."""
        with convert_errors(self._folder, None):
            best = self._manager.best_step()
            return self._manager.latest_step() if best is None else best

    def has_scores(self, step: int) -> bool:
        """Whether the checkpoint of a step was saved with its scores, or was given them."""
        return scores_of.has_scores(self._folder / str(step))

    def kept_step(self) -> int | None:
        """Step of the newest checkpoint on disk, also after one that failed."""
        return max(self.steps(), default=None)

    def steps(self) -> list[int]:
        """Steps of all complete checkpoints on disk, in order."""
        return saved_steps(self._folder)

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

    def restore_variables(self, network: Network, placement: Placement, step: int | None = None) -> Variables:
        """Restores the variables of `network` at `step` (None: the best); ValueError names what does not match."""
        step = self.best_step() if step is None else step
        return self._fit(network.abstract, self.restore_arrays(placement, step), step)

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
