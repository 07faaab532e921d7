"""How far a run has come: its state, the terms that are not logged yet, and what it writes."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp

from affect_jax.nn.network import Variables
from affect_jax.train import beside, guard
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.guard import TrainingDiverged
from affect_jax.train.journal import Journal
from affect_jax.train.loop_config import TrainConfig
from affect_jax.train.pace import Pace, SaveClock
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState

Evaluation = Callable[[Variables], Mapping[str, float]]


class Progress:
    """A run under way."""

    def __init__(
        self,
        config: TrainConfig,
        state: TrainState,
        checkpoints: Checkpoints,
        journal: Journal,
        evaluations: Mapping[str, Evaluation],
        stopping: Callable[[], bool],
    ):
        self.config, self.state, self.evaluations = config, state, evaluations
        self.checkpoints, self.journal, self._stopping = checkpoints, journal, stopping
        self.saves = SaveClock(config.checkpoint_minutes)
        self._compiled = False
        self._begin_at(int(state.step))

    def _begin_at(self, step: int) -> None:
        self.step = step
        saved = self.checkpoints.latest_step() is not None
        self.waiting = self.checkpoints.pending_terms(step) if saved else []  # of the steps that are not logged yet
        self._positions: list[dict] = [{} for _ in self.waiting]  # of the batches after them; none of these is bad
        self.pace = Pace(step, self.config.steps, self.journal.say)

    def take(self, step: Callable[[TrainState], tuple[TrainState, dict]], data_state: dict) -> None:
        """Takes the next step, and notes the position of the batches after it.

        Raises Abandoned if a signal arrives during the first one, which is compiled.
        """
        if self._compiled:
            self.state, terms = step(self.state)
        else:
            self.state, terms = beside.run(lambda: jax.block_until_ready(step(self.state)), self._stopping)
            self._compiled = True
        self.step += 1
        self.waiting.append(terms)
        self._positions.append(data_state)
        self.pace.note(self.step, terms)

    def log(self) -> None:
        """Logs the means of the terms that are not logged yet, if there are any."""
        if not self.waiting:
            return
        fetched = self.fetch_finite()
        self._report_left_out(fetched)
        self.waiting.clear()
        self._positions.clear()
        means = guard.means_to_log(fetched)
        self.journal.write(self.step, {f"train/{name}": value for name, value in means.items()})
        if "loss" in means:
            self.journal.show({"loss": means["loss"]})

    def fetch_finite(self) -> list[dict]:
        """Returns the terms that are not logged yet; TrainingDiverged if a step that counts is not finite."""
        fetched = jax.device_get(self.waiting)
        for place, terms in enumerate(fetched):
            fault = guard.describe_fault(terms)
            if fault and not guard.is_tolerated(terms):
                raise self._divergence(place, fault)
        return fetched

    def _step_of(self, place: int) -> int:
        return self.step - len(self.waiting) + 1 + place

    def _report_left_out(self, fetched: list[dict]) -> None:
        faults = {self._step_of(place): guard.describe_fault(terms) for place, terms in enumerate(fetched)}
        steps = [step for step, fault in faults.items() if fault]
        if steps:
            count = int(fetched[-1][guard.SKIPPED])
            self.journal.say(f"step {steps[0]}: {faults[steps[0]]}; updates left out so far: {count}")

    def _divergence(self, place: int, fault: str) -> TrainingDiverged:
        latest = self.checkpoints.latest_step()
        kept = "no checkpoint was saved before" if latest is None else "only the initial weights were saved before"
        if latest:
            kept = f"the checkpoint of step {latest} is kept"
        tried = {
            "stop": "",
            "skip": f", as in the {guard.SKIPS_IN_A_ROW - 1} steps before it",
            "rollback": f", after {guard.ROLLBACKS} returns to a checkpoint",
        }
        advice = "Lower config.optimizer.learning_rate or set config.optimizer.warmup_steps"
        fault = f"step {self._step_of(place)}: {fault}"
        message = f"{fault}{tried[self.config.on_nan]}; {kept}. {advice}"
        return TrainingDiverged(message, fault, self._positions[place])

    def go_back(self, diverged: TrainingDiverged, placement: Placement) -> None:
        """Restores the latest checkpoint, if `on_nan` is rollback and that was not tried too often; else raises."""
        count = 1 + int(self.state.faults.rollbacks) if self.config.on_nan == "rollback" else 0
        if not 0 < count <= guard.ROLLBACKS:
            raise diverged
        state, _ = self.checkpoints.restore(self.state, placement)
        faults = dataclasses.replace(state.faults, rollbacks=placement.put(jnp.int32(count)))
        self.state = dataclasses.replace(state, faults=faults)
        self._begin_at(int(state.step))
        self.journal.go_back(self.step)
        self.journal.say(f"{diverged.fault}; going back to step {self.step}, return {count} of {guard.ROLLBACKS}")

    def evaluate(self, data_state: dict) -> None:
        """Writes the scores of all evaluations, and a checkpoint; UnknownScore if `best` is not among them.

        If a signal ends them, the checkpoint has no scores, and is evaluated when the run is resumed.
        """
        try:
            scores = self._scores()
        except beside.Abandoned:
            return self.save(data_state)
        self.journal.write(self.step, scores)
        self.save(data_state, scores)

    def evaluate_if_due(self) -> None:
        """Evaluates the checkpoint that the run is resumed from, if a signal ended its evaluations."""
        if not self.config.is_evaluated(self.step) or self.checkpoints.has_scores(self.step):
            return
        self.journal.drop_scores(self.step)
        with contextlib.suppress(beside.Abandoned):  # by another signal
            scores = self._scores()
            self.journal.write(self.step, scores)
            self.checkpoints.add_scores(self.step, scores)

    def _scores(self) -> dict[str, float]:
        def work() -> dict[str, float]:
            scores = {}
            for name, evaluation in self.evaluations.items():
                scores |= {f"{name}/{score}": value for score, value in evaluation(self.state.scored).items()}
            return scores

        # Several processes take part in each evaluation, and agree on the batch before which all of them leave it.
        stopping = self._stopping if jax.process_count() == 1 else lambda: False
        with self.pace.paused():
            scores = beside.run(work, stopping)
        self.config.require_best(scores)
        return scores

    def save(self, data_state: dict, scores: Mapping[str, float] | None = None) -> None:
        """Saves a checkpoint with the position of the batches, and the terms that are not logged yet."""
        self.checkpoints.save(self.state, data_state, scores, pending=jax.device_get(self.waiting))
        self.saves.restart()
