"""Shares with their intervals, as tables of results show them."""

from scipy import stats


def exact(hits: int, trials: int, digits: int = 2) -> str:
    """A share in percent with its 95 % interval of Clopper and Pearson."""
    interval = stats.binomtest(hits, trials).proportion_ci(0.95, "exact")
    shown = [f"{100 * share:.{digits}f}" for share in (hits / trials, interval.low, interval.high)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"
