"""Workdirs that are damaged or do not fit: one clear message, and nothing half written."""

import json
import re
import shutil

import orbax.checkpoint as ocp
import pytest

from affect_jax.experiment import cli, evaluate, restore
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import inflate
from affect_jax.experiment.derive.inflated_config import InflationConfig
from affect_jax.experiment.train import train
from affect_jax.train import checksums
from affect_jax.train.damage import DamagedCheckpoint

pytestmark = pytest.mark.slow  # whole runs


@pytest.fixture
def run(static_run, tmp_path):
    """A copy of the trained run, to be broken."""
    shutil.copytree(static_run, tmp_path / "run")
    return tmp_path / "run"


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def largest(folder):
    return max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)


DAMAGE = {
    "no numbers": lambda step: shutil.rmtree(step / "network"),
    "empty folder": lambda step: (shutil.rmtree(step), step.mkdir()),
    "half the list of arrays": lambda step: cut(step / "network" / "_METADATA"),
    "no list of arrays": lambda step: (step / "network" / "_METADATA").unlink(),
    "half the index": lambda step: cut(step / "network" / "manifest.ocdbt"),
    "no index": lambda step: (step / "network" / "manifest.ocdbt").unlink(),
    "half the largest file": lambda step: cut(largest(step / "network")),
}


def remove_checksums(run):
    """Turns the checkpoints into those of an earlier version."""
    for path in (run / "checkpoints").glob(f"*/{checksums.NAME}"):
        path.unlink()


@pytest.mark.parametrize("with_checksums", [True, False])
@pytest.mark.parametrize("damage", DAMAGE)
def test_half_a_checkpoint_is_refused_with_its_folder_and_a_way_out(run, damage, with_checksums, monkeypatch):
    # Orbax would leave reads behind whose tracebacks come up later, on another thread.
    monkeypatch.setattr(ocp.CheckpointManager, "restore", lambda *_, **__: pytest.fail("Orbax was asked to read it"))
    if not with_checksums:
        remove_checksums(run)
    for step in (run / "checkpoints").iterdir():
        DAMAGE[damage](step)
    with pytest.raises(DamagedCheckpoint) as refused:
        restore.restore_run(run)
    message = str(refused.value)
    assert re.search(
        rf"the checkpoint {run}/checkpoints/\d cannot be read: one of its files is missing, truncated", message
    )
    assert "remove that folder, and the checkpoint of step" in message and len(message) < 600


def test_following_the_advice_helps(run):
    best = restore.restore_run(run)[3]
    shutil.rmtree(run / "checkpoints" / str(best) / "network")
    other = [int(step.name) for step in (run / "checkpoints").iterdir() if step.name != str(best)]
    with pytest.raises(
        DamagedCheckpoint, match=f"the checkpoint of step {other[0]} will be used" if other else "no other checkpoint"
    ):
        restore.restore_run(run)
    shutil.rmtree(run / "checkpoints" / str(best))
    if other:
        assert restore.restore_run(run)[3] == other[0]


def test_half_a_score_is_refused(run):
    for step in (run / "checkpoints").iterdir():
        cut(step / "metrics" / "metrics")
    with pytest.raises(DamagedCheckpoint, match=r"\(metrics/metrics does not match its checksum\); remove that folder"):
        restore.restore_run(run)
    remove_checksums(run)
    with pytest.raises(DamagedCheckpoint, match=r"remove the folder of the step whose 'metrics' are damaged"):
        restore.restore_run(run)


def rewrite(run, config):
    (run / "config.json").unlink()
    claim.claim(run, config)


@pytest.mark.parametrize("part", ["optimizer", "data", "network"])
def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one_and_says_so(run, part, caplog):
    config = claim.read_config(run)
    config["train"]["steps"] = 6
    rewrite(run, config)
    checkpoints, lines = run / "checkpoints", (run / "metrics.jsonl").read_text().splitlines()
    if not (checkpoints / "2").exists():  # the best one is the latest: then there is no other
        shutil.rmtree(checkpoints / "4" / part)
        with pytest.raises(
            DamagedCheckpoint, match=rf"{checkpoints}/4 is damaged .*and there is no other one: restore"
        ):
            train(config, run)
        assert (run / "metrics.jsonl").read_text().splitlines() == lines
        return
    shutil.rmtree(checkpoints / "4" / part)
    assert train(config, run)
    said = rf"{checkpoints}/4 is damaged \({part}/\S+ is missing\): it was moved to {run}/damaged/4, and the one of"
    assert re.search(said, caplog.text)
    again = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    kept = [line for line in map(json.loads, lines) if line["step"] <= 2]
    assert again[: len(kept)] == kept and {line["step"] for line in again} == {2, 4, 6}
    assert (run / "damaged" / "4").is_dir() and (checkpoints / "6").is_dir()


def edited(run, **sections):
    config = claim.read_config(run)
    for name, values in sections.items():
        part = config["model"] if name in config["model"] else config
        part[name] = {**part[name], **values} if isinstance(values, dict) else values
    rewrite(run, config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trunk": {"widths": [4, 12, 12]}}, r"'.+' has shape \(.+\) in the checkpoint, \(.+\) in the network"),
        ({"trunk": {"modules": 2}}, r"the checkpoint lacks \["),
        ({"head": {"rank": 0}}, r"the checkpoint lacks \["),
        (
            {"label_set": "emonet_5"},
            r"shape \(10,\) in the checkpoint, \(7,\).+\(model 'emonet', label_set 'emonet_5' of 5 emotions\)",
        ),
    ],
)
def test_a_checkpoint_of_another_architecture_is_refused(run, change, message):
    edited(run, **change)
    with pytest.raises(UsageError, match=message) as refused:
        evaluate.evaluate_run(run, "rendered", "", "test", [])
    assert str(refused.value).startswith(f"{run}/checkpoints/") and "config.json describes" in str(refused.value)
    assert not (run / "evaluation").exists()


CONFIGS = {
    "half a file": (lambda text: text[: len(text) // 2], r"config\.json, line \d+: not valid JSON \(.+\); restore it"),
    "empty": (lambda text: "", r"line 1: not valid JSON \(Expecting value\)"),
    "a list": (lambda text: "[1, 2]", "holds list instead of the sections of a config"),
    "no text": (lambda text: "\udcff", r"not a text file \(invalid start byte at byte 0\)"),
    "without a section": (
        lambda text: without(text, "augment"),
        r"section 'augment' is missing\. The file was edited",
    ),
    "without a model": (lambda text: without(text, "model"), "section 'model' is missing"),
    "without a seed": (lambda text: without(text, "seed"), "config lacks seed"),
    "without training data": (lambda text: without(text, "data", "train"), r"section 'data\.train' is missing"),
    "a number for a section": (lambda text: with_value(text, 3, "train"), "train is 3; expected a section of options"),
    "a word for a number": (
        lambda text: with_value(text, "many", "train", "steps"),
        r"train\.steps is 'many'; expected a whole number",
    ),
    "a word in a list": (
        lambda text: with_value(text, [4, "8", 8], "model", "trunk", "widths"),
        r"model\.trunk\.widths is \(4, '8', 8\); expected a list whose entries are each a whole number, as in \[1, 2\]",
    ),
    "an unknown label set": (
        lambda text: with_value(text, "affectnet", "label_set"),
        "unknown label_set 'affectnet'; choose one of .*affectnet_7",
    ),
    "a model of later days": (
        lambda text: with_value(text, "emonet3", "model", "name"),
        r"unknown model\.name 'emonet3'",
    ),
    "an option of later days": (
        lambda text: with_value(text, 1, "augment", "blur"),
        "augment has no option 'blur'",
    ),
}


def without(text, *names):
    config = json.loads(text)
    inner = config
    for name in names[:-1]:
        inner = inner[name]
    del inner[names[-1]]
    return json.dumps(config)


def with_value(text, value, *names):
    config = json.loads(text)
    inner = config
    for name in names[:-1]:
        inner = inner[name]
    inner[names[-1]] = value
    return json.dumps(config)


@pytest.mark.parametrize("case", CONFIGS)
def test_a_config_that_cannot_be_used_is_named(run, case):
    change, message = CONFIGS[case]
    path = run / "config.json"
    path.write_bytes(change(path.read_text()).encode("utf-8", "surrogateescape"))
    for use in (
        lambda: restore.restore_run(run),
        lambda: inflate.inflate_run(run, run.parent / "clip", InflationConfig(time_pool=1, frames=4)),
    ):
        with pytest.raises(UsageError, match=message) as refused:
            use()
        assert str(refused.value).startswith(str(path))
    assert not (run.parent / "clip").exists()


COPIES = {
    "fewer emotions": (
        {"label_set": "emonet_5"},
        r"predicts the emotions of label_set 'affectnet_8', this run those of",
    ),
    "as many other emotions": (
        {"label_set": "ferplus_8"},
        r"its outputs would change their meaning\. Set label_set=affectnet_8",
    ),
    "wider": (
        {"trunk": {"widths": (4, 12, 12)}},
        r"arrays differ\); model\.trunk\.widths: \(4, 8, 8\) there, \(4, 12, 12\) now",
    ),
    "shallower": ({"trunk": {"depth": 1}}, r"which this network lacks; model\.trunk\.depth: 2 there, 1 now"),
}


@pytest.mark.parametrize("case", COPIES)
def test_a_copy_from_a_run_of_another_shape_is_refused_before_anything_is_written(
    static_run, miniature, tmp_path, case
):
    change, message = COPIES[case]
    config = miniature(static_run.parent, **change)
    config.initialize.update(rule="copy", workdir=str(static_run))
    with pytest.raises(UsageError, match=message):
        train(config, tmp_path / "new")
    assert not (tmp_path / "new").exists()


PATTERNS = {
    "frozen": ("trnk/.*", r"frozen='trnk/\.\*' matches no parameter; paths look like"),
    "fixed_statistics": ("trunk/.*=1", r"fixed_statistics='trunk/\.\*=1' matches no layer with running statistics"),
    "optimizer.learning_rate_multipliers": (
        (("trunk/.*", 0.1),),
        r"'trunk/\.\*' matches no trained parameter that is not matched by an earlier",
    ),
}


@pytest.mark.parametrize("option", PATTERNS)
def test_a_pattern_without_a_match_leaves_no_workdir(static_run, miniature, tmp_path, option):
    config, (pattern, message) = miniature(static_run.parent), PATTERNS[option]
    config.update_from_flattened_dict({option: pattern})
    with pytest.raises(UsageError, match=message):
        train(config, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_exit_codes_tell_usage_from_failure(run, capsys, monkeypatch):
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    assert cli._call(lambda: restore.restore_run(run.parent)) == 2
    for step in (run / "checkpoints").iterdir():
        shutil.rmtree(step / "network")
    assert cli._call(lambda: restore.restore_run(run)) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert all(line.startswith("error: ") for line in lines) and len(lines) == 2
