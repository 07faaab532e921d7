"""The comparison of ways of calibrating intensity: what is scored, what it may not depend on, and what it refuses."""

import csv
import pathlib

import numpy as np
import pytest
from imitated_raters import EMOTIONS, FRAMES, NEUTRAL_SECONDS, PEOPLE, TIMES, raters

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study import calibration
from affect_jax.experiment.study.adaptation import compare_adaptation
from affect_jax.experiment.study.adaptation_scores import score
from affect_jax.experiment.study.calibration import calibrate_intensity
from affect_jax.personal import registry
from affect_jax.personal.protocol import Protocol, generator
from affect_jax.personal.stored import read_features, write_features

METHODS = ("none", "neutral_subtraction", "siamese", "bias_scale")


class OneFrame:
    """In place of `siamese`, which takes long to learn: subtracts the answer at one neutral frame."""

    name, needs = "siamese", ("neutral",)

    def __init__(self):
        self.learn = registry.METHODS["neutral_subtraction"].learn
        self.adapt = registry.METHODS["neutral_subtraction"].adapt
        self.predict = registry.METHODS["neutral_subtraction"].predict


@pytest.fixture(scope="module")
def methods():
    with pytest.MonkeyPatch.context() as patch:
        for name in set(registry.METHODS) - set(METHODS):
            patch.delitem(registry.METHODS, name)
        patch.setitem(registry.METHODS, "siamese", OneFrame())
        patch.setattr(calibration, "RATES", (1e-2,))
        patch.setattr(calibration, "STOPS", (0, 1, 10))
        patch.setattr(calibration, "HEAD_LAYERS", ("output_.*", ".*"))  # the last is of heads with a hidden layer
        yield


@pytest.fixture
def quick(methods, monkeypatch):
    """Neither iterations nor a plot, where they are not what is tested."""
    monkeypatch.setattr(calibration, "run_iterations", lambda pair: [])
    monkeypatch.setattr(calibration, "draw_calibration", lambda *given: None)


def write(folder: pathlib.Path, split: str, seed: int = 0, **changes) -> pathlib.Path:
    write_features(raters(split, seed, **changes), folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("raters")
    return write(root / "sources", "train"), write(root / "targets", "test")


@pytest.fixture(scope="module")
def compared(folders, methods, tmp_path_factory):
    output = tmp_path_factory.mktemp("calibrated")
    table = calibrate_intensity([folders[0]], [folders[1]], output, share=0.05, neutral_seconds=NEUTRAL_SECONDS)
    return output, table


def rows_of(output: pathlib.Path, name: str = "calibration.csv") -> list[dict[str, str]]:
    with (output / name).open() as file:
        return list(csv.DictReader(file))


def test_intensities_are_stored_and_read_with_the_head_of_some_of_them(folders):
    stored, made = read_features(folders[1]), raters("test", 0)
    assert stored.quantities == EMOTIONS and (stored.each, stored.raw.shape) == (11, (FRAMES * PEOPLE, 22))
    np.testing.assert_allclose(stored.labels, made.labels, atol=1e-6)
    np.testing.assert_allclose(stored.output, made.features[:, :2].clip(0, 10) / 10, atol=0.02)
    sad = read_features(folders[1], ["intensity_sad"])
    np.testing.assert_allclose(sad.output[:, 0], stored.output[:, 1], atol=1e-6)
    np.testing.assert_allclose(sad.base_head()(sad.features), sad.output, atol=1e-5)
    with pytest.raises(ValueError, match="holds no outputs of intensity_fear; it holds intensity_happy, intensity_sad"):
        read_features(folders[1], ["intensity_fear"])


def test_scores_are_counted_by_hand():
    """Of four happy faces, one is exact, two within 1, three within 2 and four within 3; sadness never changes."""
    predicted = np.float32([[0.0, 0.0], [0.4, 0.0], [0.3, 0.1], [1.0, 0.3]])
    label = np.float32([[0.0, 0.0], [0.5, 0.0], [0.5, 0.0], [0.7, 0.0]])
    found = score(EMOTIONS, predicted, label)
    shares = [found[f"{name}/intensity_happy"] for name in ("exact", "within_1", "within_2", "within_3")]
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert found["exact/mean"] == (0.25 + 0.5) / 2
    assert np.isnan(found["kappa/intensity_sad"]) and found["kappa/mean"] == found["kappa/intensity_happy"]
    errors = {error: found[f"error/{error}"] for error in range(-10, 11) if found[f"error/{error}"]}
    assert errors == {0: 3 / 8, -1: 1 / 8, -2: 1 / 8, 3: 2 / 8, 1: 1 / 8}


def test_scores_equal_an_oracle_on_frames_far_from_the_neutral_segment(compared):
    stored, own = raters("test", 0), slice(FRAMES, 2 * FRAMES)
    protocol = Protocol("none", neutral=True)
    scored = protocol.draw(TIMES, TIMES < NEUTRAL_SECONDS, generator(0, "test/1")).scored
    assert not scored[NEUTRAL_SECONDS + 1 > TIMES].any()
    answer, label = 10 * stored.output[own], 10 * stored.labels[own]
    subtracted = (answer - answer[TIMES < NEUTRAL_SECONDS].mean(0)).clip(0, 10)
    for method, values in (("none", answer), ("neutral_subtraction", subtracted)):
        apart = np.abs(np.floor(values + 0.5) - np.floor(label + 0.5))[scored]
        (row,) = [
            row
            for row in rows_of(compared[0])
            if (row["method"], row["protocol"], row["subject"]) == (method, "none", "test/1")
        ]
        np.testing.assert_allclose(float(row["within_2/mean"]), (apart <= 2).mean(0).mean(), atol=0.02)
        np.testing.assert_allclose(float(row["exact/mean"]), (apart == 0).mean(0).mean(), atol=0.02)


def test_tables_plot_and_lines(compared):
    output, table = compared
    rows, along = rows_of(output), rows_of(output, "iterations.csv")
    assert len(rows) == (3 + len(METHODS)) * PEOPLE  # with a neutral face, and with labels of a block besides
    assert len(along) == 2 * PEOPLE  # 1 and 10 iterations
    assert "neutral subtraction" in table and "within 2" in table
    page = (output / "summary.md").read_text()
    for heading in ("## A neutral face only", "### Difference to neutral subtraction", "## By layers, learning rate"):
        assert heading in page
    assert (output / "calibration.png").read_bytes().startswith(b"\x89PNG")
    lines = {row["method"]: row for row in rows_of(output, "summary.csv") if row["given"] == "neutral"}
    assert float(lines["neutral_subtraction"]["exact-none/low"]) > 0
    assert "bias_scale" not in lines  # it needs labels


def test_corrupting_all_that_is_neither_neutral_nor_scored_changes_nothing(folders, methods, compared, tmp_path):
    """Leakage: the guard, the reserved block and all labels but the scored ones may be anything."""
    stored = raters("test", 0)
    broken = {name: getattr(stored, name).copy() for name in ("features", "raw", "labels")}
    protocol = Protocol("none", neutral=True)
    for person in range(PEOPLE):
        own = slice(person * FRAMES, (person + 1) * FRAMES)
        resting = TIMES < NEUTRAL_SECONDS
        scored = protocol.draw(TIMES, resting, generator(0, f"test/{person}")).scored
        broken["labels"][own][~scored & ~resting] = 0.9
        broken["features"][own][~scored & ~resting] = 50.0
    broken["raw"] = broken["features"] @ stored.head["output_kernel"] + stored.head["output_bias"]
    target = write(tmp_path / "targets", "test", **broken)
    calibrate_intensity([folders[0]], [target], tmp_path / "out", share=0.0, neutral_seconds=NEUTRAL_SECONDS)
    for name in ("calibration.csv", "iterations.csv"):
        before = [row for row in rows_of(compared[0], name) if row["protocol"] == "none"]
        assert rows_of(tmp_path / "out", name) == before


def test_one_emotion_alone(folders, quick, tmp_path):
    calibrate_intensity([folders[0]], [folders[1]], tmp_path, ["none"], ["sad"], 0.0, NEUTRAL_SECONDS)
    row = rows_of(tmp_path)[0]
    assert row["exact/mean"] == row["exact/intensity_sad"] and "exact/intensity_happy" not in row


def test_a_table_of_the_whole_network_stands_beside_the_others(folders, quick, compared, tmp_path):
    rows = [row for row in rows_of(compared[0]) if (row["method"], row["protocol"]) == ("none", "none")]
    whole = [
        {**row, "method": "whole_network", "iterations": "3", "learning_rate": "0.001", "layers": "logits/.*"}
        for row in rows
    ]
    calibration.write_csv(whole, tmp_path / "whole.csv")
    calibrate_intensity(
        [folders[0]], [folders[1]], tmp_path, ["none"], share=0.0, neutral_seconds=NEUTRAL_SECONDS,
        whole=[tmp_path / "whole.csv"],
    )  # fmt: skip
    assert "| whole network, 3 iterations, rate 0.001, layers `logits/.*`" in (tmp_path / "summary.md").read_text()
    with pytest.raises(UsageError, match=r"--whole=.*calibration.csv is no table of launch.fine_tune_whole"):
        calibrate_intensity([folders[0]], [folders[1]], tmp_path, whole=[compared[0] / "calibration.csv"])


def test_people_without_a_neutral_segment_are_refused_and_those_who_move_in_it_are_named(
    folders, quick, tmp_path, caplog
):
    sources, targets = [folders[0]], [folders[1]]
    with pytest.raises(UsageError, match="--neutral_seconds=0: there is no neutral segment, by which people are"):
        calibrate_intensity(sources, targets, tmp_path, neutral_seconds=0.0)
    late = np.tile(TIMES, PEOPLE)
    late[FRAMES : 2 * FRAMES] += 10
    folder = write(tmp_path / "late", "test", time_seconds=late)
    with pytest.raises(UsageError, match="subject 'test/1' has no frame in the first 3 s of a recording, where the"):
        calibrate_intensity(sources, [folder], tmp_path, neutral_seconds=NEUTRAL_SECONDS)
    smiling = raters("test", 0).labels.copy()
    smiling[:3] = 0.42
    folder = write(tmp_path / "smiling", "test", labels=smiling)
    with caplog.at_level("WARNING"):
        calibrate_intensity(sources, [folder], tmp_path, ["none"], ["happy"], 0.0, NEUTRAL_SECONDS)
    assert (
        "test/0 is not neutral in the neutral segment: labels reach 4.2 there, and in 50 % of its frames" in caplog.text
    )
    assert "test/1 is not neutral" not in caplog.text


def test_what_does_not_belong_here_is_refused(folders, quick, tmp_path):
    sources, targets = [folders[0]], [folders[1]]
    with pytest.raises(UsageError, match="holds features of intensity; compare with launch.calibrate_intensity"):
        compare_adaptation(sources, targets, tmp_path, neutral_seconds=NEUTRAL_SECONDS)
    with pytest.raises(UsageError, match="--share=0.5: protocol: share is 0.5; expected a fraction from 0 to 0.2"):
        calibrate_intensity(sources, targets, tmp_path, share=0.5)
    with pytest.raises(UsageError, match="--sources was given 1 times and --targets 2 times"):
        calibrate_intensity(sources, 2 * targets, tmp_path)
    with pytest.raises(UsageError, match="holds no outputs of intensity_fear"):
        calibrate_intensity(sources, targets, tmp_path, emotions=["fear"])
    with pytest.raises(UsageError, match="unknown quantity 'intensity_joy'|holds no outputs of intensity_joy"):
        calibrate_intensity(sources, targets, tmp_path, emotions=["joy"])


def test_without_layers_of_the_network_iterations_are_left_out(folders, methods, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(calibration, "draw_calibration", lambda *given: None)
    pairs = [write(tmp_path / split, split, head=None) for split in ("train", "test")]
    with caplog.at_level("WARNING"):
        calibrate_intensity(*([pair] for pair in pairs), tmp_path / "out", ["none"], (), 0.0, NEUTRAL_SECONDS)
    assert "iterations are left out: the stored features hold no layers of the network" in caplog.text
    assert not rows_of(tmp_path / "out", "iterations.csv")


def test_people_whose_intensity_is_not_known_are_left_out_and_named(folders, quick, tmp_path, caplog):
    known = np.arange(FRAMES * PEOPLE) >= FRAMES
    folder = write(tmp_path / "some", "test", weight=known.astype(np.float32))
    with caplog.at_level("WARNING"):
        calibrate_intensity([folders[0]], [folder], tmp_path / "out", ["none"], ["happy"], 0.0, NEUTRAL_SECONDS)
    assert "intensity of 'happy' in [0, 10] is not known, or not all of it, of test/0 (1 of 3 people)" in caplog.text
    assert {row["subject"] for row in rows_of(tmp_path / "out")} == {"test/1", "test/2"}
    folder = write(tmp_path / "nobody", "test", weight=np.zeros(FRAMES * PEOPLE, np.float32))
    with pytest.raises(UsageError, match="of test/0, test/1, test/2 and of nobody else; choose other emotions with"):
        calibrate_intensity([folders[0]], [folder], tmp_path / "out", ["none"], ["happy"], 0.0, NEUTRAL_SECONDS)
