"""A data set of clips through the registry alone: trained on, validated, evaluated, with labels moved in time."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from affect_jax.experiment import evaluate
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.data import evaluation_batches, open_source, open_training_source, training_batches
from affect_jax.experiment.train import train
from configs import base

pytestmark = pytest.mark.slow  # whole runs

FRAMES = 9
ACTORS = ("Bruce Campbell", "Embeth Davidtz", "Marcus Gilbert")
HELD = {"index": 4, "of": 5}  # Bruce Campbell is in it, the others are not
FOLD = "fold.index=4, fold.of=5"  # the same in a summary
POINTS = np.stack([np.linspace(12, 50, 68), np.linspace(14, 44, 68) ** 1.01], axis=1).round(3)


@pytest.fixture(scope="module")
def afew_va(tmp_path_factory):
    """AFEW-VA in miniature: three actors, valence rises by 0.1 a frame from -0.4."""
    root, rng = tmp_path_factory.mktemp("afew_va"), np.random.default_rng(0)
    for number, actor in enumerate(ACTORS, 1):
        folder = root / "01" / f"{number:03d}"
        folder.mkdir(parents=True)
        frames = {}
        for frame in range(FRAMES):
            frames[f"{frame:05d}"] = {"arousal": 2.0, "landmarks": POINTS.tolist(), "valence": frame - 4.0}
            Image.fromarray(rng.integers(0, 256, (56, 64, 3), np.uint8)).save(folder / f"{frame:05d}.png")
        content = {"actor": actor, "frames": frames, "video_id": folder.name}
        (folder / f"{folder.name}.json").write_text(json.dumps(content, indent=4, sort_keys=True))
    return root


def config_of(afew_va):
    config = base.base()
    config.batch_size, config.frozen, config.optimizer.learning_rate = 8, "trunk/.*", 1e-2
    config.train.update(steps=4, log_every=2, evaluate_every=2)  # as in test_end_to_end: its programs are compiled once
    trunk = {"input_px": 32, "widths": (4, 8, 8), "modules": 1, "depth": 2}
    config.model = base.model("clip", trunk=trunk, head={"blocks": 1, "rank": 4}, time={"pool": 3})
    config.task = base.task("affect")
    config.data.update(frames=4, hop=2)
    config.data.windows.update(start_jitter=1, speed=1.5)
    clock = {"delay_seconds": 0.08, "smoothing_seconds": 0.04}
    config.data.train.afew_va = base.data_set(
        "afew_va", root=str(afew_va), fold={**HELD, "complement": True}, clock=clock
    )
    config.evaluations.validation = base.data_set("afew_va", root=str(afew_va), fold=HELD)
    return config


@pytest.fixture(scope="module")
def run(afew_va, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run") / "clip"
    assert train(config_of(afew_va), workdir)
    return workdir


def test_labels_move_in_training_and_not_in_validation(afew_va, tmp_path):
    settings = options.parse(config_of(afew_va))
    source = open_training_source(settings, tmp_path)
    assert set(source.examples.subjects) == set(ACTORS[1:])
    labels = source.examples.labels
    assert labels["valence_arousal"].weight[:FRAMES].tolist() == [1] * (FRAMES - 2) + [0] * 2
    # A straight line stays what it is under smoothing, away from its ends.
    np.testing.assert_allclose(labels["valence_arousal"].value[1:4, 0], [-0.1, 0.0, 0.1], atol=1e-6)
    held = open_source(settings.evaluations["validation"], settings.label_set)
    np.testing.assert_allclose(held.examples.labels["valence_arousal"].value[:, 0], np.arange(-4, 5) / 10, atol=1e-6)
    batch = next(training_batches(settings, source, tmp_path))
    assert batch.inputs.images.shape == (8, 4, 32, 32, 3)


def table(folder):
    with open(folder / "predictions.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_evaluated_on_every_frame_under_the_clock_of_its_validation(run, afew_va, caplog):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert any(np.isfinite(line.get("validation/ccc/valence", np.nan)) for line in lines), lines
    folder, summary = evaluate.evaluate_run(run, "afew_va", "", "all", [])
    rows = table(folder)  # of the people of the validation alone
    assert len(rows) == FRAMES and summary["conditions"]["reader"] == FOLD
    with pytest.raises(UsageError, match=rf"evaluation of reader '{FOLD}', this one has ''; choose another --name"):
        evaluate.evaluate_run(run, "afew_va", "", "all", ["fold.of=1"])
    caplog.clear()
    folder, summary = evaluate.evaluate_run(run, "afew_va", "", "all", ["fold.of=1"], name="everybody")
    rows = table(folder)
    assert len(rows) == 3 * FRAMES and summary["conditions"]["reader"] == ""
    assert (
        "(data.train.afew_va: all but fold 4 of 5), and the evaluation (all subjects) includes some of them"
        in caplog.text
    )
    found = [float(row["label_valence"]) for row in rows if row["clip"] == "002"]
    np.testing.assert_allclose(found, np.arange(-4, 5) / 10, atol=1e-6)


def test_an_evaluation_can_move_the_labels_and_says_so(afew_va):
    config = config_of(afew_va)
    config.evaluations.validation.clock.update(delay_seconds=0.04, smoothing_seconds=1e-9)
    settings = options.parse(config)
    part = evaluate.evaluation_source(settings, "afew_va", str(afew_va), "all", ["clock.delay_seconds=0.08"])
    assert evaluate.data_conditions(part) == f"{FOLD}, clock.delay_seconds=0.08, clock.smoothing_seconds=1e-09"
    labels = open_source(part, settings.label_set).examples.labels
    np.testing.assert_allclose(labels["valence_arousal"].value[: FRAMES - 2, 0], np.arange(-2, 5) / 10, atol=1e-6)
    assert not labels["valence_arousal"].weight[FRAMES - 2 : FRAMES].any()
    part = evaluate.evaluation_source(settings, "afew_va", "", "all", ["fps=50.0"])
    assert (
        evaluate.data_conditions(part) == f"fps=50.0, {FOLD}, clock.delay_seconds=0.04, clock.smoothing_seconds=1e-09"
    )
    part = evaluate.evaluation_source(
        settings, "recola", "recola", "test", []
    )  # other raters, who are late in another way
    assert evaluate.data_conditions(part) == ""
    part = evaluate.evaluation_source(settings, "recola", "recola", "test", ["clock.delay_seconds=2.4"])
    assert evaluate.data_conditions(part) == "clock.delay_seconds=2.4"
    with pytest.raises(UsageError, match=r"--set=clock: delay_seconds is -1.0 and smoothing_seconds"):
        evaluate.evaluation_source(settings, "afew_va", "", "all", ["clock.delay_seconds=-1.0"])


def test_every_second_frame_still_evaluates_all_of_them(afew_va, tmp_path):
    config = config_of(afew_va)
    config.data.windows.every = 2
    settings = options.parse(config)
    held = open_source(settings.evaluations["validation"], settings.label_set)
    weight = np.zeros(FRAMES)
    for batch in evaluation_batches(settings, held, tmp_path):
        np.add.at(weight, batch.index[batch.weight > 0], 1)
        for row, known in zip(batch.index, batch.weight, strict=True):
            assert (np.diff(row[known > 0]) == 2).all()
    assert weight.tolist() == [1] * FRAMES


def test_a_causal_network_is_judged_with_all_the_past_its_windows_hold(afew_va, tmp_path):
    config = config_of(afew_va)
    config.model.time.causal = True
    settings = options.parse(config)
    held = open_source(settings.evaluations["validation"], settings.label_set)
    (batch,) = evaluation_batches(settings, held, tmp_path)
    assert batch.index[:4].tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [5, 6, 7, 8]]
    assert batch.weight[:4].tolist() == [[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]


def test_wrong_options_of_clips_are_named(afew_va):
    config = config_of(afew_va)
    config.data.frames = 0
    with pytest.raises(UsageError, match=r"data.windows is for clips; set data.frames"):
        options.parse(config)
    config.data.windows.update(start_jitter=0, speed=1.0)
    with pytest.raises(UsageError, match=r"data.hop is for clips; set data.frames"):
        options.parse(config)
    plain = options.as_dict(config_of(afew_va))
    plain["data"]["train"]["afew_va"]["clock"] = {"delay_second": 1.0}
    with pytest.raises(
        UsageError, match=r"data.train.afew_va.clock has no option .delay_second.; did you mean .*clock.delay_seconds"
    ):
        options.parse(plain)
    plain["data"]["train"]["afew_va"]["clock"] = 2.0
    with pytest.raises(UsageError, match=r"data.train.afew_va.clock is 2.0; expected a section of options"):
        options.parse(plain)
    plain["data"]["train"]["afew_va"].pop("clock")  # as a config.json from before there were clocks
    plain["data"].pop("windows")
    assert options.parse(plain).data.train["afew_va"].clock.delay_seconds == 0
