"""What becomes of a step whose loss or gradients are not finite: `train.on_nan` is stop, skip or rollback."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from affect_jax.train.state import TrainState

ON_NAN = ("stop", "skip", "rollback")
SKIPS_IN_A_ROW = 10  # with "skip": updates left out one after another, at which the run stops
ROLLBACKS = 3  # of a run with "rollback"; the next step that is not finite stops it
NORM = "gradient_norm"
NORM_OF = f"{NORM}/"  # of each parameter group; only for messages
SKIPPED, IN_A_ROW = "skipped_updates", "skipped_in_a_row"
SHOWN_GROUPS = 3


class TrainingDiverged(ArithmeticError):
    """A loss or gradient is not finite; the message names the first such step, the terms and the parameter groups.

    `fault` is the message without advice, `next_batch` the position of the batches after that step.
    """

    def __init__(self, message: str, fault: str = "", next_batch: Mapping | None = None):
        super().__init__(message)
        self.fault, self.next_batch = fault, next_batch


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Faults:
    """Counts of steps that were not finite; part of the state, so that a resumed run goes on counting."""

    in_a_row: Any  # int32 scalar: updates left out directly before this step; Any as in TrainState
    skipped: Any  # int32 scalar: updates left out in all
    rollbacks: Any  # int32 scalar: returns to a checkpoint

    @classmethod
    def initial(cls, on_nan: str) -> "Faults | None":
        """Zeros, or None where nothing is counted because the run stops at the first fault."""
        return None if on_nan == "stop" else cls(*(jnp.zeros((), jnp.int32) for _ in range(3)))

    def after(self, finite: Bool[Array, ""]) -> "Faults":
        """The counts after a step."""
        in_a_row = jnp.where(finite, 0, self.in_a_row + 1)
        return Faults(in_a_row, self.skipped + (~finite).astype(jnp.int32), self.rollbacks)


def leave_out_faults(step: Callable[..., tuple[TrainState, dict]]) -> Callable[..., tuple[TrainState, dict]]:
    """The same step, except that one with a term that is not finite changes nothing but the count of steps.

    Unlike optax.apply_if_finite, which looks only at gradients and holds back only the optimizer, this also protects
    running statistics, averaged weights and the memory of the task. Needs memory for a second copy of what is trained.
    """

    def guarded(state: TrainState, batch: Any, *rest: Any) -> tuple[TrainState, dict[str, Array]]:
        after, terms = step(state, batch, *rest)
        finite = jnp.stack([jnp.isfinite(term).all() for term in terms.values()]).all()
        kept = jax.tree.map(lambda new, old: jnp.where(finite, new, old), after, state)
        faults = state.faults.after(finite)
        terms = {**terms, SKIPPED: faults.skipped, IN_A_ROW: faults.in_a_row}
        return dataclasses.replace(kept, step=after.step, faults=faults), terms

    return guarded


def describe_fault(terms: Mapping[str, Any]) -> str:
    """What is not finite in a step, such as "loss, loss/mse and the gradients of head/output are not finite"; or "".

    Gradients are named by group; see `groups.by_module`.
    """
    bad = sorted(name for name, value in terms.items() if not math.isfinite(value))
    groups = [name.removeprefix(NORM_OF) for name in bad if name.startswith(NORM_OF)]
    known = NORM_OF if not groups else NORM  # the norm of all gradients says nothing beyond that of a group
    things = [name for name in bad if not name.startswith(known)]
    if groups:
        others = len(groups) - SHOWN_GROUPS
        more = f" and {others} more groups" if others > 0 else ""
        things.append(f"the gradients of {', '.join(groups[:SHOWN_GROUPS])}{more}")
    if not things:
        return ""
    listed = f"{', '.join(things[:-1])} and {things[-1]}" if len(things) > 1 else things[0]
    return f"{listed} {'are' if groups or len(things) > 1 else 'is'} not finite"


def is_tolerated(terms: Mapping[str, Any]) -> bool:
    """Whether the update of a step that was not finite has been left out, and not too many in a row."""
    return IN_A_ROW in terms and int(terms[IN_A_ROW]) < SKIPS_IN_A_ROW


def means_to_log(fetched: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The means of the terms over the steps that are finite, and the number of updates that were left out so far."""
    finite = [terms for terms in fetched if not describe_fault(terms)]
    means = {}
    for name in fetched[0]:
        if finite and not name.startswith(NORM_OF) and name not in (SKIPPED, IN_A_ROW):
            means[name] = float(sum(terms[name] for terms in finite)) / len(finite)
    if SKIPPED in fetched[-1]:
        means[SKIPPED] = float(fetched[-1][SKIPPED])
    return means
