"""Two groups from tables on disk, as the command compares them."""

import csv

import numpy as np
import pytest
from recorded_people import QUANTITIES, write_groups, write_person

from affect_jax.experiment.compare_groups import Given, run_comparison
from affect_jax.experiment.config.errors import UsageError
from affect_jax.metrics import stability
from affect_jax.metrics.permutation import compare_means
from affect_jax.tables.frames import write_parquet
from affect_jax.tables.schema import read_schema

SECONDS, SHIFT = 8, 3.0
GROUPS = {"controls": [f"c{number}" for number in range(5)], "patients": [f"p{number}" for number in range(6)]}


def person_values(number, fps, more):
    """Smiles that grow for everybody, from 3 s to 6 s by `more`; sadness is noise."""
    rng = np.random.default_rng(number)
    seconds = np.arange(SECONDS * fps) / fps
    level = np.repeat(rng.uniform(0, 2, (SECONDS, 2)), fps, axis=0)
    level[:, 0] += 0.3 * seconds + more * ((seconds >= 3) & (seconds < 6))
    return level


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Eleven people, recorded at different rates; one of them in Parquet."""
    folder = tmp_path_factory.mktemp("tables")
    values = {}
    for number, name in enumerate(GROUPS["controls"] + GROUPS["patients"]):
        fps = 10 if number % 2 else 5
        values[name] = person_values(number, fps, SHIFT * (name[0] == "p"))
        path = write_person(folder, name, values[name], fps)
    write_parquet(path, read_schema(path), path.with_suffix(".parquet"))
    path.unlink()
    return folder, write_groups(folder / "who.txt", GROUPS), values


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stability, "NULLS", 9)
        patch.setattr(stability, "DRAWS", 3)
        yield


@pytest.fixture(scope="module")
def compared(recorded, quick, tmp_path_factory):
    """The folder of results, and what was printed."""
    output = tmp_path_factory.mktemp("compared")
    return output, run_comparison(Given((recorded[0],), recorded[1]), output)


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_results_are_those_of_the_recorded_values(recorded, compared):
    values = recorded[2]
    output, text = compared
    happy, sad = rows_of(output / "groups.csv")
    means = [np.array([values[name][:, 0].mean() for name in names]) for names in GROUPS.values()]
    assert [happy["column"], sad["column"]] == list(QUANTITIES)
    assert float(happy["mean controls"]) == pytest.approx(means[0].mean())
    assert float(happy["difference"]) == pytest.approx(means[1].mean() - means[0].mean())
    assert float(happy["p_mean"]) == pytest.approx(compare_means(*means).p_value())  # all 462 partitions
    adjusted = sorted([float(happy["p_mean"]), float(sad["p_mean"])])
    assert float(happy["p_mean_adjusted"]) == pytest.approx(min(1, 2 * adjusted[0]))
    (cluster,) = (row for row in rows_of(output / "clusters.csv") if float(row["p_adjusted"]) < 0.05)
    assert (cluster["column"], cluster["higher"]) == ("intensity_happy", "patients")
    assert (cluster["from_seconds"], cluster["to_seconds"]) == ("3.0", "6.0")
    curves = [row for row in rows_of(output / "trajectories.csv") if row["column"] == "intensity_happy"]
    at_rate = [np.stack([each[:: len(each) // 40, 0] for each in map(values.get, names)]) for names in GROUPS.values()]
    shown = [float(row["mean"]) for row in curves]
    pairs = np.concatenate([person.mean(0) for person in at_rate])
    np.testing.assert_allclose(shown, pairs, atol=0.08)  # bins of 0.2 s are means over two frames at 10 per second
    assert "This is no diagnosis" in text and "Intensities are relative" in text
    notes = (output / "groups.md").read_text()
    assert "This is no diagnosis" in notes and "Caution: with fewer than 10 people" in notes
    assert (output / "groups.png").stat().st_size > 20_000


def test_shares_of_time_by_hand(recorded, compared):
    values, output = recorded[2], compared[0]
    sad = [row for row in rows_of(output / "distribution.csv") if row["column"] == "intensity_sad"]
    found = {(row["group"], float(row["from"])): float(row["share"]) for row in sad}
    for group, names in GROUPS.items():
        for level in range(11):
            share = np.mean([(np.floor(values[name][:, 1] + 0.5) == level).mean() for name in names])
            assert found[group, level - 0.5] == pytest.approx(share, abs=1e-9)
    people = rows_of(output / "people.csv")
    assert [row["subject"] for row in people] == GROUPS["controls"] + GROUPS["patients"]
    assert float(people[2]["intensity_sad_mean"]) == pytest.approx(values["c2"][:, 1].mean())


def test_the_same_seed_gives_the_same_files(recorded, compared, tmp_path):
    run_comparison(Given((recorded[0],), recorded[1]), tmp_path, seed=0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 8
    assert all((compared[0] / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


def test_any_column_can_be_compared(tmp_path):
    rng = np.random.default_rng(0)
    for name in GROUPS["controls"] + GROUPS["patients"]:
        write_person(tmp_path, name, rng.uniform(-0.6, 0.6, (12, 1, 2)), 4.0, quantities=("valence_arousal",))
    who = write_groups(tmp_path / "who.txt", GROUPS)
    text = run_comparison(Given((tmp_path,), who, ("arousal",)), tmp_path / "out")
    assert "Intensities" not in text
    edges = [float(row["from"]) for row in rows_of(tmp_path / "out" / "distribution.csv")]
    np.testing.assert_allclose(edges[: len(edges) // 2], [-0.6, -0.4, -0.2, 0.0, 0.2, 0.4], atol=1e-9)
    with pytest.raises(ValueError, match=r"c0.csv has no intensities; name other columns .*, of valence, arousal"):
        run_comparison(Given((tmp_path,), who), tmp_path / "none")


def test_two_networks_are_refused(recorded, tmp_path):
    folder, who, values = recorded
    other = write_person(tmp_path, "c0", values["c0"], 5, model="intensity@10")
    tables = (*(path for path in sorted(folder.glob("[cp]?.csv")) if path.stem != "c0"), other)
    message = r"c0.csv was predicted with model 'intensity@10', .*c1.csv with 'intensity@9'; two networks"
    with pytest.raises(ValueError, match=message):
        run_comparison(Given(tables, who), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_wrong_flags_are_named():
    for words, message in (
        (([], "g", [], 5.0, ""), r"--tables holds an empty name"),
        ((["t"], "g", ["a", "a"], 5.0, ""), r"--columns holds 'a' twice"),
        ((["t"], "g", [], 0.0, ""), r"--rate=0: expected 0.1 to 100 values per second"),
        ((["t"], "g", [], 5.0, "two"), r"--face: 'two' is no face"),
    ):
        with pytest.raises(UsageError, match=message):
            Given.read(*words)
    assert Given.read(["t"], "g", ["a"], 2.0, "all").choice == "all"


def test_files_that_are_not_there_are_named(recorded, tmp_path):
    tables, groups, _ = recorded
    with pytest.raises(UsageError, match=r"no file at .*none.csv; expected a first row subject,group"):
        run_comparison(Given((tables,), tmp_path / "none.csv"), tmp_path / "out")
    with pytest.raises(UsageError, match=r"no table at .*none; expected a table of launch.predict"):
        run_comparison(Given((tmp_path / "none",), groups), tmp_path / "out")
