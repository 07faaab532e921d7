"""Extra training windows where an intensity moves between neutral and full, so that what lies between is less rare."""

import math
from collections.abc import Sequence

import numpy as np
from absl import logging
from jaxtyping import Bool, Float, Int
from numpy.lib.stride_tricks import sliding_window_view

from affect_jax.data.source import Table
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import in_order

FAST = 3.0  # by how many levels an intensity changes at least within a window in transition
GOLDEN = (math.sqrt(5) - 1) / 2
ROUNDING = 1e-6  # of windows
UNKNOWN = -1  # level of a frame without a label

Cell = tuple[int, int]  # number of a quantity, and level
Places = tuple[np.ndarray, np.ndarray]  # of each window, the number of its clip and of its first frame in the clip


def graded(table: Table, predicts: Sequence[str] | None) -> tuple[Quantity, ...]:
    """The labeled quantities that have levels, of those that a network predicts (of all if None)."""
    names = [name for name, label in table.labels.items() if (label.weight > 0).any()]
    return tuple(each for each in in_order(names) if each.levels and (predicts is None or each.name in predicts))


def levels_of(table: Table, quantity: Quantity, indices: Int[np.ndarray, "example"]) -> Int[np.ndarray, "example"]:
    """The level of a quantity in each of these examples; `UNKNOWN` without a label."""
    label = table.labels[quantity.name]
    known = label.weight[indices] > 0
    value = np.where(known[:, None], label.value.reshape(len(label.weight), -1)[indices], 0)
    return np.where(known, quantity.level(value), UNKNOWN)


def level_counts(table: Table, quantity: Quantity, indices: Int[np.ndarray, "example"]) -> Int[np.ndarray, "level"]:
    """How many of these examples have each level of a quantity; those without a label are not counted."""
    levels = levels_of(table, quantity, indices)
    return np.bincount(levels[levels != UNKNOWN], minlength=quantity.levels)


def transition_windows(
    table: Table,
    clips: Sequence[Int[np.ndarray, "frame"]],
    regular: Places,
    span: int,
    every: int,
    share: float,
    predicts: Sequence[str] | None = None,
) -> Places:
    """Returns windows to add to the regular ones until this share of all ends between neutral and full.

    The share holds for each quantity, among the windows that are labeled for it. An added window ends at an intensity
    in between, which changes by at least `FAST` levels within it. It lies inside one clip and is no regular one. The
    rarest combination of quantity and level comes first; its windows are taken from all over the data. A warning
    names the quantities for which there are too few.

    Args:
      clips: indices of the frames of each clip.
      regular: the windows that there are.
      span: from the first to the last frame of a window, in frames of the clip.
      every: step between the frames of a window.
      predicts: names of the quantities that count; None for all.
    """
    offsets = np.cumsum([0, *(max(len(members) - span, 0) for members in clips)])  # of the windows of each clip
    taken = np.zeros(offsets[-1], bool)
    taken[offsets[regular[0]] + regular[1]] = True
    quantities = graded(table, predicts)
    levels, changes = _levels_and_changes(table, quantities, clips, span, every)
    between = np.stack([np.isin(row, each.between) for row, each in zip(levels, quantities, strict=True)])
    added = _choose(levels, between, between & (changes >= FAST) & ~taken, taken, share)
    taken[added] = True
    for each, inside, known in zip(quantities, between, levels != UNKNOWN, strict=True):
        reached = (inside & taken).sum() / max((known & taken).sum(), 1)
        if reached < share - ROUNDING:
            _warn_of_too_few(share, float(reached), each.name, len(added))
    clip = np.searchsorted(offsets, added, side="right") - 1
    return clip, added - offsets[clip]


def _warn_of_too_few(share: float, reached: float, name: str, added: int) -> None:
    logging.warning(
        "data.windows.transitions is %g, but only %.2f of the training windows end with %s between neutral and full: "
        "all that could be added, in which it changes by %g or more, are among the %d added ones",
        share,
        reached,
        name,
        FAST,
        added,
    )


def _levels_and_changes(
    table: Table, quantities: Sequence[Quantity], clips: Sequence[np.ndarray], span: int, every: int
) -> tuple[Int[np.ndarray, "quantity window"], Float[np.ndarray, "quantity window"]]:
    """Of every window of the clips: the level in its last frame, and between which values the label moves, at most."""
    levels, changes = [], []
    for each in quantities:
        label = table.labels[each.name]
        ends, moved = [], []
        for members in (members for members in clips if len(members) > span):
            ends.append(levels_of(table, each, members[span:]))
            value = np.where(label.weight[members] > 0, label.value[members].reshape(len(members), -1)[:, 0], np.nan)
            seen = sliding_window_view(value, span + 1)[:, ::every]
            known = ends[-1] != UNKNOWN  # where the last frame has no label, all may lack one
            change = np.zeros(len(seen))
            change[known] = np.nanmax(seen[known], 1) - np.nanmin(seen[known], 1) if known.any() else 0
            moved.append(change)
        levels.append(np.concatenate(ends))
        changes.append(np.concatenate(moved))
    return np.stack(levels), np.stack(changes)


def _choose(
    levels: Int[np.ndarray, "quantity window"],
    between: Bool[np.ndarray, "quantity window"],
    possible: Bool[np.ndarray, "quantity window"],
    taken: Bool[np.ndarray, "window"],
    share: float,
) -> Int[np.ndarray, "added"]:
    """The windows to add, in the order of the data: of the quantities that lack some, the rarest level comes first."""
    counts, queues = _cells(levels, possible, taken)
    known, inside = ((levels != UNKNOWN) & taken).sum(1), (between & taken).sum(1)
    added: set[int] = set()
    while True:
        lacking = inside < share * known - ROUNDING
        cells = [cell for cell in queues if lacking[cell[0]]]
        if not cells:
            return np.array(sorted(added), np.int64)
        rarest = min(cells, key=lambda cell: (counts[cell], cell))
        place = queues[rarest].pop()
        if not queues[rarest]:
            del queues[rarest]
        if place in added:
            continue
        added.add(place)
        known += levels[:, place] != UNKNOWN
        inside += between[:, place]
        for cell in enumerate(levels[:, place].tolist()):
            if cell in counts:
                counts[cell] += 1


def _cells(
    levels: Int[np.ndarray, "quantity window"],
    possible: Bool[np.ndarray, "quantity window"],
    taken: Bool[np.ndarray, "window"],
) -> tuple[dict[Cell, int], dict[Cell, list[int]]]:
    """Of each quantity and level: how many windows there are, and those that can be added, the first one last."""
    counts, queues = {}, {}
    for number in range(len(levels)):
        for level in np.unique(levels[number, possible[number]]).tolist():
            of_level = levels[number] == level
            counts[number, level] = int((of_level & taken).sum())
            queues[number, level] = _spread(np.flatnonzero(of_level & possible[number]))[::-1].tolist()
    return counts, queues


def _spread(places: Int[np.ndarray, "place"]) -> Int[np.ndarray, "place"]:
    """The places in an order of which every beginning is spread evenly: steps of the golden ratio around a circle."""
    return places[np.argsort(np.arange(len(places)) * GOLDEN % 1, kind="stable")]
