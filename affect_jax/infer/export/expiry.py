"""Until when a program that JAX exported can be opened.

JAX promises to open it with every jaxlib that is built up to six months after the one that exported it, and since
0.11.1 refuses older programs. What counts is when the two were built, not when the program is exported or opened.
Source: "Compatibility guarantees" of the documentation of jax.export.
"""

import datetime

BUILT = {  # the day each jaxlib was published
    "0.10.2": datetime.date(2026, 6, 17),
    "0.11.0": datetime.date(2026, 7, 16),
    "0.11.1": datetime.date(2026, 8, 17),
    "0.12.0": datetime.date(2026, 10, 19),
    "0.12.0.1": datetime.date(2026, 10, 21),
}
MONTHS = 6


def expiry(jaxlib: str, exported: datetime.date) -> tuple[datetime.date, str]:
    """The first day on which a newer jaxlib may refuse the program, and what it is counted from."""
    if jaxlib in BUILT:
        return _later(BUILT[jaxlib], MONTHS), f"jaxlib {jaxlib}, published on {BUILT[jaxlib]}"
    return _later(exported, MONTHS), f"the export; jaxlib {jaxlib} is older, and its age is not known here"


def _later(day: datetime.date, months: int) -> datetime.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, 28))
