"""Which tables there are, and of which day each one is."""

import json

import numpy as np
import pytest

from affect_jax.tables.days import date_of, days_of, find_tables, first_difference, predicted_with
from affect_jax.tables.frames import write_parquet
from affect_jax.tables.schema import read_schema, sidecar

TIMES = np.arange(3) / 10


@pytest.fixture
def write_named(write_video):
    """Writes a table of three frames under a name."""
    return lambda stem, folder="": write_video(TIMES, [[0]] * 3, stem=f"{folder}{stem}")


def edit(table, **facts):
    path = sidecar(table)
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def test_the_start_of_a_recording_comes_before_the_date_in_its_name(write_named):
    table = write_named("anna_2026-03-02")
    assert date_of(table) == "2026-03-02"
    edit(table, recording={"started": "2026-03-01T23:59:59.500+01:00"})
    assert date_of(table) == "2026-03-01"


def test_dates_in_names(write_named, tmp_path):
    (tmp_path / "2026-04-05").mkdir()
    assert date_of(write_named("predictions", "2026-04-05/")) == "2026-04-05"
    assert date_of(write_named("a_2026-13-40")) == "" == date_of(write_named("a_12026-03-01"))
    with pytest.raises(ValueError, match=r"its name holds several dates \(2026-03-01, 2026-03-02\).*--days"):
        date_of(write_named("a_2026-03-02_2026-03-01"))


def test_a_start_that_is_no_date_is_named(write_named):
    table = write_named("a")
    edit(table, recording={"started": "yesterday"})
    with pytest.raises(ValueError, match=r"a.csv: its schema says that it started 'yesterday', which is no date"):
        date_of(table)


def test_days_are_given_or_dates_or_numbers(write_named):
    plain = [write_named("a"), write_named("b")]
    assert days_of(plain) == ["day 001", "day 002"] and days_of(plain, first=9) == ["day 009", "day 010"]
    assert days_of(plain, ["mon", "tue"]) == ["mon", "tue"]
    with pytest.raises(ValueError, match=r"3 days for 2 tables; give one day for each table"):
        days_of(plain, ["mon", "tue", "wed"])
    with pytest.raises(ValueError, match=r"b.csv has no date.* but .*a_2026-03-02.csv has one; .* --days"):
        days_of([write_named("a_2026-03-02"), plain[1]])


def test_a_folder_stands_for_its_tables(write_named, tmp_path):
    first, second = write_named("b"), write_named("a")
    (tmp_path / "summary_per_clip.csv").write_text("source\n")
    parquet = second.with_suffix(".parquet")
    write_parquet(second, read_schema(second), parquet)
    second.unlink()
    assert find_tables([tmp_path]) == [parquet, first] and find_tables([first]) == [first]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"the folder .*empty holds no table with a schema"):
        find_tables([tmp_path / "empty"])
    with pytest.raises(ValueError, match=r"b.csv was given twice; each table counts once"):
        find_tables([first, tmp_path])
    with pytest.raises(FileNotFoundError, match=r"no table at .*c.csv; expected a table of launch.predict"):
        find_tables([tmp_path / "c.csv"])


def test_the_network_of_a_table_with_and_without_a_hash(write_named):
    table = write_named("a")
    assert predicted_with(table) == {"model": "clip@9", "network_sha256": "", "crop": "c"}
    edit(table, network_sha256="ab")
    assert predicted_with(table)["network_sha256"] == "ab"


def test_networks_are_told_apart_by_their_weights_or_else_by_their_name():
    known = {"model": "clip@9", "network_sha256": "ab", "crop": "c"}
    assert first_difference(known, known) is None
    assert first_difference(known, {**known, "model": "renamed@9"}) is None
    assert first_difference(known, {**known, "network_sha256": "cd"}) == "network_sha256"
    assert first_difference(known, {**known, "network_sha256": ""}) is None  # only the name is known on both sides
    assert first_difference(known, {"model": "renamed@9", "crop": "c"}) == "model"
    assert first_difference(known, {**known, "crop": "d"}) == "crop"
