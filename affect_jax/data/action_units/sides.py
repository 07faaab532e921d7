"""Notices where left and right are exchanged in some columns of a face rig."""

import numpy as np

from affect_jax.data.action_units.table import Table

OUTWARD_LEFT, INWARD_RIGHT, INWARD_LEFT = "eyeLookOutLeft", "eyeLookInRight", "eyeLookInLeft"
LEAST_ROWS = 10
LEAST_DEVIATION = 1e-3  # of coefficients; eyes that do not move say nothing
CONTRADICTION = 0.5  # correlation of one eye's outward with its own inward gaze


def check_sides(table: Table) -> None:
    """Raises ValueError if the left eye looks outward when it looks inward.

    Eyes turn together: the left one outward while the right one turns inward. Where left and right are exchanged in all
    columns, that cannot be noticed, and it does not matter: intensities are sums over both sides.
    """
    names = [table.column(name) for name in (OUTWARD_LEFT, INWARD_RIGHT, INWARD_LEFT)]
    if None in names:
        return
    values = table.matrix(names)
    values = values[np.isfinite(values).all(1)]
    if len(values) < LEAST_ROWS or values.std(0).min() < LEAST_DEVIATION:
        return
    with_other, with_itself = np.corrcoef(values.T)[0, 1:]
    if with_itself > CONTRADICTION and with_other < 0:
        raise ValueError(
            f"{table.path}: {OUTWARD_LEFT} goes with {INWARD_LEFT} (correlation {with_itself:.2f}) and against "
            f"{INWARD_RIGHT} ({with_other:.2f}), but eyes turn together: left and right are exchanged in some columns"
        )
