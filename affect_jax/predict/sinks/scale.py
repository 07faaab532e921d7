"""The vertical scale of a charted quantity."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes


def set_scale(
    axes: Axes, values: Float[np.ndarray, "value"], limits: tuple[float, float], few_ticks: bool = False
) -> tuple[float, float]:
    """Shows the limits of a quantity, extended if values lie outside; returns what is shown.

    There are ticks at halves or fifths of the limits, or with `few_ticks` at their ends and middle.
    """
    known = values[~np.isnan(values)]
    low = float(known.min(initial=limits[0]))
    high = float(known.max(initial=limits[1]))
    axes.set_ylim(low - 0.025 * (high - low), high + 0.025 * (high - low))
    if (low, high) == limits:
        parts = 2 if few_ticks else 4 if low < 0 else 5
        axes.set_yticks(np.linspace(low, high, parts + 1))
    return low, high
