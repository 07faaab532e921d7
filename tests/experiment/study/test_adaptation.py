"""The comparison of ways of adapting to new people: what is scored, that it resumes, and what it refuses."""

import csv
import pathlib

import numpy as np
import pytest
from imitated_people import FRAMES, NEUTRAL_SECONDS, PEOPLE, TIMES, LeastSquares, people

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study import adaptation_runs
from affect_jax.experiment.study.adaptation import compare_adaptation
from affect_jax.experiment.study.adaptation_runs import protocols
from affect_jax.personal import registry
from affect_jax.personal.protocol import Protocol, generator

SHARES = (0.0, 0.05, 0.2)


@pytest.fixture(scope="module")
def compared(folders, methods, tmp_path_factory):
    """The output folder, and its rows by (seed, method, protocol, neutral, share, subject)."""
    output = tmp_path_factory.mktemp("compared")
    compare_adaptation(*folders, output, shares=SHARES, neutral_seconds=NEUTRAL_SECONDS)
    return output, rows_of(output)


def rows_of(output: pathlib.Path) -> dict[tuple, dict[str, str]]:
    keys = ("seed", "method", "protocol", "neutral", "share", "subject")
    with (output / "adaptation.csv").open() as file:
        return {tuple(row[key] for key in keys): row for row in csv.DictReader(file)}


def ccc(predicted, label):
    predicted, label = np.clip(np.float64(predicted), -1, 1), np.float64(label)
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    gap = (predicted.mean(0) - label.mean(0)) ** 2
    return 2 * covariance / (predicted.var(0) + label.var(0) + gap)


@pytest.mark.parametrize("kind", ["random", "block"])
def test_scores_equal_a_float64_oracle_on_the_frames_that_were_not_learned_from(compared, kind):
    _, rows = compared
    stored = people("test", 1)
    own = slice(FRAMES, 2 * FRAMES)
    output, label = stored.output[own], stored.labels[own]
    adaptation, scored = Protocol(kind, 0.05).draw(TIMES, TIMES < NEUTRAL_SECONDS, generator(1, "test/1"))
    row = rows["1", "none", kind, "0", "0.05", "test/1"]
    np.testing.assert_allclose(float(row["ccc/valence"]), ccc(output[scored], label[scored])[0], rtol=1e-6)
    known, wanted = np.float64(output[adaptation]), np.float64(label[adaptation])
    slope = np.array([np.polyfit(known[:, d], wanted[:, d], 1) for d in range(2)])
    fitted = output * slope[:, 0] + slope[:, 1]
    row = rows["1", "bias_scale", kind, "0", "0.05", "test/1"]
    np.testing.assert_allclose(float(row["ccc/arousal"]), ccc(fitted[scored], label[scored])[1], rtol=1e-4)
    assert (row["labeled"], row["scored"]) == ("6", str(scored.sum()))


def test_without_anything_that_a_method_needs_its_scores_are_those_of_the_network(compared, methods):
    _, rows = compared
    base = {key[2:]: row for key, row in rows.items() if key[:2] == ("0", "none")}
    equal = 0
    for key, row in rows.items():
        seed, method, protocol, neutral, share, _ = key
        needs = methods[method].needs
        labels = protocol != "none" and share != "0" and "labels" in needs
        if seed == "0" and not labels and not (neutral == "1" and "neutral" in needs):
            assert row == {**base[key[2:]], "method": method}
            equal += method != "none"
    assert equal > 50
    biased = rows["0", "none", "none", "1", "0", "test/0"]
    assert float(rows["0", "neutral_subtraction", "none", "1", "0", "test/0"]["ccc/mean"]) > float(biased["ccc/mean"])


def test_every_setting_is_there_once_for_each_seed_method_and_person(compared):
    output, rows = compared
    assert len(rows) == 2 * 3 * len(protocols(SHARES)) * PEOPLE
    assert len(protocols(SHARES)) == 3 + 3 + 2 * 2 + 2 * 3  # random and block, with a neutral face, and no labels
    page = (output / "summary.md").read_text()
    assert "## Labels of 5% of the frames, in a block, with a neutral face" in page
    assert (output / "adaptation.png").read_bytes().startswith(b"\x89PNG") and (output / "summary.csv").exists()


def test_it_goes_on_where_it_stopped_and_repeats_nothing(compared, folders, methods, tmp_path, monkeypatch):
    output, rows = compared
    part = next((output / "parts").glob("*/bias_scale.csv"))
    complete = part.read_bytes()
    part.write_bytes(b"\n".join(complete.split(b"\n")[: 1 + 4 * PEOPLE]) + b"\n")  # four settings were finished
    computed = []
    rows_of_setting = adaptation_runs.rows_of
    monkeypatch.setattr(adaptation_runs, "rows_of", lambda *given: computed.append(given[0]) or rows_of_setting(*given))
    compare_adaptation(*folders, output, shares=SHARES, neutral_seconds=NEUTRAL_SECONDS)
    assert len(computed) == len(protocols(SHARES)) - 4
    assert part.read_bytes() == complete and rows_of(output) == rows
    computed.clear()
    compare_adaptation(*folders, output, ["bias_scale"], (0.0, 0.1), NEUTRAL_SECONDS)
    assert {protocol.share for protocol in computed} == {0.1}  # of both methods: the base comes along


def test_what_does_not_belong_together_is_refused(folders, methods, tmp_path):
    sources, targets = folders
    with pytest.raises(UsageError, match="--sources was given 2 times and --targets 1 times; give one of each"):
        compare_adaptation(sources, targets[:1], tmp_path)
    with pytest.raises(UsageError, match="holds features of network .* run launch.features for both with the same"):
        compare_adaptation(sources[:1], targets[1:], tmp_path)
    with pytest.raises(UsageError, match=r"subject 'train/0' is among the sources and among the targets \(3 in both\)"):
        compare_adaptation(sources[:1], sources[:1], tmp_path)
    with pytest.raises(UsageError, match="unknown --methods 'bias_scal'.*bias_scale"):
        compare_adaptation(sources, targets, tmp_path, ["bias_scal"])
    with pytest.raises(UsageError, match="--shares=0.5: expected fractions from 0 to 0.2, the share of frames"):
        compare_adaptation(sources, targets, tmp_path, shares=(0.5,))
    with pytest.raises(UsageError, match="--shares is empty: give fractions of a person's frames, such as --shares="):
        compare_adaptation(sources, targets, tmp_path, shares=())
    with pytest.raises(UsageError, match="holds no complete stored features|holds no stored features"):
        compare_adaptation([tmp_path / "nothing"], targets[:1], tmp_path)


def test_a_method_that_does_not_suit_the_network_is_left_out_unless_it_was_asked_for(
    folders, methods, tmp_path, monkeypatch, caplog
):
    def refuse(sources, key):
        raise ValueError("method 'last_layer' needs the head")

    unsuited = LeastSquares()
    unsuited.learn = refuse
    monkeypatch.setitem(registry.METHODS, "last_layer", unsuited)
    sources, targets = (each[:1] for each in folders)
    monkeypatch.setattr("affect_jax.experiment.study.adaptation.draw_adaptation", lambda *given: None)
    with caplog.at_level("WARNING"):
        compare_adaptation(sources, targets, tmp_path, shares=(0.0, 0.05), neutral_seconds=NEUTRAL_SECONDS)
    assert "last_layer is left out: method 'last_layer' needs the head" in caplog.text
    assert {key[1] for key in rows_of(tmp_path)} == set(methods) - {"last_layer"}
    with pytest.raises(UsageError, match="--methods: method 'last_layer' needs the head"):
        compare_adaptation(sources, targets, tmp_path, ["last_layer"])
    monkeypatch.setitem(registry.METHODS, "none", unsuited)
    with pytest.raises(UsageError, match="--methods: method 'last_layer' needs the head"):
        compare_adaptation(sources, targets, tmp_path / "base")


def test_the_main_table_is_of_a_share_above_0_and_of_a_neutral_face_only_if_there_is_one(folders, methods, tmp_path):
    sources, targets = (each[:1] for each in folders)
    table = compare_adaptation(sources, targets, tmp_path / "two", shares=(0.0, 0.1), neutral_seconds=NEUTRAL_SECONDS)
    page = (tmp_path / "two" / "summary.md").read_text()
    assert "bias scale" in table and "## Labels of 10% of the frames, in a block, with a neutral face" in page
    table = compare_adaptation(sources, targets, tmp_path / "none", shares=(0.0, 0.1), neutral_seconds=0.0)
    assert {key[3] for key in rows_of(tmp_path / "none")} == {"0"}
    page = (tmp_path / "none" / "summary.md").read_text()
    assert (
        "bias scale" in table and "neutral face" not in page and "## Labels of 10% of the frames, in a block\n" in page
    )
    table = compare_adaptation(sources, targets, tmp_path / "zero", shares=(0.0,), neutral_seconds=NEUTRAL_SECONDS)
    assert "neutral subtraction" in table and "Labels of" not in (tmp_path / "zero" / "summary.md").read_text()


@pytest.mark.parametrize(
    "damage",
    [
        lambda table: table[: len(table) // 2],
        lambda table: table[:-3],  # within the last number
        lambda table: b"\n".join(table.split(b"\n")[:-2]) + b"\n",  # a person is missing
        lambda table: table.replace(b",block,", b",", 1),
        lambda table: table.replace(b"test/0", b"test/9", 1),
        lambda table: b"",
        lambda table: b"\xff\xfe\x00",
    ],
)
def test_a_damaged_table_of_an_earlier_run_is_computed_again(compared, folders, methods, damage, caplog):
    output, rows = compared
    part = next((output / "parts").glob("*/neutral_subtraction.csv"))
    whole = part.read_bytes()
    part.write_bytes(damage(whole))
    with caplog.at_level("WARNING"):
        compare_adaptation(*folders, output, shares=SHARES, neutral_seconds=NEUTRAL_SECONDS)
    assert f"{part} is damaged: not all scores of all 3 people are there; it is computed again" in caplog.text
    assert part.read_bytes() == whole and rows_of(output) == rows
