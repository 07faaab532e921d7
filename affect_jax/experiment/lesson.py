"""What an adapter is learned from: the rows of one person, their labels, the face at rest, and source persons."""

import dataclasses
import pathlib
from collections.abc import Sequence

import jax
import numpy as np
from absl import logging
from jaxtyping import Bool

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.labels import join_labels
from affect_jax.personal.adapter import Adapter, no_adapter
from affect_jax.personal.given import FAR_SECONDS, Given
from affect_jax.personal.method import LABELS, NEUTRAL
from affect_jax.personal.one_person import check_labels, of_one_face, of_subject, select
from affect_jax.personal.people import make_sources, read_people
from affect_jax.personal.registry import METHODS
from affect_jax.personal.sources import Sources
from affect_jax.personal.stored import StoredFeatures, read_features
from affect_jax.tables.feature_rows import TABLE
from affect_jax.tables.frames import read_table

LABEL_COLUMNS = ("label_valence", "label_arousal")
ROW = "row of features"  # a column that is added to keep the order


@dataclasses.dataclass(frozen=True)
class Lesson:
    """Whom to learn, and from what."""

    subject: str
    labels: pathlib.Path | None = None  # a table; None for the labels that are stored with the features
    neutral: tuple[float, float] | None = None  # first and last second of a face at rest
    method: str = "prior"
    sources: pathlib.Path | None = None  # stored features of source persons, from which the method learns first
    sources_neutral: float = 0.0  # seconds of rest at the beginning of each of their recordings


def read_lesson(
    subject: str,
    labels: str | None,
    neutral: Sequence[str],
    method: str,
    sources: str | None,
    sources_neutral: float,
) -> Lesson:
    """Reads the flags of `launch.adapt`; UsageError for seconds that cannot be understood."""
    place = lambda text: pathlib.Path(text) if text else None
    if sources_neutral and not sources:
        raise UsageError("--sources_neutral has no effect without --sources")
    return Lesson(subject, place(labels), _seconds(neutral), method, place(sources), sources_neutral)


def _seconds(given: Sequence[str]) -> tuple[float, float] | None:
    if not given:
        return None
    try:
        start, end = map(float, given)
    except ValueError:
        start, end = 0.0, 0.0
    if not 0 <= start < end < FAR_SECONDS:
        raise UsageError(f"--neutral={','.join(given)}: expected the first and the last second of a segment, as in 0,5")
    return start, end


def require_same_network(stored: StoredFeatures, network_sha256: str, workdir: pathlib.Path) -> None:
    """ValueError for features of another network, or of another checkpoint of the same run."""
    if stored.network_sha256 != network_sha256:
        raise ValueError(
            f"{stored.path} holds features of another network ({stored.network}) than the one in {workdir}; store them "
            "with its weights: python -m launch.features"
        )


def rows_of(stored: StoredFeatures, lesson: Lesson) -> StoredFeatures:
    """The rows of the person, with their labels; ValueError if these are too few, constant, or of several faces."""
    mine = of_subject(stored, lesson.subject)
    rows = dataclasses.replace(select(stored, mine), subject=(lesson.subject,) * int(mine.sum()))
    if lesson.labels is not None:
        table = read_table(stored.path / TABLE).with_row_index(ROW)
        rows = _with_labels(rows, table.filter(mine), lesson.labels)
    rows = of_one_face(rows)
    check_labels(rows, str(lesson.labels or stored.path))
    return rows


def _with_labels(rows: StoredFeatures, table: "polars.DataFrame", path: pathlib.Path) -> StoredFeatures:
    """The rows, which are those of `table`, with labels from a file in place of those that were stored."""
    try:
        joined = join_labels(table, read_table(path)).sort(ROW)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if missing := [name.removeprefix("label_") for name in LABEL_COLUMNS if name not in joined.columns]:
        raise ValueError(f"{path} has no column {missing[0]}; expected valence and arousal in [-1, 1]")
    values = np.stack([joined[name].cast(float).fill_null(np.nan).to_numpy() for name in LABEL_COLUMNS], -1)
    known = np.isfinite(values).all(-1)
    if (worst := np.abs(values[known]).max(initial=0)) > 1:
        raise ValueError(f"{path}: a label is {worst:g} in size; expected valence and arousal in [-1, 1]")
    labels = np.where(known[:, None], values, 0).astype(np.float32)
    return dataclasses.replace(rows, labels=labels, weight=known.astype(np.float32))


def at_rest(rows: StoredFeatures, lesson: Lesson) -> Bool[np.ndarray, "row"]:
    """The rows of a face at rest; ValueError if there should be some, and there are none."""
    if lesson.neutral is None:
        return np.zeros(len(rows), bool)
    start, end = lesson.neutral
    found = (rows.time_seconds >= start) & (rows.time_seconds <= end)
    if not found.any():
        first, last = (rows.time_seconds.min(), rows.time_seconds.max()) if len(rows) else (0, 0)
        raise ValueError(
            f"{rows.path}: no face of {lesson.subject} is seen from {start:g} to {end:g} s; the features are of "
            f"{first:g} to {last:g} s"
        )
    return found


def read_given(rows: StoredFeatures, lesson: Lesson) -> Given:
    """What the method gets to see of the person."""
    (person,) = read_people(rows, 0.0)
    if lesson.neutral is not None:
        start, end = lesson.neutral
        seconds = person.time_seconds % FAR_SECONDS  # of the recording
        person = dataclasses.replace(person, neutral=(seconds >= start) & (seconds <= end))
    return person.given(np.ones(len(person), bool), METHODS[lesson.method].needs, neutral=True, labels=True)


def learn(given: Given, lesson: Lesson, network_sha256: str, workdir: pathlib.Path) -> Adapter:
    """The adapter; one that changes nothing if nothing is given that the method can learn from."""
    method = METHODS[lesson.method]
    sources = _sources(lesson, network_sha256, workdir)
    nothing = not given.labeled.any() and not given.neutral.any()
    if nothing:
        needed = " or ".join(each for each in method.needs if each in (LABELS, NEUTRAL))
        logging.warning(
            "nothing is given that the method '%s' can learn %s from (it needs %s): the adapter changes nothing",
            method.name,
            lesson.subject,
            needed,
        )
        return jax.device_get(no_adapter(given.features.shape[-1]))
    prior = {} if sources is None else method.learn(sources, jax.random.key(0))
    return jax.device_get(jax.jit(method.adapt)(prior, given, jax.random.key(1)))


def _sources(lesson: Lesson, network_sha256: str, workdir: pathlib.Path) -> Sources | None:
    if lesson.sources is None:
        return None
    stored = read_features(lesson.sources)
    require_same_network(stored, network_sha256, workdir)
    if lesson.subject in stored.subject:
        raise UsageError(f"--sources={lesson.sources} holds {lesson.subject} too; expected features of other people")
    return make_sources(read_people(stored, lesson.sources_neutral), stored)
