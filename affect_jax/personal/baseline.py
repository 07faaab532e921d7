"""The baseline of a person: how expressive they were on each of some usual days, in a file of mode 0600."""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from affect_jax.files.atomic import write_privately
from affect_jax.files.json_files import read_object
from affect_jax.files.paths import is_single_name
from affect_jax.personal.expressiveness import FEWEST_SECONDS, NAME, measure
from affect_jax.personal.folder import BASELINE as ENDING
from affect_jax.tables.days import first_difference

VERSION = 1
FEWEST_DAYS = 5  # with fewer, hardly any change can be told from chance (docs/results/drift.md)
OUTLIER_RATE = 0.01  # how often a baseline without a strange day is said to have one
AGAIN = "make it again with launch.adapt --baseline"
WARNING = (
    "This is no diagnosis. It compares how much a face showed on one day with the same person's other days, as one "
    "network sees them. Camera, light, company, tiredness, medication and much else change that. A change says "
    "nothing about health, nor does the lack of one; that is for people who know the person to find out."
)


@dataclasses.dataclass(frozen=True)
class Day:
    """The expressiveness of a person on one day; see `expressiveness.Expressiveness`."""

    day: str  # a date, or another name
    frames: int  # with the face
    seconds: float
    expressiveness: float
    noise_seconds: float

    @property
    def problem(self) -> str:
        """Why the day cannot be compared with others; "" if it can."""
        if not self.frames:
            return "no face"
        if self.seconds < FEWEST_SECONDS:
            return f"too short: the face is seen for {self.seconds:.1f} s, and {FEWEST_SECONDS:g} s are needed"
        if not self.expressiveness > 0:
            return "constant: valence and arousal never change, as in a frozen picture"
        return ""


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A person's usual days, and what they were measured with (see `tables/days.py`)."""

    person: str
    measured_with: Mapping[str, str]
    days: tuple[Day, ...]


def measure_day(day: str, valence_arousal: Float[np.ndarray, "frame 2"], seconds: Float[np.ndarray, "frame"]) -> Day:
    """A day with its name; the frames as in `expressiveness.measure`."""
    found = measure(valence_arousal, seconds)
    return Day(day, len(seconds), found.seconds, found.value, found.noise_seconds)


def make_baseline(person: str, measured_with: Mapping[str, str], days: Sequence[Day]) -> Baseline:
    """A baseline of the days that can be compared; ValueError if they are too few, or if two are the same."""
    usable = tuple(day for day in days if not day.problem)
    if len(usable) < FEWEST_DAYS:
        others = "; ".join(f"{day.day} is {day.problem}" for day in days if day.problem)
        raise ValueError(
            f"a baseline of {person} needs at least {FEWEST_DAYS} days, and 10 or more to notice a single unusual day; "
            f"given: {len(usable)}" + f" that can be used ({others})" * bool(others)
        )
    seen: dict[float, str] = {}
    for day in usable:
        if (other := seen.setdefault(day.expressiveness, day.day)) != day.day:
            raise ValueError(
                f"{other} and {day.day} have exactly the same expressiveness ({day.expressiveness:g}): the same "
                "recording was given for two days; give each day its own"
            )
    return Baseline(person, dict(measured_with), usable)


def outliers(days: Sequence[Day]) -> list[str]:
    """Days that lie far from all others, which would hide later changes; a day is named by chance in 1 of 100 cases.

    Source: externally studentized residuals with Bonferroni's correction, Barnett and Lewis, Outliers in Statistical
    Data, 3rd edition, 1994.
    """
    logarithm = np.log([day.expressiveness for day in days])
    found = []
    for place, day in enumerate(days):
        others = np.delete(logarithm, place)
        scale = others.std(ddof=1) * np.sqrt(1 + 1 / len(others))
        p_value = 2 * stats.t.sf(abs(logarithm[place] - others.mean()) / scale, len(others) - 1)
        if p_value < OUTLIER_RATE / len(days):
            found.append(day.day)
    return found


def baseline_path(folder: pathlib.Path, person: str) -> pathlib.Path:
    """The file of a person's baseline; ValueError for a name that could leave the folder."""
    if not is_single_name(person):
        raise ValueError(f"the person is called '{person}'; expected one name without '/', such as anna")
    return folder / f"{person}{ENDING}"


def write_baseline(baseline: Baseline, folder: pathlib.Path) -> pathlib.Path:
    """Writes the file of a baseline in place of an earlier one; atomic, with mode 0600. Returns its path."""
    path = baseline_path(folder, baseline.person)
    content = {"format_version": VERSION, "statistic": NAME, **dataclasses.asdict(baseline), "warning": WARNING}
    text = json.dumps({**content, "sha256": _checksum(content)}, indent=1, allow_nan=False)
    write_privately(f"{text}\n".encode(), path)
    return path


def read_baseline(folder: pathlib.Path, person: str) -> Baseline:
    """Reads the baseline of a person; ValueError if there is none, or if it is damaged or of another version."""
    path = baseline_path(folder, person)
    if not path.is_file():
        raise ValueError(f"there is no baseline of {person} in {folder}; make one with launch.adapt --baseline")
    content = read_object(path, AGAIN)
    if content.get("format_version") != VERSION:
        raise ValueError(f"{path} has format_version {content.get('format_version')}, expected {VERSION}; {AGAIN}")
    if content.pop("sha256", None) != _checksum(content):
        raise ValueError(f"{path} is damaged (its content does not match its sha256); {AGAIN}")
    if content.get("statistic") != NAME:
        raise ValueError(f"{path} holds another measure of expressiveness ({content.get('statistic')}); {AGAIN}")
    if content.get("person") != person:
        raise ValueError(f"{path} is the baseline of {content.get('person')}; it was renamed, or copied by mistake")
    try:
        days = [Day(**day) for day in content["days"]]
        return make_baseline(person, content["measured_with"], days)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); {AGAIN}") from error


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def require_same_network(baseline: Baseline, measured_with: Mapping[str, str], what: str) -> None:
    """ValueError if something was not measured like the baseline: by another network, with another crop or adapter."""
    known = baseline.measured_with
    if (name := first_difference(known, measured_with)) is not None:
        given = measured_with.get(name, "")
        raise ValueError(
            f"{what} was measured with {name} '{given}', but the baseline of {baseline.person} with '{known[name]}': "
            "such values cannot be compared; predict in the same way, or make the baseline again"
        )
