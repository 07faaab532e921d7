"""How large the arrays of a factorized kernel are: by a number, or by a fraction of the dense kernel's parameters.

The ranks of a kernel are named numbers: {"rank": R} for cp; one for each array with a [size, rank] shape for tucker;
for tt one for each link of the chain, under the name of the array before it; none for dense.
"""

import math
import sys
from collections.abc import Iterable, Mapping

Rank = int | float | Mapping[str, int] | tuple[tuple[str, int], ...]


def resolve_rank(form: str, sizes: Mapping[str, int], rank: Rank) -> dict[str, int]:
    """The ranks that `rank` asks for, for a kernel of these sizes (axes in order, "inputs", "outputs").

    int: R for cp; for tucker the ranks of inputs and outputs, for tt all, as far as the sizes allow. float in (0, 1]:
    as many as stay within that fraction of the dense kernel's parameters, at least 1. Mapping, or its pairs: as given.
    The axes' tucker ranks are their taps unless given, because cutting 3 to 2 saves little; the tt link after "time" is
    as wide as the one before, so that a kernel which was inflated and one which was drawn have the same shapes.
    dense: only 0.
    """
    if form == "dense":
        if rank:
            raise ValueError(f"rank is {rank}, but a dense kernel has none; leave it 0, or choose another form")
        return {}
    limits = _limits(form, sizes)
    if isinstance(rank, Mapping | tuple):
        return _given(form, sizes, limits, dict(rank))
    if isinstance(rank, float) and 0 < rank <= 1:
        return _within(form, sizes, rank * math.prod(sizes.values()), limits)
    if isinstance(rank, int) and rank >= 1:
        return _ranks(form, sizes, limits, {name: min(rank, limit) for name, limit in limits.items()})
    raise ValueError(
        f"rank is {rank!r}; a kernel of form '{form}' needs a whole number of 1 or more, "
        "or a fraction of the dense kernel's parameters, above 0 and up to 1.0"
    )


def array_shapes(form: str, sizes: Mapping[str, int], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """The shape of each array of a kernel."""
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
    """The largest ranks that are of any use, of those that may be chosen freely."""
    if form == "cp":
        return {"rank": sys.maxsize}
    if form == "tucker":
        return dict(sizes)
    chain = ["inputs", *(name for name in _axes(sizes) if name != "time")]
    before = [math.prod(sizes[name] for name in chain[: place + 1]) for place in range(len(chain))]
    whole = before[-1] * sizes["outputs"]
    links = {name: min(left, whole // left) for name, left in zip(chain, before, strict=True)}
    return {name: links["inputs" if name == "time" else name] for name in ("inputs", *_axes(sizes))}


def _ranks(form: str, sizes: Mapping[str, int], limits: Mapping[str, int], wanted: dict[str, int]) -> dict[str, int]:
    """The ranks wanted, but a tucker kernel's axes in full, and no tt link wider than those before it can fill."""
    if form == "tt":
        return _fillable(sizes, wanted)
    if form != "tucker":
        return wanted
    return {name: limits[name] for name in _axes(limits)} | {name: wanted[name] for name in ("inputs", "outputs")}


def _fillable(sizes: Mapping[str, int], links: Mapping[str, int]) -> dict[str, int]:
    """The links of a tensor train, none larger than the one before it times the taps between them."""
    found, last = {}, sizes["inputs"]
    for name, link in links.items():  # "inputs" first
        room = last if name in ("inputs", "time") else last * sizes[name]
        found[name] = last = min(link, room)
    return found


def _given(form: str, sizes: Mapping[str, int], limits: Mapping[str, int], ranks: dict[str, int]) -> dict[str, int]:
    """The ranks of a mapping, with those of the axes that it leaves out."""
    if form == "tucker":
        ranks = {name: limits[name] for name in _axes(limits)} | ranks
    if form == "tt" and "time" in limits and "inputs" in ranks:
        ranks = {"time": ranks["inputs"]} | ranks
    if set(ranks) != set(limits) or min(ranks.values()) < 1:
        raise ValueError(f"ranks are {ranks}; a kernel of form '{form}' needs one of 1 or more for {', '.join(limits)}")
    found = {name: ranks[name] for name in limits}
    if form == "tt" and (most := _fillable(sizes, found)) != found:
        raise ValueError(f"ranks are {found}, but each link of a tensor train can fill the next only so far: {most}")
    return found


def _within(form: str, sizes: Mapping[str, int], room: float, limits: Mapping[str, int]) -> dict[str, int]:
    """The largest ranks, in the proportion of the limits, whose arrays hold at most `room` numbers."""
    largest = int(room) + 1 if form == "cp" else 16 * max(limits.values())

    def ranks(step: int) -> dict[str, int]:
        if form == "cp":
            return {"rank": step}
        return _ranks(form, sizes, limits, {name: max(1, limit * step // largest) for name, limit in limits.items()})

    count = lambda step: sum(math.prod(shape) for shape in array_shapes(form, sizes, ranks(step)).values())
    low, high = 1, largest + 1  # low is taken even where it is too large: there is nothing smaller
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= room else (low, middle)
    return ranks(low)
