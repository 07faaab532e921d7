"""A network without its parameters: the only place where a module is split and merged."""

import copy
import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import jax
from flax import nnx
from jaxtyping import Array, PRNGKeyArray

from affect_jax.nn.keys import ParameterKeys
from affect_jax.types import Predictions


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Variables:
    """The arrays of a network, by role."""

    trained: nnx.State  # parameters that receive gradients
    frozen: nnx.State  # parameters that nothing moves
    statistics: nnx.State  # running means and variances

    @property
    def moving(self) -> "Variables":
        """What training moves: all but the frozen parameters."""
        return Variables(self.trained, nnx.State({}), self.statistics)


class Network:
    """An architecture without its numbers: how to create them, and what they predict.

    `frozen` is a regular expression over parameter paths such as "trunk/.*". What it matches is frozen in all three
    senses: no gradient, no change of running statistics, and no weight decay, because the optimizer never sees it.
    `fixed_statistics` is one over paths of layers such as "head/.*": in training, too, they use and keep their running
    statistics, while their parameters may be trained. For batches that are too small or too alike to tell them.
    """

    def __init__(self, build: Callable[[nnx.Rngs], nnx.Module], frozen: str = "", fixed_statistics: str = ""):
        self._build = build
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
        """The same network with other attributes of its modules; `change` must keep parameters as they are.

        Nothing is built again: `change` is applied to the modules that are there.
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
        """Freshly drawn numbers."""
        return self.variables(self._build(ParameterKeys(key)))

    def variables(self, module: nnx.Module) -> Variables:
        """The numbers of a module of this architecture."""
        _, *parts = nnx.split(module, *self._filters())
        return Variables(*parts)

    def module(self, variables: Variables) -> nnx.Module:
        """A module holding its own copy of `variables`; the copy is what lets BatchNorm update under `jax.grad`."""
        return nnx.merge(self._graphdef, variables.trained, variables.frozen, variables.statistics, copy=True)

    def predict(self, variables: Variables, images: Array) -> Predictions:
        """Evaluation: running statistics, no dropout."""
        module = self.module(variables)
        module.eval()
        return module(images)

    def prepared(
        self, variables: Variables, prepare: Callable[[nnx.Module], None]
    ) -> tuple[Callable[[nnx.State, Array], Predictions], nnx.State]:
        """`predict` after `prepare` has changed the module: the function, and the numbers it wants."""
        module = self.module(variables)
        module.eval()
        prepare(module)
        graphdef, numbers = nnx.split(module)
        return lambda numbers, images: nnx.merge(graphdef, numbers)(images), numbers

    def train(self, variables: Variables, images: Array, dropout_key: PRNGKeyArray) -> tuple[Predictions, nnx.State]:
        """Training: batch statistics and dropout, but evaluation inside what is frozen; also the new statistics."""
        module, fixed = self.module(variables), self._fixed_statistics
        module.train()
        frozen = _prefixes(self.abstract.frozen) - _prefixes(self.abstract.trained)
        for path, part in nnx.iter_modules(module):
            if path in frozen or (fixed and _has_statistics(part) and fixed.fullmatch(path_name(path))):
                part.eval()
        predictions = module(images, rngs=nnx.Rngs(dropout=dropout_key))
        return predictions, nnx.state(module, nnx.BatchStat)


def _pattern(option: str, text: str) -> re.Pattern | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise ValueError(f"{option}='{text}' is no regular expression ({error})") from error


def _prefixes(numbers: nnx.State) -> set[tuple]:
    """The paths of all parts that hold any of these numbers."""
    paths = [path for path, _ in nnx.to_flat_state(numbers)]
    return {path[:length] for path in paths for length in range(len(path))}


def _has_statistics(part: nnx.Module) -> bool:
    return any(isinstance(value, nnx.BatchStat) for value in vars(part).values())


def names(tree) -> dict[str, Any]:
    """The leaves of a state under names such as "trunk/stem/kernel"; the form in which numbers are stored."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    flat = {path_name(path[1:] if isinstance(tree, Variables) else path): leaf for path, leaf in leaves}
    if len(flat) != len(leaves):
        raise ValueError("two arrays of the network share one name")
    return flat


def with_names(tree, arrays: Mapping[str, Any]):
    """`tree` with its leaves taken from `arrays`; ValueError names what is missing, left over or of another shape."""
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
