"""How an adapter is learned: from the rows of one person, their labels, the face at rest, and source persons."""

import dataclasses
import pathlib

import jax
import numpy as np
from absl import logging
from jaxtyping import Bool

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.labels import join_labels
from affect_jax.experiment.lesson import LABEL_COLUMNS, Lesson, Material
from affect_jax.personal.adapter import Adapter, no_adapter
from affect_jax.personal.given import FAR_SECONDS, Given
from affect_jax.personal.method import LABELS, NEUTRAL
from affect_jax.personal.one_person import check_labels, of_one_face, of_subject, select
from affect_jax.personal.outputs import is_intensity
from affect_jax.personal.people import make_sources, read_people
from affect_jax.personal.registry import METHODS
from affect_jax.personal.sources import Sources
from affect_jax.personal.stored import StoredFeatures
from affect_jax.tables.feature_rows import TABLE
from affect_jax.tables.frames import read_table

ROW = "row of features"  # a column that is added to keep the order


def require_same_network(stored: StoredFeatures, network_sha256: str, workdir: pathlib.Path) -> None:
    """ValueError for features of another network, or of another checkpoint of the same run."""
    if stored.network_sha256 != network_sha256:
        raise ValueError(
            f"{stored.path} holds features of another network ({stored.network}) than the one in {workdir}; store them "
            "with its weights: python -m launch.features"
        )


def rows_of(stored: StoredFeatures, lesson: Lesson, material: Material) -> StoredFeatures:
    """The rows of the person, with their labels; ValueError if these are too few, constant, or of several faces."""
    mine = of_subject(stored, lesson.subject)
    rows = dataclasses.replace(select(stored, mine), subject=(lesson.subject,) * int(mine.sum()))
    if material.labels is not None:
        if is_intensity(stored.quantities):
            raise UsageError(
                f"--labels={lesson.labels} holds valence and arousal, but {stored.path} is of intensities, which are "
                "adapted by --neutral"
            )
        table = read_table(stored.path / TABLE).with_row_index(ROW)
        rows = _with_labels(rows, table.filter(mine), material.labels, lesson.labels)
    rows = of_one_face(rows)
    check_labels(rows, str(lesson.labels or stored.path))
    return rows


def _with_labels(
    rows: StoredFeatures, table: "polars.DataFrame", labels: "polars.DataFrame", path: pathlib.Path
) -> StoredFeatures:
    """The rows, which are those of `table`, with labels of a file in place of those that were stored."""
    try:
        joined = join_labels(table, labels).sort(ROW)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    values = np.stack([joined[name].fill_null(np.nan).to_numpy() for name in LABEL_COLUMNS], -1)
    known = np.isfinite(values).all(-1)
    if not known.any():
        raise ValueError(f"{path}: no frame has both valence and arousal; leave --labels out if there are no labels")
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


def learn(given: Given, lesson: Lesson, sources: Sources | None) -> Adapter:
    """The adapter; one that changes nothing if nothing is given that the method can learn from."""
    method = METHODS[lesson.method]
    if is_nothing(given):
        logging.warning("nothing is given that %s: the adapter changes nothing", _needed(lesson))
        return jax.device_get(no_adapter(given.features.shape[-1], given.output.shape[-1]))
    prior = {} if sources is None else method.learn(sources, jax.random.key(0))
    return jax.device_get(jax.jit(method.adapt)(prior, given, jax.random.key(1)))


def is_nothing(given: Given) -> bool:
    """Whether there is nothing to learn from."""
    return not given.labeled.any() and not given.neutral.any()


def refuse_nothing(given: Given, lesson: Lesson, output: pathlib.Path) -> None:
    """UsageError if an adapter that was learned before would be replaced by one that changes nothing."""
    if is_nothing(given) and output.exists():
        raise UsageError(
            f"{output} is kept: nothing is given that {_needed(lesson)}; give that, or remove the file with "
            "python -m launch.forget"
        )


def _needed(lesson: Lesson) -> str:
    flags = {LABELS: "--labels", NEUTRAL: "--neutral"}
    needed = " or ".join(flags[each] for each in METHODS[lesson.method].needs if each in flags)
    return f"the method '{lesson.method}' can learn {lesson.subject} from (it needs {needed})"


def sources_of(material: Material, lesson: Lesson) -> Sources | None:
    """The source persons as the method sees them."""
    if material.sources is None:
        return None
    return make_sources(read_people(material.sources, lesson.sources_neutral), material.sources)
