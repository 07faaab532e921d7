"""Networks as pure functions of their variables; the only file that splits and merges modules."""

import copy
import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, PRNGKeyArray

from affect_jax.nn.keys import ParameterKeys
from affect_jax.nn.precision import PRECISIONS, check_precision, for_computation
from affect_jax.types import Predictions


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Variables:
    """The arrays of a network, by role."""

    trained: nnx.State  # parameters that receive gradients
    frozen: nnx.State  # parameters that training never changes
    statistics: nnx.State  # running means and variances

    @property
    def moving(self) -> "Variables":
        """The variables that training changes: all but the frozen parameters."""
        return Variables(self.trained, nnx.State({}), self.statistics)


class Network:
    """An architecture without its variables: creates them and applies them.

    `frozen` is a regular expression over parameter paths such as "trunk/.*". Parameters that match get no gradient and
    no weight decay (the optimizer never sees them), and the running statistics of their layers do not change.
    `fixed_statistics` is a regular expression over layer paths such as "head/.*". These layers use their running
    statistics in training, too, and do not update them, while their parameters may be trained; meant for batches that
    are too small or too uniform to estimate statistics from.
    `precision` (see `nn.precision`) is that of the forward and backward pass in training; variables are float32 anyway.
    """

    def __init__(
        self,
        build: Callable[[nnx.Rngs], nnx.Module],
        frozen: str = "",
        fixed_statistics: str = "",
        precision: str = "float32",
    ):
        check_precision(precision)
        self._build, self._precision = build, precision
        self._frozen = _pattern("frozen", frozen)
        self._fixed_statistics = _pattern("fixed_statistics", fixed_statistics)
        abstract = nnx.eval_shape(lambda: build(ParameterKeys(jax.random.key(0))))
        layers = [path_name(path) for path, part in nnx.iter_modules(abstract) if _has_statistics(part)]
        if fixed_statistics and not any(map(self._fixed_statistics.fullmatch, layers)):
            raise ValueError(
                f"fixed_statistics='{fixed_statistics}' matches no layer with running statistics; paths look like "
                f"{sorted(layers)[:3]}"
            )
        self._graphdef, *parts = nnx.split(abstract, *self._filters())
        self.abstract = Variables(*parts)
        if frozen and not jax.tree.leaves(self.abstract.frozen):
            raise ValueError(
                f"frozen='{frozen}' matches no parameter; paths look like {sorted(names(self.abstract))[:3]}"
            )
        if not jax.tree.leaves(self.abstract.trained):
            raise ValueError(f"frozen='{frozen}' matches every parameter: nothing is left to train")

    def changed(self, change: Callable[[nnx.Module], nnx.Module]) -> "Network":
        """Returns the same network with other attributes on its modules; `change` must not modify parameters.

        Nothing is rebuilt: `change` is applied to the existing modules.
        """
        other, build = copy.copy(self), self._build
        parts = (self.abstract.trained, self.abstract.frozen, self.abstract.statistics)
        other._graphdef, *_ = nnx.split(change(nnx.merge(self._graphdef, *parts)), *self._filters())
        other._build = lambda rngs: change(build(rngs))
        return other

    def _is_frozen(self, path: tuple) -> bool:
        return self._frozen is not None and self._frozen.fullmatch(path_name(path)) is not None

    def _filters(self) -> tuple:
        trained = nnx.All(nnx.Param, lambda path, value: not self._is_frozen(path))
        return trained, nnx.Param, nnx.BatchStat

    def initial(self, key: PRNGKeyArray) -> Variables:
        """Draws new variables."""
        return self.variables(self._build(ParameterKeys(key)))

    def variables(self, module: nnx.Module) -> Variables:
        """Extracts the variables of a module of this architecture."""
        _, *parts = nnx.split(module, *self._filters())
        return Variables(*parts)

    def module(self, variables: Variables) -> nnx.Module:
        """Builds a module with its own copy of `variables`; BatchNorm can update under `jax.grad` only in a copy."""
        return nnx.merge(self._graphdef, variables.trained, variables.frozen, variables.statistics, copy=True)

    def predict(self, variables: Variables, images: Array) -> Predictions:
        """Predicts in evaluation mode: running statistics, no dropout."""
        module = self.module(variables)
        module.eval()
        return module(images)

    def prepare(
        self, variables: Variables, change: Callable[[nnx.Module], None]
    ) -> tuple[Callable[[nnx.State, Array], Predictions], nnx.State]:
        """Returns `predict` for a module modified by `change`, as a function of its weights, and these weights."""
        module = self.module(variables)
        module.eval()
        change(module)
        graphdef, weights = nnx.split(module)
        return lambda weights, images: nnx.merge(graphdef, weights)(images), weights

    def train(self, variables: Variables, images: Array, dropout_key: PRNGKeyArray) -> tuple[Predictions, nnx.State]:
        """Predicts in training mode; returns the predictions and the new running statistics, in float32.

        Layers that are frozen entirely stay in evaluation mode.
        """
        module, fixed = self.module(self._for_computation(variables)), self._fixed_statistics
        module.train()
        frozen = _prefixes(self.abstract.frozen) - _prefixes(self.abstract.trained)
        for path, part in nnx.iter_modules(module):
            if path in frozen or (fixed and _has_statistics(part) and fixed.fullmatch(path_name(path))):
                part.eval()
        low = self._precision != "float32"
        images = images.astype(PRECISIONS[self._precision]) if low else images
        predictions = module(images, rngs=nnx.Rngs(dropout=dropout_key))
        if low:
            predictions = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), predictions)
        return predictions, nnx.state(module, nnx.BatchStat)

    def _for_computation(self, variables: Variables) -> Variables:
        lower = lambda parameters: for_computation(parameters, variables.statistics, self._precision)
        return Variables(lower(variables.trained), lower(variables.frozen), variables.statistics)


def _pattern(option: str, text: str) -> re.Pattern | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise ValueError(f"{option}='{text}' is not a valid regular expression ({error})") from error


def _prefixes(parameters: nnx.State) -> set[tuple]:
    """The paths of all modules that hold any of these parameters, directly or inside."""
    prefixes = set()
    for path, _ in nnx.to_flat_state(parameters):
        prefixes.update(path[:length] for length in range(len(path)))
    return prefixes


def _has_statistics(part: nnx.Module) -> bool:
    return any(isinstance(value, nnx.BatchStat) for value in vars(part).values())


def names(tree) -> dict[str, Any]:
    """Flattens a state into a dict with names such as "trunk/stem/kernel", the form in which checkpoints store it."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    flat = {path_name(path[1:] if isinstance(tree, Variables) else path): leaf for path, leaf in leaves}
    if len(flat) != len(leaves):
        raise ValueError("two arrays of the network have the same name")
    return flat


def with_names(tree, arrays: Mapping[str, Any]):
    """Replaces the leaves of `tree` by `arrays`; ValueError names missing or unused arrays and wrong shapes."""
    wanted = names(tree)
    if missing := sorted(set(wanted) - set(arrays)):
        raise ValueError(f"the checkpoint lacks {missing[:5]} ({len(missing)} arrays in all)")
    if unused := sorted(set(arrays) - set(wanted)):
        raise ValueError(f"the checkpoint holds {unused[:5]} ({len(unused)} arrays in all), which the network lacks")
    for name, leaf in wanted.items():
        if leaf.shape != arrays[name].shape:
            raise ValueError(f"'{name}' has shape {arrays[name].shape} in the checkpoint, {leaf.shape} in the network")
    leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
    values = [arrays[path_name(path[1:] if isinstance(tree, Variables) else path)] for path, _ in leaves]
    return jax.tree.unflatten(structure, values)


def path_name(path: tuple) -> str:
    """A path of keys as text, such as "trunk/stem/kernel"."""
    parts = [str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", key)))) for key in path]
    return "/".join(part for part in parts if part != "value")
