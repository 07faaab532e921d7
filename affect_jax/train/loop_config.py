"""Options of the training loop."""

import dataclasses
from collections.abc import Collection

from affect_jax.nn.precision import PRECISIONS
from affect_jax.train.guard import ON_NAN


class UnknownScore(ValueError):
    """The score that selects the best checkpoint does not exist; the message names those that do."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Length of a run, how often it logs and evaluates, and how a step is computed."""

    steps: int = 1000  # length of the run; 0: the initial weights are evaluated and saved unchanged
    log_every: int = 20  # steps between lines in metrics.jsonl
    evaluate_every: int = 500  # steps between evaluations, each followed by a checkpoint
    checkpoint_minutes: float = 10.0  # longest time between checkpoints, which a kill can cost; 0: at evaluations only
    # <evaluation>/<score>: the checkpoint with its highest value is the best; with a leading "-", as in
    # "-validation/nme", the one with its lowest value.
    best: str = "validation/ccc/mean"
    # When a loss or gradient is not finite: stop | skip (leave that update out; stop after 10 in a row) | rollback (go
    # back to the latest checkpoint, and on with the batches after that one; 3 times, then stop)
    on_nan: str = "stop"
    # Of the forward and backward pass: float32 | bfloat16 (parameters, moments, norms, losses and evaluations stay in
    # float32); bfloat16 is intended for accelerators.
    precision: str = "float32"
    # Parts of a batch that go through the network one after another, to save memory; losses are of the whole batch,
    # while BatchNorm normalizes each part by itself.
    micro_batches: int = 1
    rematerialize: bool = False  # recompute the inside of each convolution block for its gradient, to save memory

    def __post_init__(self):
        for name, least in (("steps", 0), ("log_every", 1), ("evaluate_every", 1), ("micro_batches", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"train.{name} is {getattr(self, name)}; it must be at least {least}")
        if not self.checkpoint_minutes >= 0:
            raise ValueError(f"train.checkpoint_minutes is {self.checkpoint_minutes}; it must not be negative")
        if self.on_nan not in ON_NAN:
            raise ValueError(f"train.on_nan is '{self.on_nan}'; choose {', '.join(ON_NAN[:-1])} or {ON_NAN[-1]}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"train.precision is '{self.precision}'; choose one of {', '.join(PRECISIONS)}")

    def is_evaluated(self, step: int) -> bool:
        """Whether the run is evaluated after `step`; the initial weights are only where nothing is trained."""
        return step == self.steps or (step > 0 and step % self.evaluate_every == 0)

    @property
    def best_evaluation(self) -> str:
        """Name of the evaluation whose score selects the best checkpoint."""
        return self.best.removeprefix("-").partition("/")[0]

    def require_best(self, scores: Collection[str]) -> None:
        """Raises UnknownScore if `best` is not among the scores of the evaluations."""
        if self.best.removeprefix("-") not in scores:
            raise UnknownScore(f"train.best is '{self.best}', but the scores are {', '.join(sorted(scores))}")
