"""What a run needs, read from its compiled step: against counts by hand, and refusals."""

import dataclasses
import json
import math
import subprocess
import sys

import jax
import pytest

from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.inspect import facts
from affect_jax.experiment.inspect.command import NOWHERE, inspect_config
from affect_jax.experiment.inspect.page import PREFIXES, UNITS, amount, page
from affect_jax.experiment.run import Run
from affect_jax.nn.network import names
from configs import base

TRUNK = {"input_px": 16, "widths": (4, 8, 8), "modules": 1, "depth": 1}
HEATMAPS = "trunk/modules/0/heatmaps/kernel"


@pytest.fixture(scope="module")
def config(miniature, tmp_path_factory):
    """A small run whose data do not exist, with parameters split over four of eight devices."""
    made = miniature(tmp_path_factory.mktemp("inspect"))
    made.model, made.task, made.frozen = base.model("landmarks", trunk=TRUNK), base.task("landmarks"), "trunk/stem.*"
    made.mesh.update(data=2, fsdp=4)
    return made


@pytest.fixture(scope="module")
def options(config):
    return parse(config)


@pytest.fixture(scope="module")
def found(options):
    return facts.find_facts(Run(options, NOWHERE), None)


def held_by_hand(tree):
    """Bytes on a device of arrays that are split by 4 where they have two dimensions, one of which can be."""
    total = 0
    for array in names(tree).values():
        split = len(array.shape) > 1 and any(length % 4 == 0 for length in array.shape)
        total += 4 * math.prod(array.shape) // (4 if split else 1)
    return total


def test_parameters_and_bytes_of_a_device_are_those_of_the_network_and_the_mesh(found, options):
    abstract = Run(options, NOWHERE).network.abstract
    trained, frozen = held_by_hand(abstract.trained), held_by_hand(abstract.frozen)
    assert found.memory["parameters"] == trained + frozen
    assert found.memory["optimizer moments"] == 2 * trained + 2 * 4  # Adam's, split alike, and two counts of steps
    px, share = options.contract.input_px, options.batch_size // 8
    numbers = px * px * 3 + (68 * 2 + 1) + 3  # images, landmarks and their weight; weight, index and subject
    assert found.memory["batch"] == 4 * share * numbers
    assert found.memory["temporary"] > 0


def test_the_page_shows_each_section_with_aligned_numbers(found):
    text = page(found)
    lines = text.splitlines()
    assert lines[2] == "devices      8 x cpu, mesh: data 2, fsdp 4, time 1"
    (total,) = (line for line in lines if line.startswith("total") and "B" not in line)
    every = sum(math.prod(array.shape) for array in (found.trained | found.frozen).values())
    assert total.split()[1] == f"{every:,}" and "," in total
    (split,) = (line for line in lines if line.startswith(HEATMAPS))
    assert split.split() == [HEATMAPS, "8", "x", "68", "2.18", "kB", "544", "B", "over", "fsdp"]
    header = next(line for line in lines if line.startswith("parameters"))
    assert all(len(line) <= len(header) + 2 for line in lines[lines.index(header) : lines.index(total)])
    (reduced,) = (line for line in lines if line.startswith("all-reduce"))
    assert int(reduced.split()[1]) >= 1  # the gradients, at least
    assert "  time" not in text


def test_the_time_of_a_step_is_the_median_of_a_measured_run_by_arithmetic(found, config, tmp_path):
    claim.claim(tmp_path, config)
    with pytest.raises(UsageError, match=r"metrics.jsonl has fewer than two logged losses of one session"):
        facts.seconds_per_flop(tmp_path)
    # 0.5, 0.6 and 0.8 s a step; an evaluation, and a session that starts again
    times = {2: 10.0, 4: 11.0, 6: 0.5, 8: 1.7, 10: 3.3}
    lines = [{"step": step, "train/loss": 1.0, "seconds": seconds} for step, seconds in times.items()]
    lines.insert(2, {"step": 4, "validation/ccc/mean": 0.1, "seconds": 20.0})
    (tmp_path / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert facts.seconds_per_flop(tmp_path) * found.flops == pytest.approx(0.6)
    timed = page(dataclasses.replace(found, seconds=0.6))
    assert "  time        about 0.6 s, 2 s for the run without evaluations" in timed


@pytest.mark.parametrize(
    "change, message",
    [
        ({"mesh.data": 3}, r"mesh.data=3, .* needs 3 devices, but there are 8"),
        ({"mesh.time": 2}, r"mesh.time is 2, but the network 'emonet' with these options cannot be split along time"),
        ({"batch_size": 12}, r"batch_size is 12, which 8 devices cannot share: choose a multiple of 8"),
        ({"train.micro_batches": 2}, r"batch_size is 8 and train.micro_batches 2; .* a multiple of 16"),
    ],
)
def test_what_cannot_work_is_refused_without_data_or_compilation(miniature, tmp_path, change, message):
    config = miniature(tmp_path)
    config.update_from_flattened_dict(change)
    with pytest.raises(UsageError, match=message):
        inspect_config(config)
    assert not list(tmp_path.iterdir())


def test_amounts_have_three_digits():
    assert [amount(value, UNITS) for value in (0, 999, 1000, 45_678_901, 999_600)] == [
        "0 B", "999 B", "1.00 kB", "45.7 MB", "1.00 MB",
    ]  # fmt: skip
    assert amount(2.5e15, PREFIXES) == "2.50 P"
    assert amount(1e15, UNITS) == "1000 TB"


@pytest.mark.slow
def test_the_command_inspects_fake_devices_and_refuses_with_2(tmp_path):
    command = [sys.executable, "-m", "launch.inspect", "--config=configs/quickstart.py:landmarks"]
    small = [
        "--config.model.trunk.input_px=16",
        "--config.model.trunk.depth=1",
        "--config.model.trunk.widths=(4,8,8)",
        "--config.batch_size=4",
    ]
    done = subprocess.run([*command, *small, "--fake_devices=2"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "devices      2 x cpu, mesh: data 2, fsdp 1, time 1" in done.stdout
    refused = subprocess.run([*command, *small, "--fake_devices=3"], capture_output=True, text=True)
    assert refused.returncode == 2 and "which 3 devices cannot share" in refused.stderr and not refused.stdout
    assert jax.device_count() == 8  # of this process
