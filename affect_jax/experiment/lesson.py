"""What an adapter is to be learned from: the flags of `launch.adapt`, and the files that they name."""

import dataclasses
import pathlib
from collections.abc import Sequence

from affect_jax.experiment.config.errors import UsageError
from affect_jax.personal.given import FAR_SECONDS
from affect_jax.personal.stored import StoredFeatures, read_features
from affect_jax.tables.label_table import PREFIX, read_labels

LABEL_COLUMNS = ("label_valence", "label_arousal")


@dataclasses.dataclass(frozen=True)
class Lesson:
    """Whom to learn, and from what."""

    subject: str
    labels: pathlib.Path | None = None  # a table; None for the labels that are stored with the features
    neutral: tuple[float, float] | None = None  # first and last second of a face at rest
    method: str = "prior"
    sources: pathlib.Path | None = None  # stored features of source persons, from which the method learns first
    sources_neutral: float = 0.0  # seconds of rest at the beginning of each of their recordings


@dataclasses.dataclass(frozen=True, eq=False)
class Material:
    """The files that a lesson names."""

    labels: "polars.DataFrame | None" = None
    sources: StoredFeatures | None = None


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


def read_material(lesson: Lesson) -> Material:
    """Reads the files that a lesson names; UsageError or ValueError if one of them cannot be used."""
    return Material(_read_labels(lesson.labels), _read_sources(lesson))


def _read_labels(path: pathlib.Path | None) -> "polars.DataFrame | None":
    if path is None:
        return None
    if not path.is_file():
        found = "is a folder; expected one table" if path.is_dir() else "does not exist; expected a table"
        raise UsageError(f"--labels={path} {found} with the columns frame, valence and arousal")
    table = read_labels(path)
    if missing := [name.removeprefix(PREFIX) for name in LABEL_COLUMNS if name not in table.columns]:
        raise ValueError(f"{path} has no column {missing[0]}; expected valence and arousal in [-1, 1]")
    if (worst := max(table[name].abs().max() or 0 for name in LABEL_COLUMNS)) > 1:
        raise ValueError(f"{path}: a label is {worst:g} in size; expected valence and arousal in [-1, 1]")
    return table


def _read_sources(lesson: Lesson) -> StoredFeatures | None:
    if lesson.sources is None:
        return None
    try:
        stored = read_features(lesson.sources)
    except FileNotFoundError as error:
        raise UsageError(f"--sources: {error}") from error
    if lesson.subject in stored.subject:
        raise UsageError(f"--sources={lesson.sources} holds {lesson.subject} too; expected features of other people")
    return stored
