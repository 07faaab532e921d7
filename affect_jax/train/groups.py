"""Parameter groups: those with their own learning rates, and those by module that messages name."""

import math
import re
from typing import Any

import jax
import optax
from jaxtyping import Array

from affect_jax.nn.network import path_name

OPTION = "optimizer.learning_rate_multipliers"
DEPTH = 2  # of the modules that parameters are grouped by
EXAMPLE = "(('trunk/.*', 0.1), ('.*/time', 3.0))"

Multipliers = tuple  # of (regular expression for whole parameter paths, factor), in order


def parse_multipliers(multipliers: Multipliers) -> list[tuple[re.Pattern, float]]:
    """Compiles the patterns; returns them with their factors. ValueError shows an invalid entry."""
    return [_parse_entry(entry) for entry in multipliers]


def _parse_entry(entry: object) -> tuple[re.Pattern, float]:
    is_pair = isinstance(entry, tuple | list) and len(entry) == 2 and isinstance(entry[0], str)
    if not is_pair or isinstance(entry[1], bool) or not isinstance(entry[1], int | float):
        raise ValueError(f"{OPTION}: {entry!r} is not a pair of a pattern and a factor; expected pairs as in {EXAMPLE}")
    text, factor = entry
    if factor == 0:
        raise ValueError(
            f"{OPTION}: the factor of '{text}' is 0, which freezes what it matches; use the option `frozen` instead"
        )
    if not 0 < factor < math.inf:
        raise ValueError(f"{OPTION}: the factor of '{text}' is {factor}; it must be a number above 0")
    try:
        return re.compile(text), float(factor)
    except re.error as error:
        raise ValueError(f"{OPTION}: '{text}' is not a regular expression ({error})") from error


def factors(multipliers: Multipliers, params: Any) -> Any:
    """A tree like `params` with the factor of each leaf: that of the first pattern that matches its path, or 1.

    ValueError names a pattern that applies to no leaf.
    """
    groups = parse_multipliers(multipliers)
    used = set()

    def factor(path: tuple, _) -> float:
        name = leaf_name(path, params)
        for number, (pattern, value) in enumerate(groups):
            if pattern.fullmatch(name):
                used.add(number)
                return value
        return 1.0

    tree = jax.tree_util.tree_map_with_path(factor, params)
    for number, (pattern, _) in enumerate(groups):
        if number not in used:
            paths = sorted(leaf_name(path, params) for path, _ in jax.tree_util.tree_flatten_with_path(params)[0])
            raise ValueError(
                f"{OPTION}: '{pattern.pattern}' matches no trained parameter that is not matched by an earlier "
                f"pattern; paths look like {paths[:3]}"
            )
    return tree


def leaf_name(path: tuple, params: Any) -> str:
    """The path of a parameter as text, without its position in the pair (network parameters, task parameters)."""
    return path_name(path[1:] if isinstance(params, tuple) else path)


def by_module(learned: Any) -> dict[str, list[Array]]:
    """The leaves of (network parameters, task parameters), or of their gradients, by the first two parts of their path.

    Such a group is "trunk/stem" or "head/output"; all leaves of the task are in "the task".
    """
    groups = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(learned):
        name = "the task" if path[0].idx else "/".join(leaf_name(path, learned).split("/")[:DEPTH])
        groups.setdefault(name, []).append(leaf)
    return groups


def scale_updates(multipliers: Multipliers) -> optax.GradientTransformation:
    """Multiplies updates by the factors of their groups; comes last in a chain, so that weight decay is included."""

    def init(params):
        factors(multipliers, params)
        return optax.EmptyState()

    def update(updates, state, params=None):
        scaled = jax.tree.map(lambda factor, leaf: factor * leaf, factors(multipliers, updates), updates)
        return scaled, state

    return optax.GradientTransformation(init, update)
