"""A run of the loop in a folder, put together as experiment/train.py does it."""

import json

import jax
import optax

from affect_jax.nn.network import Network
from affect_jax.train import loop
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.guard import Faults, leave_out_faults
from affect_jax.train.journal import Journal
from affect_jax.train.loop_config import TrainConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.objective import Objective, Teacher
from affect_jax.train.placement import Placement
from affect_jax.train.signals import Signals
from affect_jax.train.state import create_state
from affect_jax.train.step import compile_step, make_train_step


class Run:
    """A run that logs every 2 steps and evaluates every 3."""

    def __init__(
        self,
        workdir,
        tiny,
        task,
        batches,
        optimizer=None,
        average=0.0,
        with_teacher=False,
        minutes=0.0,
        on_nan="stop",
    ):
        self.on_nan = on_nan
        self.workdir, self.task, self.batches, self.average = workdir, task, batches(), average
        self.minutes = minutes
        self.network, self.placement = Network(lambda rngs: tiny(rngs=rngs)), Placement.of(MeshConfig())
        self.optimizer = optimizer or optax.adam(1e-2)
        variables = self.placement.put(self.network.initial(jax.random.key(7)))
        teacher = Teacher(self.network.predict, variables) if with_teacher else None
        self.objective = Objective(self.network, task, teacher)
        self.checkpoints = Checkpoints(workdir, "-validation/error")

    def go(self, steps, evaluate=lambda variables: {"error": 1.0}, **others):
        first = self.network.initial(jax.random.key(0))
        faults = Faults.initial(self.on_nan)
        state = create_state(self.network, self.optimizer, first, self.task.initial(), self.average > 0, faults)
        state = self.placement.put(state)
        if self.checkpoints.latest_step() is not None:
            state, place = self.checkpoints.restore(jax.eval_shape(lambda: state), self.placement)
            self.batches.set_state(place)
        made = make_train_step(self.objective, self.optimizer, jax.random.key(1), self.average)
        if self.on_nan == "skip":
            made = leave_out_faults(made)
        journal = Journal(self.workdir, int(state.step), steps, "test")
        try:
            with Signals() as signals:
                return loop.run(
                    TrainConfig(steps, 2, 3, self.minutes, "-validation/error", self.on_nan),
                    state,
                    compile_step(made, state, self.placement, self.objective.teacher_variables),
                    self.batches,
                    self.placement,
                    self.checkpoints,
                    journal,
                    {"validation": evaluate, **others},
                    signals,
                )
        finally:
            journal.close()
            self.checkpoints.close()


def losses(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return {line["step"]: line["train/loss"] for line in lines if "train/loss" in line}
