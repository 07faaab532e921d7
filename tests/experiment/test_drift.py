"""A baseline and later days from tables on disk, as the commands do it, against the records that they are made of."""

import csv
import json
import pathlib

import numpy as np
import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.drift import Given, run_baseline, run_drift
from affect_jax.personal.baseline import Baseline, measure_day, read_baseline
from affect_jax.personal.drift import deviations
from affect_jax.tables.schema import Schema
from affect_jax.tables.writing import RowWriter

FRAMES = 401  # 40 s a day; odd, so that the median is one of them


def make_values(day, factor):
    rng = np.random.default_rng(day)
    moments = np.repeat(rng.normal(0, 0.2, (21, 2)), 20, axis=0)[:FRAMES]
    return np.clip(factor * (moments + rng.normal(0, 0.02, (FRAMES, 2))) + 0.1, -1, 1)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Twelve days of a person whose face shows half as much on the last two; the last one of another network."""
    folder = tmp_path_factory.mktemp("tables")
    found = []
    for day in range(12):
        model = "static@9" if day < 11 else "static@10"
        path = folder / f"anna_2026-03-{day + 1:02d}.csv"
        writer = RowWriter(path, Schema(model, "c", 64, "affectnet_8", ("valence_arousal",), boxes=True))
        for frame, values in enumerate(make_values(day, 1.0 if day < 9 else 0.5)):
            keys = {"source": "a.mp4", "frame": frame, "face": 0, "time_seconds": frame / 10}
            writer.write(keys, {"valence_arousal": values}, [0.0, 0.0, 64.0, 64.0, 1.0])
        writer.close()
        found.append(path)
    return found


@pytest.fixture
def persons(tables, tmp_path):
    run_baseline(Given(tuple(tables[:7])), "anna", tmp_path / "persons")
    return tmp_path / "persons"


def expected_day(tables, number):
    values = make_values(number, 1.0 if number < 9 else 0.5)
    return measure_day(f"2026-03-{number + 1:02d}", values, np.full(FRAMES, 0.1))


def test_a_baseline_holds_each_day_and_what_measured_it(tables, persons):
    found = read_baseline(persons, "anna")
    assert found.measured_with == {"model": "static@9", "network_sha256": "", "crop": "c", "adapter": ""}
    for number, day in enumerate(found.days):
        expected = expected_day(tables, number)
        assert (day.day, day.frames) == (expected.day, FRAMES)
        assert day.expressiveness == pytest.approx(expected.expressiveness, rel=1e-12)
        assert day.noise_seconds == pytest.approx(expected.noise_seconds, rel=1e-9)


def test_later_days_are_compared_in_a_table_a_plot_and_notes(tables, persons, tmp_path):
    text = run_drift(Given(tuple(tables[7:11])), "anna", persons, tmp_path / "out")
    with (tmp_path / "out" / "drift.csv").open() as file:
        rows = list(csv.DictReader(file))
    before = Baseline("anna", {}, tuple(expected_day(tables, number) for number in range(7)))
    expected = deviations(before, [expected_day(tables, number) for number in range(7, 11)])
    for row, deviation in zip(rows, expected, strict=True):
        for name in ("expressiveness", "ratio", "low", "high", "deviation", "p_value", "sum_below"):
            assert float(row[name]) == pytest.approx(getattr(deviation, name), rel=1e-6), name
        assert [row["day"], row["alarm"]] == [deviation.day, str(deviation.alarm)]
    assert [row["alarm"] for row in rows] == ["0", "0", "1", "1"]
    notes = (tmp_path / "out" / "drift.md").read_text()
    assert "At most 0.01 false alarms per day" in notes and "0.04 in these 4 days" in notes
    assert "This is no diagnosis" in notes and "This is no diagnosis" in text
    assert (tmp_path / "out" / "drift.png").stat().st_size > 10_000


def test_a_day_of_the_baseline_is_not_compared_with_itself(tables, persons, tmp_path):
    with pytest.raises(ValueError, match=r"2026-03-07: in the baseline of anna itself; give other days"):
        run_drift(Given(tuple(tables[6:9])), "anna", persons, tmp_path / "out")


def test_another_network_is_refused_in_the_baseline_and_later(tables, persons, tmp_path):
    message = r"anna_2026-03-12.csv was measured with model 'static@10', but the baseline of anna with 'static@9'"
    with pytest.raises(ValueError, match=message):
        run_drift(Given((tables[8], tables[11])), "anna", persons, tmp_path / "out")
    with pytest.raises(ValueError, match=message):
        run_baseline(Given((*tables[:5], tables[11])), "anna", tmp_path / "others")
    assert not (tmp_path / "out").exists() and not (tmp_path / "others").exists()


def test_too_few_days_are_refused_and_nothing_is_written(tables, tmp_path):
    with pytest.raises(ValueError, match=r"a baseline of anna needs at least 5 days.*given: 4"):
        run_baseline(Given(tuple(tables[:4])), "anna", tmp_path / "persons")
    assert not (tmp_path / "persons").exists()


def test_a_face_that_is_not_there_is_said_by_day(tables, persons, tmp_path):
    with pytest.raises(ValueError, match=r"no day can be compared: 2026-03-08 is no face; 2026-03-09 is no face"):
        run_drift(Given(tuple(tables[7:9]), face="3"), "anna", persons, tmp_path / "out")


def test_days_without_dates_go_on_after_the_baseline(tables, tmp_path):
    plain = []
    for number, table in enumerate(tables[:8]):
        plain.append(tmp_path / f"{'abcdefgh'[number]}.csv")
        plain[-1].write_bytes(table.read_bytes())
        plain[-1].with_suffix(".schema.json").write_bytes(table.with_suffix(".schema.json").read_bytes())
    run_baseline(Given(tuple(plain[:7])), "anna", tmp_path / "persons")
    assert read_baseline(tmp_path / "persons", "anna").days[-1].day == "day 007"
    assert "day 008" in run_drift(Given((plain[7],)), "anna", tmp_path / "persons", tmp_path / "out")


def test_the_flags_are_read(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    found = Given.read(["~/a.csv", "b"], ["mon", "tue"], "all")
    assert found == Given((pathlib.Path("/home/anna/a.csv"), pathlib.Path("b")), ("mon", "tue"), "all")


def test_wrong_usage(tables, persons, tmp_path):
    given = Given(tuple(tables[7:9]))
    for call, message in (
        (lambda: run_drift(given, "../anna", persons, tmp_path), r"--subject: the person is called '../anna'"),
        (lambda: run_drift(given, "anna", persons, tmp_path, rate=0.5), r"--rate=0.5: expected false alarms per day"),
        (lambda: Given.read(["a.csv"], [], "two"), r"--face: 'two' is no face; expected its number"),
        (lambda: Given.read([], [], ""), r"--tables holds an empty name; give tables, or folders with tables"),
        (lambda: Given.read(["a.csv"], ["mon\n"], ""), r"--days holds 'mon\\n'; give one day for each table"),
        (lambda: run_baseline(given, "a/b", persons), r"--subject: the person is called 'a/b'"),
    ):
        with pytest.raises(UsageError, match=message):
            call()
    with pytest.raises(ValueError, match=r"there is no baseline of ben in .*make one with launch.adapt --baseline"):
        run_drift(given, "ben", persons, tmp_path / "out")


def test_a_damaged_baseline_is_refused(tables, persons, tmp_path):
    path = persons / "anna.baseline.json"
    content = json.loads(path.read_text())
    content["days"].pop()
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"anna.baseline.json is damaged \(its content does not match its sha256\)"):
        run_drift(Given(tuple(tables[7:9])), "anna", persons, tmp_path / "out")
