"""The benchmarks' arithmetic by hand, one run in miniature, and the real thing where there is an accelerator."""

import pathlib
import re
import subprocess
import sys

import jax
import pytest

ROOT = pathlib.Path(__file__).parents[1]


def run(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_rates_and_ratios_by_hand(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.interleaved import Times, lines, markdown

    times = {"peer": Times((4.0, 2.0, 8.0), (4.0, 4.0, 4.0)), "ours": Times((2.0, 1.0, 2.0), (1.0, 3.0, 2.0))}
    rows = lines(times, images=8, base="peer", parity={"ours": "1e-6"})
    assert rows == [  # medians of 4 and 2 seconds for 8 images; processor time 4 and 2
        ["peer", "2.00 [1.00, 4.00]", "1.00", "1.00", ""],
        ["ours", "4.00 [4.00, 8.00]", "2.00", "2.00", "1e-6"],
    ]
    assert markdown("T", ["a", "b"], [["1", "2"]]).splitlines() == [
        "",
        "### T",
        "",
        "| a | b |",
        "| --- | --- |",
        "| 1 | 2 |",
    ]


def test_programs_take_turns_and_every_round_counts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.interleaved import interleaved

    order = []
    times = interleaved({name: lambda name=name: order.append(name) for name in "ab"}, rounds=3)
    assert "".join(order) == "abababab"
    assert all(len(each.wall) == len(each.processor) == 3 for each in times.values())


def test_the_accelerator_benchmark_in_miniature():
    printed = run("benchmarks.accelerator", "--miniature", "--batches=2", "--rounds=1")
    rows = re.findall(r"\| (.+?), (\w+) \| 2 \| ([\d.]+) \| ([\d.]+) % \|", printed)
    assert [row[:2] for row in rows] == [
        ("prediction", "float32"),
        ("prediction", "bfloat16"),
        ("training", "float32"),
    ]
    assert all(float(rate) > 0 for *_, rate, _ in rows)


@pytest.mark.gpu
def test_the_published_size_on_an_accelerator():
    if jax.default_backend() == "cpu":
        pytest.skip("no accelerator here")
    printed = run("benchmarks.accelerator")
    print(printed)
    rates = dict(re.findall(r"\| prediction, (\w+) \| 256 \| ([\d.]+)", printed))
    assert float(rates["bfloat16"]) > float(rates["float32"])
