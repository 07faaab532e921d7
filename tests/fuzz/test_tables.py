"""Damaged tables: numbers that stand in the file, or one sentence that names it."""

import numpy as np
from mutations import PROFILES, damaged_bytes, damaged_json, damaged_text, for_all, outcome

from affect_jax.files.delimited import open_text, read_delimited, repair
from affect_jax.files.openface import POINTS, read_openface
from affect_jax.tables.reading import read_rows
from affect_jax.tables.rows import Rows
from affect_jax.tables.schema import sidecar
from affect_jax.tables.writing import write_rows
from affect_jax.types import Label, Labels

HEADER = ("frame", "face_id", "timestamp", "confidence", "success", *POINTS)


def openface_table(frames: int = 6) -> str:
    lines = [", ".join(HEADER)]
    for frame in range(1, frames + 1):
        points = [f"{100 + frame + index / 8:.3f}" for index in range(136)]
        lines.append(", ".join([str(frame), "0", f"{frame / 25:.3f}", "0.98", "1", *points]))
    return "\n".join(lines) + "\n"


def numbers_in(path) -> np.ndarray:
    """Every number that a cell of the file may stand for, as float32."""
    with open_text(path) as file:
        words = repair(file.read()).replace(";", " ").replace("\t", " ").replace("|", " ").replace('"', " ")
    found = set()
    for separated in (words.replace(",", " "), words.replace(",", ".")):
        for word in separated.split():
            try:
                found.add(float(word))
            except ValueError:
                continue
    with np.errstate(over="ignore"):
        return np.array(sorted(found), np.float64).astype(np.float32)


@PROFILES
def test_a_damaged_table_of_openface_gives_numbers_of_the_file_or_is_named(profile, tmp_path):
    path = tmp_path / "landmarks.csv"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        tracked = outcome(lambda: read_openface(path), path.name)
        if tracked is not None:
            assert (np.diff(tracked.numbers) > 0).all() and (tracked.numbers >= 0).all()
            points = tracked.landmarks[tracked.found]
            assert np.isfinite(points).all()
            assert np.isin(points, numbers_in(path)).all()

    check(openface_table().encode())
    for_all(profile, damaged_text(openface_table()), check)
    for_all(profile, damaged_bytes(openface_table(2).encode()), check)


def plain(text: str) -> str:
    """The ASCII characters of a text without quotes: neither repaired bytes nor quotes differ then."""
    return "".join(letter for letter in text if letter.isascii() and letter != '"')


@PROFILES
def test_the_cells_of_a_damaged_list_stand_in_it(profile, tmp_path):
    path = tmp_path / "list.csv"
    text = 'name,valence,arousal\n"a, b.jpg",0.5,-0.25\nc.jpg,0.1,0.2\n# comment\nd.jpg,,1\n'

    def check(data: bytes) -> None:
        path.write_bytes(data)
        rows = outcome(lambda: list(read_delimited(path, ("name", "valence", "arousal"))), path.name)
        with open_text(path) as file:
            content = plain(file.read())
        for _, cells in rows or ():
            missing = [cell for cell in cells if plain(cell) not in content]
            assert not missing, (missing, data[:300])

    for_all(profile, damaged_text(text), check)
    for_all(profile, damaged_bytes(text.encode()), check)


def write_table(path) -> None:
    """A table of predictions of three frames, with labels."""
    rng, names = np.random.default_rng(0), ("valence_arousal", "emotion")
    values = {"valence_arousal": rng.uniform(-1, 1, (3, 2)), "emotion": rng.dirichlet(np.ones(8), 3)}
    labels = {"valence_arousal": rng.uniform(-1, 1, (3, 2)), "emotion": np.eye(8)[[0, 3, 5]]}
    rows = Rows(
        label_set="affectnet_8",
        crop_px=64,
        source=("a.jpg", "b.jpg", "c.jpg"),
        subject=("", "s", "s"),
        clip=("", "", ""),
        frame=np.arange(3),
        face=np.zeros(3, np.int64),
        time_seconds=np.arange(3) / 25,
        values=values,
        labels=Labels(**{name: Label(labels[name], np.ones(3)) for name in names}),
        success=np.ones(3, bool),
    )
    write_rows(rows, path, "static@100", "crop")


@PROFILES
def test_a_damaged_table_of_predictions_is_read_or_named(profile, tmp_path):
    path = tmp_path / "predictions.csv"
    write_table(path)
    table, schema = path.read_text(), sidecar(path).read_text()

    def check() -> None:
        rows = outcome(lambda: read_rows(path), path.name, sidecar(path).name)
        if rows is not None:
            assert all(len(value) == len(rows) for value in rows.values.values())
            assert all(np.isfinite(label.value).all() for label in rows.labels.values())

    def check_table(data: bytes) -> None:
        path.write_bytes(data)
        check()

    def check_schema(data: bytes) -> None:
        sidecar(path).write_bytes(data)
        check()

    check()
    for_all(profile, damaged_text(table), check_table)
    path.write_text(table)
    for_all(profile, damaged_json(schema), check_schema)
    for_all(profile, damaged_bytes(schema.encode()), check_schema)
