"""The whole way in miniature, through the same functions as the commands: landmarks -> static -> inflated -> clip."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest

from affect_jax.experiment import costs, evaluate, predictor
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.space import grid
from affect_jax.experiment.derive import growth, inflate
from affect_jax.experiment.derive.inflated_config import InflationConfig
from affect_jax.experiment.study.speeds import frames_per_second
from affect_jax.experiment.study.sweep import FinalEvaluation, begin, carry_out
from affect_jax.experiment.train import train
from affect_jax.models.certificate import InflationError
from affect_jax.predict.estimate import estimate
from affect_jax.predict.sources import Frame
from configs import base

pytestmark = pytest.mark.slow  # whole runs

SIZES = {"input_px": 32, "widths": (4, 8, 8), "modules": 1, "depth": 2}
HEAD = {"blocks": 1, "rank": 4}
GROWTH = InflationConfig(time_kernel=3, time_pool=3, frames=4)


def miniature(root, name, workdir="", rule="scratch"):
    config = base.base()
    config.batch_size = 8
    config.train.update(steps=4, log_every=2, evaluate_every=2)
    config.optimizer.learning_rate = 1e-2
    config.initialize.update(rule=rule, workdir=str(workdir))
    config.data.store = str(root / "data")
    config.frozen = "" if name == "landmarks" else "trunk/.*"
    sections = {"landmarks": {}, "emonet": {"head": HEAD}, "clip": {"head": HEAD, "time": {"pool": 3}}}
    config.model = base.model(name, trunk=SIZES, **sections[name])
    config.task = base.task("landmarks" if name == "landmarks" else "affect")
    kind = {"kind": "clips", "subjects": 2, "per_subject": 1, "frames": 8} if name == "clip" else {}
    options_ = {"size_px": 64, "subjects": 3, "per_subject": 8, **kind}
    config.data.train.rendered = base.data_set("rendered", split="train", **options_)
    config.evaluations.validation = base.data_set("rendered", split="validation", **options_)
    config.train.best = "-validation/nme" if name == "landmarks" else "validation/ccc/mean"
    if name == "clip":
        config.data.update(frames=4, hop=2)
    return config


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a trained run of every stage."""
    root = tmp_path_factory.mktemp("runs")
    assert train(miniature(root, "landmarks"), root / "landmarks")
    assert train(miniature(root, "emonet", root / "landmarks", "copy"), root / "static")
    inflate.inflate_run(root / "static", root / "inflated", GROWTH)
    assert train(miniature(root, "clip", root / "inflated", "copy"), root / "clip")
    return root


def test_every_stage_leaves_its_config_metrics_events_and_checkpoint(runs):
    for stage in ("landmarks", "static", "clip"):
        lines = [json.loads(line) for line in (runs / stage / "metrics.jsonl").read_text().splitlines()]
        assert [line["step"] for line in lines if "train/loss" in line] == [2, 4]
        assert all(np.isfinite(value) for line in lines for value in line.values())
        assert list((runs / stage / "events").iterdir()) and (runs / stage / "config.json").is_file()
        assert (runs / stage / "checkpoints" / "4").is_dir()


def test_the_frozen_trunk_goes_unchanged_through_all_stages(runs):
    from affect_jax.experiment import restore
    from affect_jax.nn.network import names

    arrays = {
        stage: names(restore.restore_run(runs / stage)[2]) for stage in ("landmarks", "static", "inflated", "clip")
    }
    trunk = [name for name in arrays["landmarks"] if name.startswith("trunk/")]
    assert len(trunk) > 20
    for stage in ("static", "inflated", "clip"):
        for name in trunk:
            np.testing.assert_array_equal(arrays[stage][name], arrays["landmarks"][name], err_msg=f"{stage} {name}")
    moved = [name for name in arrays["clip"] if not np.array_equal(arrays["clip"][name], arrays["inflated"][name])]
    assert any("time" in name for name in moved)


def test_the_certificate_is_written_and_the_inflated_run_scores_as_the_static_one(runs):
    found = json.loads((runs / "inflated" / "inflation.json").read_text())
    assert found["largest_difference"] <= 1e-5 and found["exact"]
    again = inflate.certify(runs / "inflated")
    assert again.pop("stored") == found and again["checks"] == found["checks"]
    settings = ["kind=clips", "subjects=2", "per_subject=1", "frames=8"]
    scores = {}
    for stage in ("static", "inflated"):
        folder, summary = evaluate.evaluate_run(runs / stage, "rendered", "", "test", settings)
        scores[stage] = summary["scores"]
        with (folder / "predictions.csv").open() as file:
            assert len(list(csv.DictReader(file))) == 2 * 8
    for name, value in scores["static"].items():
        assert scores["inflated"][name] == pytest.approx(value, abs=1e-4), name


def test_flip_averaging_is_named_in_the_output(runs):
    folder, summary = evaluate.evaluate_run(runs / "static", "rendered", "", "test", [], ["valence_arousal"])
    assert summary["conditions"]["flip_averaging"] == ("valence_arousal",)
    assert folder.name == "rendered_test_flip_valence_arousal"
    folder, every = evaluate.evaluate_run(runs / "static", "rendered", "", "test", [], ["emotion", "valence_arousal"])
    assert every["conditions"]["flip_averaging"] == ("valence_arousal", "emotion")
    assert folder.name == "rendered_test_flip_emotion_valence_arousal"
    assert every["scores"]["ccc/mean"] == summary["scores"]["ccc/mean"]


def test_prediction_leaves_out_the_frames_that_training_left_out(runs, tmp_path):
    workdir = shutil.copytree(runs / "clip", tmp_path / "clip")
    config = json.loads((workdir / "config.json").read_text())
    assert predictor.predictor(workdir).every == 1
    config["data"]["windows"]["every"] = 2
    (workdir / "config.json").write_text(json.dumps(config))
    made = predictor.predictor(workdir)
    frames = [Frame("made", index, index / 30, np.full((64, 64, 3), 40 * index, np.uint8)) for index in range(6)]
    alone = dataclasses.replace(made, every=1)
    for index, (_, (row,)) in enumerate(estimate(made, frames, None)):
        (expected,) = list(estimate(alone, frames[index % 2 :: 2], None))[index // 2][1]
        np.testing.assert_equal(row.values, expected.values)


def test_a_finished_run_is_left_alone_and_another_config_refused(runs, caplog):
    before = (runs / "static" / "metrics.jsonl").read_bytes()
    config = miniature(runs, "emonet", runs / "landmarks", "copy")
    assert train(config, runs / "static")
    assert (runs / "static" / "metrics.jsonl").read_bytes() == before
    config.seed = 1
    with pytest.raises(UsageError, match="seed: 0 there, 1 now"):
        train(config, runs / "static")


def test_a_network_without_factors_is_inflated_by_another_rule(runs, tmp_path):
    wanted = InflationConfig(rule="factorized", time_kernel=3, frames=4)
    with pytest.raises(UsageError, match=r"'trunk/.+' has a dense kernel.+model\.time\.form\)$"):
        inflate.inflate_run(runs / "landmarks", tmp_path / "inflated", wanted)
    assert not (tmp_path / "inflated").exists()
    wanted = dataclasses.replace(wanted, rule=None, layers=("trunk/block_wide",))  # channelwise, as there is no head
    assert inflate.inflate_run(runs / "landmarks", tmp_path / "inflated", wanted)["exact"]


def test_time_is_taken_away_from_a_trained_clip_network(runs, tmp_path):
    workdir = shutil.copytree(runs / "clip", tmp_path / "clip")
    config = json.loads((workdir / "config.json").read_text())
    config["optimizer"]["learning_rate_multipliers"] = (("head/time_features/offsets", 5.0),)
    config["model"]["time"]["output_average"] = "warm"
    (workdir / "config.json").write_text(json.dumps(config))
    found = inflate.inflate_run(workdir, tmp_path / "still", InflationConfig(rule="static"))
    assert found["new"] == ["outputs are averaged (no longer)", "time was removed"]
    made = claim.read_options(tmp_path / "still")
    assert (
        made.model_name,
        made.data.frames,
        made.data.hop,
        made.frozen,
        made.optimizer.learning_rate_multipliers,
    ) == (
        "emonet",
        0,
        0,
        "",
        (),
    )
    with pytest.raises(UsageError, match="--causal=True has no effect on this network with --rule=static"):
        inflate.inflate_run(workdir, tmp_path / "idle", InflationConfig(rule="static", causal=True))
    with pytest.raises(UsageError, match="--recurrent=gru has no effect on this network"):
        wanted = InflationConfig(rule="channelwise", recurrent="gru")
        inflate.inflate_run(runs / "landmarks", tmp_path / "idle", wanted)


def test_a_second_inflation_into_the_same_folder_changes_nothing(runs):
    before = (runs / "inflated" / "inflation.json").read_bytes()
    found = inflate.inflate_run(runs / "static", runs / "inflated", GROWTH)
    assert json.loads(before) == found and (runs / "inflated" / "inflation.json").read_bytes() == before
    with pytest.raises(UsageError, match="model.time.causal: False there, True now"):
        inflate.inflate_run(runs / "static", runs / "inflated", dataclasses.replace(GROWTH, causal=True))


def test_what_was_made_of_a_run_that_has_been_trained_on_since_is_not_taken_for_new(runs, tmp_path):
    workdir = shutil.copytree(runs / "inflated", tmp_path / "inflated")
    found = json.loads((workdir / "inflation.json").read_text())
    (workdir / "inflation.json").write_text(json.dumps({**found, "step": found["step"] - 1}))
    with pytest.raises(UsageError, match=r"was made from step \d+ of .+static, whose best step is \d+ by now"):
        inflate.inflate_run(runs / "static", workdir, GROWTH)


def test_an_average_of_valence_and_arousal_excuses_nothing_else(runs, tmp_path, monkeypatch):
    apart = {"valence_arousal": 0.5, "emotion_logits": 0.25}
    check = {
        "clip": "random",
        "frames": 4,
        "dtype": "float32",
        "differences": apart,
        "allowed": dict.fromkeys(apart, 1),
    }
    wrong = {**check, "allowed": dict.fromkeys(apart, 1e-5)}
    wanted = dataclasses.replace(GROWTH, output_average="warm")
    for checks in ([wrong], [check, wrong]):
        record = {"largest_difference": 0.5, "largest_difference_bfloat16": 0.0, "exact": False, "checks": checks}
        monkeypatch.setattr(growth, "compare_networks", lambda *_, record=record: record)
        with pytest.raises(InflationError, match="differs from the static one by 0.25 at 'emotion_logits'"):
            inflate.inflate_run(runs / "static", tmp_path / "averaged", wanted)
    assert not (tmp_path / "averaged").exists()


def test_a_sweep_trains_each_point_and_writes_one_table(runs, tmp_path):
    config = miniature(runs, "emonet", runs / "landmarks", "copy")
    config.train.update(steps=2)
    points = grid(optimizer__learning_rate=(1e-3, 1e-2))
    begin(config, points, tmp_path)
    assert carry_out(tmp_path)
    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["optimizer.learning_rate"], row["state"]) for row in rows] == [
        ("000", "0.001", "done"),
        ("001", "0.01", "done"),
    ]
    assert not (tmp_path / "seeds.csv").exists()
    with pytest.raises(UsageError, match=r"config has no option 'optimizer.rat'; did you mean"):
        begin(config, [{"optimizer.rat": 1.0}], tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_sweep_over_seeds_is_evaluated_on_held_out_data_and_may_start_from_its_own_runs(runs, tmp_path):
    config = miniature(runs, "emonet", runs / "landmarks", "copy")
    config.train.update(steps=1)
    points = [{"label": "first", "seed": seed} for seed in (0, 1)]
    points += [
        {"label": "from the first", "seed": seed, "initialize.workdir": f"{{sweep}}/00{seed}"} for seed in (0, 1)
    ]
    final = FinalEvaluation("rendered", split="test", settings=("subjects=2",))
    begin(config, points, tmp_path, final)
    assert carry_out(tmp_path)
    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    summaries = [json.loads((tmp_path / row["run"] / "evaluation/sweep/summary.json").read_text()) for row in rows]
    assert [float(row["ccc/mean"]) for row in rows] == [summary["scores"]["ccc/mean"] for summary in summaries]
    assert {summary["conditions"]["split"] for summary in summaries} == {"test"}
    assert claim.read_config(tmp_path / "003")["initialize"]["workdir"] == str(tmp_path / "001")
    before = (tmp_path / "table.csv").read_bytes()
    other = dataclasses.replace(final, settings=("subjects=3",))
    with pytest.raises(UsageError, match=r"000.evaluation.sweep holds an evaluation of reader 'subjects=2"):
        begin(config, points, tmp_path, other)
    assert (tmp_path / "table.csv").read_bytes() == before
    with (tmp_path / "seeds.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(line["label"], line["runs"]) for line in lines] == [("first", "2"), ("from the first", "2")]
    gap = np.mean([float(rows[i + 2]["ccc/mean"]) - float(rows[i]["ccc/mean"]) for i in (0, 1)])
    assert lines[1]["ccc/mean, difference"].startswith(f"{gap:+.3f} ± ")
    speeds = frames_per_second({"one": tmp_path / "000", "other": runs / "clip"})
    assert list(speeds) == ["one", "other"] and min(speeds.values()) > 1
    of_run = {name: str(value) for name, value in costs.network_costs(claim.read_options(tmp_path / "003")).items()}
    assert all(line.items() >= of_run.items() for line in (*lines, *rows))


def test_a_run_that_could_not_start_leaves_its_folder_to_the_corrected_command(runs, tmp_path):
    config = miniature(runs, "emonet", runs / "landmarks", "copy")
    config.evaluations.validation = base.data_set("folder", root=str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="nowhere"):
        train(config, tmp_path / "W")
    config.evaluations.validation = miniature(runs, "emonet").evaluations.validation
    config.train.steps = 1
    assert train(config, tmp_path / "W")


def test_balancing_an_emotion_without_an_example_is_refused_by_name(runs, tmp_path):
    config = miniature(runs, "emonet", runs / "landmarks", "copy")
    config.data.train.rendered = base.data_set("rendered", split="train", subjects=1, per_subject=2)
    config.data.balanced = 0.5
    with pytest.raises(ValueError, match=r"no training example shows .*contempt"):
        train(config, tmp_path / "W")


def test_a_summary_names_the_options_of_the_reader_that_decide_its_faces(runs):
    folder, summary = evaluate.evaluate_run(
        runs / "static", "rendered", "", "test", ("subjects=2", "per_subject=2"), (), "few"
    )
    assert {"subjects=2", "per_subject=2"} <= set(summary["conditions"]["reader"].split(", ")) and folder.name == "few"
