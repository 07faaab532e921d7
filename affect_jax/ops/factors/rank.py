"""The ranks of a factorized kernel, given directly or as a fraction of the dense kernel's parameters.

Ranks are a mapping: {"rank": R} for cp; one rank per array of shape [size, rank] for tucker; one rank per link of the
chain for tt, named after the array before the link; empty for dense.
"""

import math
import sys
from collections.abc import Iterable, Mapping

Rank = int | float | Mapping[str, int] | tuple[tuple[str, int], ...]


def resolve_rank(form: str, sizes: Mapping[str, int], rank: Rank) -> dict[str, int]:
    """Resolves `rank` for a kernel of these sizes (axes in order, "inputs", "outputs").

    int: R for cp; the ranks of inputs and outputs for tucker and of all links for tt, limited by the sizes.
    float in (0, 1]: the largest ranks within that fraction of the dense kernel's parameters, at least 1.
    Mapping, or its items as a tuple of pairs: used as given.
    dense: only 0.
    Tucker ranks of the axes default to their taps, because reducing 3 to 2 saves little. The tt link after "time" is as
    wide as the one before it, so that inflated and newly drawn kernels have the same shapes.
    """
    if form == "dense":
        if rank:
            raise ValueError(f"rank is {rank}, but a dense kernel has none; leave it 0, or choose another form")
        return {}
    limits = _limits(form, sizes)
    if isinstance(rank, Mapping | tuple):
        return _complete(form, sizes, limits, dict(rank))
    if isinstance(rank, float) and 0 < rank <= 1:
        return _within_budget(form, sizes, rank * math.prod(sizes.values()), limits)
    if isinstance(rank, int) and rank >= 1:
        return _ranks(form, sizes, limits, {name: min(rank, limit) for name, limit in limits.items()})
    raise ValueError(
        f"rank is {rank!r}; a kernel of form '{form}' needs a whole number of 1 or more, "
        "or a fraction of the dense kernel's parameters, above 0 and up to 1.0"
    )


def array_shapes(form: str, sizes: Mapping[str, int], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Returns the shape of each array of a kernel."""
    if form == "dense":
        return {"kernel": tuple(sizes.values())}
    if form == "cp":
        return {name: (size, ranks["rank"]) for name, size in sizes.items()} | {"scale": (ranks["rank"],)}
    if form == "tucker":
        return {name: (size, ranks[name]) for name, size in sizes.items()} | {"core": tuple(ranks[n] for n in sizes)}
    shapes, last = {}, "inputs"
    for name in _axes(sizes):
        shapes[name] = (sizes[name], ranks[last], ranks[name])
        last = name
    return shapes | {"inputs": (sizes["inputs"], ranks["inputs"]), "outputs": (sizes["outputs"], ranks[last])}


def _axes(sizes: Iterable[str]) -> list[str]:
    return [name for name in sizes if name not in ("inputs", "outputs")]


def _limits(form: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """The largest useful rank for each rank that can be chosen freely."""
    if form == "cp":
        return {"rank": sys.maxsize}
    if form == "tucker":
        return dict(sizes)
    # A link is limited by the product of the sizes on either side of it.
    chain = ["inputs", *(name for name in _axes(sizes) if name != "time")]
    total = math.prod(sizes[name] for name in chain) * sizes["outputs"]
    links, left = {}, 1
    for name in chain:
        left *= sizes[name]
        links[name] = min(left, total // left)
    return {name: links["inputs" if name == "time" else name] for name in ("inputs", *_axes(sizes))}


def _ranks(form: str, sizes: Mapping[str, int], limits: Mapping[str, int], ranks: dict[str, int]) -> dict[str, int]:
    """Applies the rules of each form: full ranks for a tucker kernel's axes, tt links limited by those before them."""
    if form == "tt":
        return _limit_links(sizes, ranks)
    if form != "tucker":
        return ranks
    return {name: limits[name] for name in _axes(limits)} | {name: ranks[name] for name in ("inputs", "outputs")}


def _limit_links(sizes: Mapping[str, int], links: Mapping[str, int]) -> dict[str, int]:
    """Limits each link of a tensor train to the previous link times the taps between them."""
    limited, last = {}, sizes["inputs"]
    # The first link is that of "inputs".
    for name, link in links.items():
        limit = last if name in ("inputs", "time") else last * sizes[name]
        limited[name] = last = min(link, limit)
    return limited


def _complete(form: str, sizes: Mapping[str, int], limits: Mapping[str, int], ranks: dict[str, int]) -> dict[str, int]:
    """Checks given ranks and adds the defaults for axes that are missing."""
    if form == "tucker":
        ranks = {name: limits[name] for name in _axes(limits)} | ranks
    if form == "tt" and "time" in limits and "inputs" in ranks:
        ranks = {"time": ranks["inputs"]} | ranks
    if set(ranks) != set(limits) or min(ranks.values()) < 1:
        raise ValueError(f"ranks are {ranks}; a kernel of form '{form}' needs one of 1 or more for {', '.join(limits)}")
    ranks = {name: ranks[name] for name in limits}
    if form == "tt" and (largest := _limit_links(sizes, ranks)) != ranks:
        raise ValueError(f"ranks are {ranks}, but each link of a tensor train limits the next; at most: {largest}")
    return ranks


def _within_budget(form: str, sizes: Mapping[str, int], budget: float, limits: Mapping[str, int]) -> dict[str, int]:
    """The largest ranks, in proportion to the limits, with at most `budget` parameters in all."""
    largest = int(budget) + 1 if form == "cp" else 16 * max(limits.values())

    def ranks(step: int) -> dict[str, int]:
        if form == "cp":
            return {"rank": step}
        return _ranks(form, sizes, limits, {name: max(1, limit * step // largest) for name, limit in limits.items()})

    count = lambda step: sum(math.prod(shape) for shape in array_shapes(form, sizes, ranks(step)).values())
    # The smallest step is used even if it exceeds the budget.
    low, high = 1, largest + 1
    while high - low > 1:
        middle = (low + high) // 2
        if count(middle) <= budget:
            low = middle
        else:
            high = middle
    return ranks(low)
