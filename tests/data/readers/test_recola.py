import numpy as np
import pytest

from affect_jax.data.readers.recola import RECOLAConfig, recola
from affect_jax.data.readers.recola_ratings import read_ratings
from affect_jax.data.skipped import SkippedRows

HEAD = """@relation GOLDSTANDARD

@attribute Instance_name string
@attribute frameTime numeric
@attribute GoldStandard numeric


@data

"""
FRAMES = 20


def arff(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{path.stem},{k / 25:g},{value}" for k, value in enumerate(values)]
    path.write_text(HEAD + "\n".join(rows) + "\n")


def ratings(path, columns):
    """As the data base's own script writes them: a blank before each separator of the header, two decimals."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"F{sex}{number}" for sex in "MF" for number in (1, 2, 3)]
    lines = [";".join(f"{value:.2f}" for value in (k / 25, *row)) for k, row in enumerate(columns)]
    path.write_text("time;" + " ;".join(names) + "\n" + "\n".join(lines) + "\n")


@pytest.fixture
def root(tmp_path, write_film):
    for name in ("train_1", "dev_1"):
        arff(tmp_path / "labels" / "gs_1" / "arousal" / f"{name}.arff", 0.01 * np.arange(FRAMES))
        arff(tmp_path / "labels" / "gs_1" / "valence" / f"{name}.arff", -0.02 * np.arange(FRAMES))
        write_film(tmp_path / "videos" / f"{name}.mp4", range(0, 8 * FRAMES + 16, 8))
    return tmp_path


def load(root, **options):
    return recola(RECOLAConfig(str(root), **options))


def test_gold_standards_of_both_dimensions(root):
    source = load(root, split="dev")
    labels = source.examples.labels
    assert labels["valence_arousal"].weight.tolist() == [1] * FRAMES + [0] * 2
    np.testing.assert_allclose(labels["valence_arousal"].value[:FRAMES, 0], -0.02 * np.arange(FRAMES), atol=1e-6)
    np.testing.assert_allclose(labels["valence_arousal"].value[:FRAMES, 1], 0.01 * np.arange(FRAMES), atol=1e-6)
    assert set(source.examples.subjects) == set(source.examples.clips) == {"dev_1"}
    assert set(load(root).examples.clips) == {"train_1"} and set(load(root, split="all").examples.clips) == {
        "train_1",
        "dev_1",
    }


def test_an_unknown_value_of_one_dimension_is_unknown_in_both(root):
    values = [str(0.01 * k) for k in range(FRAMES)]
    values[7] = "?"
    arff(root / "labels" / "gs_1" / "arousal" / "dev_1.arff", values)
    weight = load(root, split="dev").examples.labels["valence_arousal"].weight
    assert np.flatnonzero(weight == 0).tolist() == [7, FRAMES, FRAMES + 1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_an_arff_file_in_another_encoding_is_the_same(root, encoding):
    plain = load(root, split="dev").examples.labels["valence_arousal"]
    assert plain.value.any()
    for path in (root / "labels").rglob("dev_1.arff"):
        path.write_text(path.read_text().replace(",", ", ").replace("\n", "\r\n"), encoding=encoding, newline="")
    found = load(root, split="dev", strict=True).examples.labels["valence_arousal"]
    np.testing.assert_array_equal(found.value, plain.value)
    np.testing.assert_array_equal(found.weight, plain.weight)


def test_the_mean_of_the_raters_or_one_of_them(root):
    table = np.round(np.random.default_rng(0).uniform(-1, 1, (FRAMES, 6)), 2)
    for dimension, sign in (("arousal", 1), ("valence", -1)):
        ratings(root / "individual" / dimension / "train_1.csv", sign * table)
    with pytest.raises(ValueError, match=r"several sets of labels: individual, labels/gs_1; set labels to one of them"):
        load(root)
    found = load(root, labels="individual").examples.labels
    np.testing.assert_allclose(found["valence_arousal"].value[:FRAMES, 1], table.mean(1), atol=1e-6)
    np.testing.assert_allclose(found["valence_arousal"].value[:FRAMES, 0], -table.mean(1), atol=1e-6)
    one = load(root, labels="individual", rater="FF1").examples.labels
    np.testing.assert_allclose(one["valence_arousal"].value[:FRAMES, 1], table[:, 3], atol=1e-6)
    with pytest.raises(ValueError, match=r"train_1.csv has no annotator 'FF9'; choose one of FM1, FM2, FM3, FF1, FF2"):
        load(root, labels="individual", rater="FF9")


def test_original_ratings_are_in_no_split(tmp_path, write_film):
    for dimension in ("arousal", "valence"):
        ratings(tmp_path / dimension / f"P16_test_{dimension}.csv", np.full((FRAMES, 6), 0.25))
    write_film(tmp_path / "videos" / "P16.mp4", range(0, 8 * FRAMES, 8))
    source = load(tmp_path, split="all")
    assert set(source.examples.subjects) == {"P16"}
    np.testing.assert_allclose(source.examples.labels["valence_arousal"].value, 0.25)
    with pytest.raises(FileNotFoundError, match=r"no labels of split 'training' in .*; found files of all"):
        load(tmp_path)


def test_errors_name_the_problem(root):
    gold = root / "labels" / "gs_1"
    values = [0.0] * FRAMES
    values[3] = -1.5
    arff(gold / "valence" / "dev_1.arff", values)
    message = r"row 13: GoldStandard out of -1..1: .*GoldStandard is -1.5, expected -1 to 1 \(.*dev_1.arff, row 13\)"
    with pytest.raises(ValueError, match=message):
        load(root, split="dev", strict=True)
    (gold / "valence" / "dev_1.arff").write_text(HEAD.replace("GoldStandard", "Gold"))
    with pytest.raises(ValueError, match=r"row 8: attribute GoldStandard is missing; it has Instance_name, frameTime"):
        load(root, split="dev")
    (gold / "valence" / "dev_1.arff").write_text(HEAD.partition("@data")[0])
    with pytest.raises(ValueError, match=r"dev_1.arff has no @data"):
        load(root, split="dev")
    (gold / "valence" / "dev_1.arff").unlink()
    arff(gold / "valence" / "dev_2.arff", values)
    with pytest.raises(FileNotFoundError, match=r"no valence of dev_1 in .*both dimensions are required"):
        load(root, split="dev")
    with pytest.raises(FileNotFoundError, match=r"no folders arousal/ and valence/ in .*videos"):
        load(root / "videos")


def test_a_table_without_a_named_rating_is_refused(tmp_path):
    (tmp_path / "P16.csv").write_text("time;\n0.04;0.1;\n")
    with pytest.raises(ValueError, match=r"P16.csv has no rating columns: its columns are time"):
        read_ratings(tmp_path / "P16.csv", "", SkippedRows("P16", 0.01))


def test_the_original_gold_standard(shared_data):
    path, skipped = shared_data / "labels" / "recola_gold_standard.arff", SkippedRows("gold", 0.0)
    trace, rows, _ = read_ratings(path, "", skipped)
    assert rows == len(trace.weight) == 7501 and trace.weight.all() and not skipped.faults
    np.testing.assert_allclose(trace.times_seconds, np.arange(7501) / 25, atol=1e-9)
    lines = path.read_text().split("\n@data")[1].split()
    expected = np.array([float(line.split(",")[2]) for line in lines])
    np.testing.assert_allclose(trace.values[:, 0], expected, atol=1e-7)
    assert (trace.values[0, 0], lines[-1]) == (np.float32(-0.022925), "dev_1,300,-0.1179248")
    at = np.arange(0, 305, 0.02)  # 50 frames per second
    values, weight = trace.at(at)
    assert weight.sum() == 15001 and not weight[at > 300.001].any()
    np.testing.assert_allclose(values[:15001, 0], np.interp(at[:15001], np.arange(7501) / 25, expected), atol=1e-6)
