"""How far a run has come: its state, the terms that are not logged yet, and what it writes."""

import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp

from affect_jax.nn.network import Variables
from affect_jax.train import guard
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
    ):
        self.config, self.state, self.evaluations = config, state, evaluations
        self.checkpoints, self.journal = checkpoints, journal
        self.saves = SaveClock(config.checkpoint_minutes)
        self._begin_at(int(state.step))

    def _begin_at(self, step: int) -> None:
        self.step = step
        self.waiting: list[dict] = []  # terms of the steps that are not logged yet
        self._positions: list[dict] = []  # of the batches after each of these steps
        self.pace = Pace(step, self.config.steps, self.journal.say)

    def advance(self, state: TrainState, terms: dict, data_state: dict) -> None:
        """Takes the result of the next step, and the position of the batches after it."""
        self.state = state
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
        kept = "no checkpoint was saved before"
        if latest is not None:
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
        """Writes the scores of all evaluations, and a checkpoint; UnknownScore if `best` is not among them."""
        scores = {}
        with self.pace.paused():
            for name, evaluation in self.evaluations.items():
                scores |= {f"{name}/{score}": value for score, value in evaluation(self.state.scored).items()}
        self.config.require_best(scores)
        self.journal.write(self.step, scores)
        self.save(data_state, scores)

    def save(self, data_state: dict, scores: Mapping[str, float] | None = None) -> None:
        """Saves a checkpoint with the position of the batches."""
        self.checkpoints.save(self.state, data_state, scores)
        self.saves.restart()
