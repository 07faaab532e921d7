"""Files that could not be used, in one message that stays short."""

from collections.abc import Sequence

MOST_PROBLEMS = 10  # in the message; each has been logged


def raise_problems(problems: Sequence[str]) -> None:
    """ValueError with the first problems and the number of others, if there are any."""
    if not problems:
        return
    more = len(problems) - MOST_PROBLEMS
    listed = "; ".join(problems[:MOST_PROBLEMS])
    raise ValueError(f"{listed}; and {more} more problems, see above" if more > 0 else listed)
