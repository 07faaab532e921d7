"""Damaged configs: options, or one sentence that names the file."""

import dataclasses
import json

import pytest
from ml_collections import ConfigDict
from mutations import PROFILES, damaged_bytes, damaged_json, for_all, outcome

import affect_jax
from affect_jax.experiment.config.claim import VERSION, read_options
from affect_jax.experiment.config.config_file import load_config, load_sweep
from affect_jax.experiment.config.options import Options, as_dict
from affect_jax.files.json_files import read_object, read_objects
from affect_jax.infer.measured import Choices
from configs import quickstart

SOURCE = """from configs import base, quickstart

def get_config(variant="static"):
    config = quickstart.get_config(variant)
    config.batch_size = 8
    config.train.update(steps=4, best="validation/ccc/mean")
    return config

def get_sweep():
    return [{"seed": seed, "optimizer.learning_rate": 1e-3} for seed in range(3)]
"""


@PROFILES
@pytest.mark.parametrize("variant", ["static", "clip"])
def test_a_damaged_config_of_a_run_is_read_or_named(profile, variant, tmp_path):
    path = tmp_path / "config.json"
    text = json.dumps({VERSION: affect_jax.__version__, **as_dict(quickstart.get_config(variant))}, indent=1)

    def check(data: bytes) -> None:
        path.write_bytes(data)
        options = outcome(lambda: read_options(tmp_path), path.name)
        if options is not None:
            assert isinstance(options, Options) and options.batch_size >= 1
            assert dataclasses.asdict(options.train)["steps"] >= 0

    check(text.encode())
    for_all(profile, damaged_json(text), check)
    for_all(profile, damaged_bytes(text.encode()), check)


@PROFILES
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")  # of the damaged source
def test_a_damaged_config_file_is_run_or_named(profile, tmp_path):
    path = tmp_path / "mine.py"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        config = outcome(lambda: load_config(str(path)), path.name)
        points = outcome(lambda: load_sweep(str(path)), path.name)
        assert config is None or isinstance(config, ConfigDict)
        assert points is None or (points and all(isinstance(name, str) for point in points for name in point))

    check(SOURCE.encode())
    for_all(profile, damaged_bytes(SOURCE.encode()), check)


@PROFILES
def test_damaged_notes_and_metrics_are_read_or_named(profile, tmp_path):
    path = tmp_path / "summary.json"
    line = {"step": 20, "train/loss": 0.5, "validation/ccc/mean": 0.25}
    lines = "\n".join(json.dumps({**line, "step": step}) for step in (20, 40, 60)) + "\n"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        content = outcome(lambda: read_object(path, "remove it"), path.name)
        assert content is None or isinstance(content, dict)
        rows = outcome(lambda: read_objects(path, "step"), path.name)
        assert all("step" in row for row in rows or ())

    for_all(profile, damaged_json(json.dumps(line)), check)
    for_all(profile, damaged_bytes(lines.encode()), check)


@PROFILES
def test_damaged_timings_are_measured_again(profile, tmp_path):
    path = tmp_path / "timings.json"
    clock = {"direct": 2.0, "winograd": 1.0}
    Choices([path]).fastest("conv", tuple(clock), lambda: clock)
    whole = path.read_text()

    def check(data: bytes) -> None:
        path.write_bytes(data)
        assert Choices([path]).fastest("conv", tuple(clock), lambda: clock) in clock

    assert Choices([path]).fastest("conv", tuple(clock), lambda: pytest.fail("measured again")) == "winograd"
    for_all(profile, damaged_json(whole), check)
    for_all(profile, damaged_bytes(whole.encode()), check)
