"""The comparison of ways of adapting to new people: what is scored, that it resumes, and what it refuses."""

import csv
import dataclasses
import pathlib

import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study import adaptation_runs
from affect_jax.experiment.study.adaptation import compare_adaptation
from affect_jax.experiment.study.adaptation_runs import protocols, read_pair
from affect_jax.personal import registry
from affect_jax.personal.adapter import no_adapter
from affect_jax.personal.given import anything
from affect_jax.personal.linear import Linear, Unadapted
from affect_jax.personal.protocol import Protocol, generator
from affect_jax.personal.stored import StoredFeatures, write_features

FRAMES, PEOPLE, SHARES = 120, 3, (0.0, 0.05, 0.2)
TIMES = np.arange(FRAMES) / 2
NEUTRAL_SECONDS = 3.0


class NeutralFace(Linear):
    """Subtracts the output of the neutral face."""

    name, needs = "neutral_subtraction", ("neutral",)

    def adapt(self, prior, given, key):
        weight = given.neutral[:, None] / jnp.maximum(given.neutral.sum(), 1.0)
        bias = -(weight * given.output).sum(0) * anything(given.neutral)
        return dataclasses.replace(no_adapter(given.features.shape[-1]), bias=bias)


class LeastSquares(Linear):
    """A line for each output."""

    name, needs = "bias_scale", ("labels",)

    def adapt(self, prior, given, key):
        weight = given.labeled[:, None] / jnp.maximum(given.labeled.sum(), 1.0)
        means = [(weight * values).sum(0) for values in (given.output, given.label)]
        centered = [values - mean[None] for values, mean in zip((given.output, given.label), means, strict=True)]
        variance = jnp.maximum((weight * centered[0] ** 2).sum(0), 1e-9)
        slope = (weight * centered[0] * centered[1]).sum(0) / variance
        known = anything(given.labeled)
        nothing = no_adapter(given.features.shape[-1])
        return dataclasses.replace(nothing, bias=known * (means[1] - slope * means[0]), scale=known * (slope - 1))


def people(split: str, seed: int) -> StoredFeatures:
    """Outputs are the label with a bias of the person and noise; the label is 0 in the neutral segment."""
    rng = np.random.default_rng((seed, len(split)))
    moving = np.cumsum(rng.normal(0, 0.12, (PEOPLE, FRAMES, 2)), axis=1)
    label = np.tanh(moving) * (TIMES >= NEUTRAL_SECONDS)[None, :, None]
    output = label + rng.normal(0, 0.3, (PEOPLE, 1, 2)) + rng.normal(0, 0.05, label.shape)
    names = tuple(f"{split}/{person}" for person in range(PEOPLE) for _ in range(FRAMES))
    flat = lambda values: values.reshape(PEOPLE * FRAMES, -1).astype(np.float32)
    return StoredFeatures(
        features=flat(rng.normal(size=(PEOPLE, FRAMES, 4))),
        valence_arousal=flat(output),
        labels=flat(label),
        weight=np.ones(PEOPLE * FRAMES, np.float32),
        subject=names,
        clip=names,
        face=np.zeros(PEOPLE * FRAMES, np.int64),
        frame=np.tile(np.arange(FRAMES), PEOPLE),
        time_seconds=np.tile(TIMES, PEOPLE),
        network_sha256=f"{seed:064d}",
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """(sources, targets) of two seeds."""
    root = tmp_path_factory.mktemp("people")
    for seed in range(2):
        for name, split in (("sources", "train"), ("targets", "test")):
            write_features(people(split, seed), root / f"{name}_{seed}")
    return [root / f"sources_{seed}" for seed in range(2)], [root / f"targets_{seed}" for seed in range(2)]


@pytest.fixture(scope="module")
def methods():
    """Three small methods instead of all, which tests/personal covers."""
    small = {method.name: method for method in (Unadapted(), LeastSquares(), NeutralFace())}
    with pytest.MonkeyPatch.context() as patch:
        for name in set(registry.METHODS) - set(small):
            patch.delitem(registry.METHODS, name)
        for name, method in small.items():
            patch.setitem(registry.METHODS, name, method)
        yield small


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
    output, label = stored.valence_arousal[own], stored.labels[own]
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
    rows_of_setting = adaptation_runs._rows
    monkeypatch.setattr(adaptation_runs, "_rows", lambda *given: computed.append(given[1]) or rows_of_setting(*given))
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


def test_other_people_or_a_longer_neutral_segment_are_another_part(folders):
    sources, targets = folders
    digests = [
        read_pair(sources[0], targets[0], 3.0, 0).digest,
        read_pair(sources[0], targets[0], 4.0, 0).digest,
        read_pair(sources[0], targets[0], 3.0, 1).digest,
        read_pair(sources[1], targets[1], 3.0, 0).digest,
    ]
    assert len(set(digests)) == 4
    assert read_pair(sources[0], targets[0], 3.0, 0).digest == digests[0]
