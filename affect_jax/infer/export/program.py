"""A trained network as a function of flat arrays with names, the form that other runtimes take.

A causal network is a function of the next frame of each face and of its state, which it returns as it is after them.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

from affect_jax.infer.streaming import make_stream
from affect_jax.nn.network import path_name
from affect_jax.nn.prepare import prepare

BATCH = "batch"  # in a shape: the number of faces
IMAGES = "images"
STATE, NEXT = "state/", "next/"  # before the names of the state that goes in and of the one that comes out
Report = Mapping[str, Callable[[Array], Array]]  # from the raw output of each quantity to what is reported


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or output of a program."""

    name: str
    shape: tuple[int | str, ...]  # with BATCH where the number of faces stands
    dtype: str

    def sized(self, batch: Any) -> jax.ShapeDtypeStruct:
        """Its shape and dtype for a number of faces, which may be symbolic."""
        return jax.ShapeDtypeStruct(tuple(batch if size == BATCH else size for size in self.shape), self.dtype)


@dataclasses.dataclass(frozen=True)
class Program:
    """A function of positional arrays: the images, then the state, to the reported values, then the next state."""

    function: Callable[..., tuple[Array, ...]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    start: Mapping[str, float]  # by input: the value of which a state is full before the first frame

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """The state before the first frame of each face; empty for a network without one."""
        return initial_state(self.inputs, self.start, batch)


def initial_state(inputs: Sequence[Port], start: Mapping[str, float], batch: int) -> list[np.ndarray]:
    """The states among the inputs of a program, as they are before the first frame."""
    states = [(port, port.sized(batch)) for port in inputs if port.name in start]
    return [np.full(form.shape, start[port.name], form.dtype) for port, form in states]


def window_program(module: nnx.Module, input_px: int, frames: int, report: Report) -> Program:
    """A network of images, or with `frames` > 0 of clips of that many frames, in evaluation mode."""
    time = (frames,) if frames else ()
    images = Port(IMAGES, (BATCH, *time, input_px, input_px, 3), "float32")
    module = nnx.clone(module)
    module.eval()
    prepare(module, images.sized(1), jnp.float32)
    graphdef, weights = nnx.split(module)

    def function(images: Array) -> tuple[Array, ...]:
        predictions = nnx.merge(graphdef, weights)(images)
        return tuple(convert(predictions[name]) for name, convert in report.items())

    outputs = _ports(tuple(report), *(jax.eval_shape(function, images.sized(count)) for count in (1, 2)))
    return Program(function, (images,), outputs, {})


def stream_program(module: nnx.Module, input_px: int, report: Report) -> Program:
    """A causal network in evaluation mode, one frame at a time; ValueError if it looks at later frames."""
    one = make_stream(module, 1, input_px)
    two = jax.eval_shape(lambda: make_stream(module, 2, input_px).start)
    paths = [path_name(path).removesuffix("/past") for path, _ in jax.tree_util.tree_flatten_with_path(one.start)[0]]
    structure = jax.tree.structure(one.start)
    images = Port(IMAGES, (BATCH, 1, input_px, input_px, 3), "float32")
    names = tuple(STATE + path.replace("/past", "") for path in paths)
    states = _ports(names, tuple(jax.tree.leaves(one.start)), tuple(jax.tree.leaves(two)))

    def function(images: Array, *state: Array) -> tuple[Array, ...]:
        past, predictions = one.next(one.weights, jax.tree.unflatten(structure, state), images)
        reported = tuple(convert(predictions[name]) for name, convert in report.items())
        return reported + tuple(jax.tree.leaves(past))

    inputs = (images, *states)
    after = tuple(name.replace(STATE, NEXT, 1) for name in names)
    forms = [jax.eval_shape(function, *(port.sized(count) for port in inputs)) for count in (1, 2)]
    start = {name: _constant(name, leaf) for name, leaf in zip(names, jax.tree.leaves(one.start), strict=True)}
    return Program(function, inputs, _ports((*report, *after), *forms), start)


def _ports(names: tuple[str, ...], one: tuple[Any, ...], two: tuple[Any, ...]) -> tuple[Port, ...]:
    """Named arrays, from their shapes for one face and for two."""
    ports = []
    for name, single, double in zip(names, one, two, strict=True):
        sizes = zip(single.shape, double.shape, strict=True)
        ports.append(Port(name, tuple(BATCH if a != b else a for a, b in sizes), str(single.dtype)))
    return tuple(ports)


def _constant(name: str, state: Array) -> float:
    values = np.unique(np.asarray(state))
    if len(values) != 1:
        raise ValueError(f"'{name}' does not start with one value everywhere; it starts with {values[:4]}")
    return float(values[0])
