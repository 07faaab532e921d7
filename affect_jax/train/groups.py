"""Groups of parameters with learning rates of their own."""

import math
import re
from typing import Any

import jax
import optax

from affect_jax.nn.network import path_name

OPTION = "optimizer.learning_rate_multipliers"
EXAMPLE = "(('trunk/.*', 0.1), ('.*/time', 3.0))"

Multipliers = tuple  # of (regular expression over a whole parameter path, factor) in order


def parse_multipliers(multipliers: Multipliers) -> list[tuple[re.Pattern, float]]:
    """Compiled patterns with their factors; ValueError shows the entry that is wrong."""
    return [_entry(entry) for entry in multipliers]


def _entry(entry: object) -> tuple[re.Pattern, float]:
    is_pair = isinstance(entry, tuple | list) and len(entry) == 2 and isinstance(entry[0], str)
    if not is_pair or isinstance(entry[1], bool) or not isinstance(entry[1], int | float):
        raise ValueError(f"{OPTION}: {entry!r} is not a pair of a pattern and a factor; expected such as {EXAMPLE}")
    text, factor = entry
    if factor == 0:
        raise ValueError(
            f"{OPTION}: the factor of '{text}' is 0, which stops what it matches; name it in `frozen` instead"
        )
    if not 0 < factor < math.inf:
        raise ValueError(f"{OPTION}: the factor of '{text}' is {factor}; it must be a number above 0")
    try:
        return re.compile(text), float(factor)
    except re.error as error:
        raise ValueError(f"{OPTION}: '{text}' is not a regular expression ({error})") from error


def factors(multipliers: Multipliers, params: Any) -> Any:
    """A tree like `params` with the factor of each leaf: that of the first pattern that matches its path, or 1.

    ValueError names a pattern that no leaf is left for.
    """
    groups, used = parse_multipliers(multipliers), set()

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
                f"{OPTION}: '{pattern.pattern}' matches no parameter that is trained and that no earlier "
                f"pattern has; paths look like {paths[:3]}"
            )
    return tree


def leaf_name(path: tuple, params: Any) -> str:
    """The path of a parameter as text; the place in the pair of the network's and the task's is no part of it."""
    return path_name(path[1:] if isinstance(params, tuple) else path)


def scaled(multipliers: Multipliers) -> optax.GradientTransformation:
    """Multiplies updates by the factors of their groups: as the last part of a rule, decay included."""

    def init(params):
        factors(multipliers, params)
        return optax.EmptyState()

    def update(updates, state, params=None):
        return jax.tree.map(lambda factor, leaf: factor * leaf, factors(multipliers, updates), updates), state

    return optax.GradientTransformation(init, update)
