"""Groups of parameters that move at rates of their own."""

import math
import re
from typing import Any

import jax
import optax

from affect_jax.train.state import path_name

ENTRY = re.compile(r"(.+?)=\s*([0-9.][0-9.eE+-]*)\s*(?:,|$)")  # a pattern may hold commas and "(?=": a number ends it


def parsed(rates: str) -> list[tuple[re.Pattern, float]]:
    """Patterns and factors, in the order of a text such as "trunk/.*=0.1,.*/time=3"; ValueError shows what is wrong."""
    found, place = [], 0
    while place < len(rates):
        entry = ENTRY.match(rates, place)
        if entry is None:
            raise ValueError(
                f"optimiser.rates: cannot read '{rates[place:]}'; expected pattern=number, parted by commas, such as "
                "trunk/.*=0.1,.*/time=3"
            )
        found.append((_pattern(entry[1].strip()), _factor(entry[0], entry[2])))
        place = entry.end()
    return found


def _pattern(text: str) -> re.Pattern:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"optimiser.rates: '{text}' is no regular expression ({error})") from error


def _factor(entry: str, text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if factor == 0:
        raise ValueError(f"optimiser.rates: '{entry}' stops what it matches; name it in `frozen` instead")
    if not 0 < factor < math.inf:
        raise ValueError(f"optimiser.rates: '{entry}' ends in no number above 0")
    return factor


def factors(rates: str, params: Any) -> Any:
    """A tree like `params` with the factor of each leaf: that of the first pattern that matches its path, or 1.

    ValueError names a pattern that no leaf is left for.
    """
    groups, used = parsed(rates), set()

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
                f"optimiser.rates: '{pattern.pattern}' matches no parameter that is trained and that no earlier "
                f"pattern has; paths look like {paths[:3]}"
            )
    return tree


def leaf_name(path: tuple, params: Any) -> str:
    """The path of a parameter as text; the place in the pair of the network's and the task's is no part of it."""
    return path_name(path[1:] if isinstance(params, tuple) else path)


def scaled(rates: str) -> optax.GradientTransformation:
    """Multiplies updates by the factors of their groups: as the last part of a rule, decay included."""

    def init(params):
        factors(rates, params)
        return optax.EmptyState()

    def update(updates, state, params=None):
        return jax.tree.map(lambda factor, leaf: factor * leaf, factors(rates, updates), updates), state

    return optax.GradientTransformation(init, update)
