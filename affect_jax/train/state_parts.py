"""A train state as the parts that a checkpoint stores, each a dict of named arrays, and back."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax

from affect_jax.nn.network import names, with_names
from affect_jax.train.state import TrainState


def parts_of(state: TrainState) -> dict[str, dict[str, Any]]:
    """Splits a state into the parts that are stored, as named arrays; empty parts are left out."""
    running = {} if state.average is None else names(state.variables.moving)
    parts = {"network": names(state.scored), "optimizer": _numbered(state.opt_state), "task": _numbered(state.task)}
    parts["faults"] = _numbered(state.faults)
    return {name: part for name, part in {**parts, "running": running}.items() if part}


def reassemble(form: TrainState, step: jax.Array, parts: Mapping[str, Mapping[str, Any]]) -> TrainState:
    """Reassembles a state with the structure of `form` from its stored parts."""
    variables, average = with_names(form.scored, parts["network"]), None
    if form.average is not None:
        running = with_names(form.variables.moving, parts["running"])
        variables, average = dataclasses.replace(running, frozen=variables.frozen), variables.moving
    opt_state, task, faults = (
        jax.tree.unflatten(jax.tree.structure(tree), [parts[part][key] for key in _numbered(tree)])
        for tree, part in ((form.opt_state, "optimizer"), (form.task, "task"), (form.faults, "faults"))
    )
    return TrainState(step, variables, opt_state, task, average, faults)


def _numbered(tree) -> dict[str, Any]:
    return {f"{index:05d}": leaf for index, leaf in enumerate(jax.tree.leaves(tree))}
