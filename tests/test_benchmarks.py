"""The benchmarks' arithmetic by hand, smoke tests in miniature, and full runs if there is an accelerator."""

import pathlib
import re
import subprocess
import sys

import jax
import numpy as np
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


def test_programs_take_turns_each_warmed_up_and_every_round_counts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.interleaved import interleaved

    order = []
    times = interleaved({name: lambda name=name: order.append(name) for name in "ab"}, rounds=3)
    assert "".join(order) == "aabbaabbaabb"
    assert all(len(each.wall) == len(each.processor) == 3 for each in times.values())


def test_a_crossing_of_the_tracks_benchmark(monkeypatch, shared_data, landmarker_file):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.crossing import Crossing, load_people, there_and_back
    from benchmarks.tracks import own_boxes, through

    assert [there_and_back("abc", place) for place in range(6)] == list("abcbab")
    people = load_people(shared_data / "video", frames=3)
    row = through(Crossing(1.5), people, own_boxes(people))
    assert row[:3] == ["1.5 s, once", "person 0, oval", "yes"]
    assert row[3].startswith("{0: 36}; {1: ") and row[5] == "0"  # the one in front was found in each frame


@pytest.mark.slow
def test_the_accelerator_benchmark_in_miniature():
    printed = run("benchmarks.accelerator", "--miniature", "--batches=2", "--rounds=1")
    rows = re.findall(r"\| (.+?), (\w+) \| 2 \| ([\d.]+) \| ([\d.]+) % \|", printed)
    assert [row[:2] for row in rows] == [
        ("prediction", "float32"),
        ("prediction", "bfloat16"),
        ("training", "float32"),
    ]
    assert all(float(rate) > 0 for *_, rate, _ in rows)


def test_milliseconds_and_ratios_by_hand(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.interleaved import Times, milliseconds

    times = {"peer": Times((0.004, 0.002, 0.008), (0.004, 0.004, 0.004)), "ours": Times((0.002, 0.001), (0.001, 0.003))}
    assert milliseconds(times, base="peer", parity={"ours": "1e-6"}) == [
        ["peer", "4.0 [2.0, 8.0]", "4.0", "1.00", "1.00", ""],
        ["ours", "1.5 [1.0, 2.0]", "2.0", "2.67", "2.00", "1e-6"],
    ]


@pytest.mark.torch
@pytest.mark.slow
def test_every_program_over_time_gives_the_same_in_miniature():
    printed = run("benchmarks.temporal", "--miniature", "--sections=layer,clip", "--ranks=4", "--rounds=1", "--cores=1")
    tables = printed.split("### ")[1:]
    assert [table.split("\n")[0] for table in tables] == [
        f"{what} {direction}"
        for what in ("layer 4", "clip quickstart", "clip larger")
        for direction in ("forward", "both")
    ]
    for table in tables:
        rows = re.findall(r"\| (.+?) \| [\d.]+ \[.+?\] \| .+ \| (\S+) \|", table)
        names = {name.split(",")[0] for name, _ in rows}
        assert {"PyTorch", "JAX", "affect_jax"} <= names
        # Statistics of a small batch enlarge rounding in training.
        assert all(float(difference) < 2e-4 for _, difference in rows), table


@pytest.mark.slow
def test_a_stream_predicts_the_same_for_the_last_frame_as_the_window():
    printed = run("benchmarks.temporal", "--miniature", "--sections=streaming", "--networks=quickstart", "--rounds=1")
    rows = re.findall(r"\| (.+?) \| [\d.]+ \[.+?\] \| .+ \| (\S+) \|", printed)
    assert [name.split(",")[0] for name, _ in rows] == ["window of 3 frames", "stream"]
    assert all(float(difference) < 1e-5 for _, difference in rows), printed


@pytest.mark.torch
@pytest.mark.slow
def test_a_live_stream_predicts_what_pytorch_predicts_from_the_whole_window():
    printed = run("benchmarks.live", "--miniature", "--rounds=1", "--cores=1")
    rows = re.findall(r"\| (.+?) \| [\d.]+ \[.+?\] \| .+ \| (\S+) \|", printed)
    assert [name for name, _ in rows] == [
        "PyTorch, window again, dense head",
        "PyTorch, window again, factorized head",
        "affect_jax, stream",
    ]
    assert all(float(difference) < 1e-5 for _, difference in rows), printed


@pytest.mark.torch
@pytest.mark.slow
def test_memory_of_a_call():
    words = ("--miniature", "--sections=memory", "--ranks=4", "--directions=forward", "--networks=quickstart")
    printed = run("benchmarks.temporal", *words, "--only=JAX,stream")
    rows = re.findall(r"\| (JAX, dense.*|stream).* \| \d+ \|", printed)
    assert len(rows) == 4 and rows[2:] == ["JAX, dense head", "stream"]  # the layer twice, then network and stream


@pytest.mark.slow
def test_executions_over_time_on_an_accelerator_in_miniature():
    printed = run("benchmarks.accelerator_temporal", "--miniature", "--ranks=4", "--rounds=1", "--clips=1")
    rows = re.findall(r"\| (\w+), (\w+), (forward|both) \| ([\d.]+) \| ([\d.]+) \|", printed)
    ways = ("factors", "depthwise", "reconstructed", "plain", "dense")
    assert [row[:3] for row in rows] == [
        (way, dtype, direction)
        for way in ways
        for dtype in ("float32", "bfloat16")
        for direction in ("forward", "both")
    ]
    assert len(re.findall(r"\| (affect_jax|JAX, dense head), (forward|both) \|", printed)) == 4


@pytest.mark.gpu
def test_executions_over_time_on_an_accelerator():
    if jax.default_backend() == "cpu":
        pytest.skip("no accelerator here")
    printed = run("benchmarks.accelerator_temporal")
    print(printed)
    assert "| factors, float32, both |" in printed and "| affect_jax, both |" in printed


@pytest.mark.gpu
def test_the_published_size_on_an_accelerator():
    if jax.default_backend() == "cpu":
        pytest.skip("no accelerator here")
    printed = run("benchmarks.accelerator")
    print(printed)
    rates = dict(re.findall(r"\| prediction, (\w+) \| 256 \| ([\d.]+)", printed))
    assert float(rates["bfloat16"]) > float(rates["float32"])


def test_days_of_rendered_people_hold_what_the_renderer_lets_them_feel(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from affect_jax.data.render import motion
    from benchmarks import rendered_days

    times = np.arange(rendered_days.CLIP_FRAMES) / rendered_days.FPS
    expected = [motion.affective_units(rendered_days.SEED, 7, clip, times) for clip in (3, 0)]
    np.testing.assert_allclose(rendered_days.felt_units(7, [3, 0]), expected, atol=1e-12)


def test_charts_of_many_people_are_those_of_the_command(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from affect_jax.personal.baseline import Baseline, Day
    from affect_jax.personal.drift import deviations
    from benchmarks.drawn_days import OURS, WORLDS, alarms, draw

    drawn = draw(WORLDS[3], 30, 27, np.random.default_rng(0))
    drawn[:, 17:] -= 2.5
    found = alarms(drawn, 7)
    for person, values in enumerate(np.exp(drawn)):
        days = [Day(str(number), 1, 60.0, float(value), 0.0) for number, value in enumerate(values)]
        expected = deviations(Baseline("", {}, tuple(days[:7])), days[7:])
        assert found[OURS][person].tolist() == [bool(each.alarm) for each in expected]
        single = found["single days at half of the rate"][person]
        assert single.tolist() == [bool(each.alarm_day) for each in expected]
    assert 0.05 < found[OURS].mean() < 0.5


def test_shares_with_their_exact_intervals_by_hand(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.shares import exact

    assert exact(0, 10) == f"0.00 (0.00 to {100 * (1 - 0.025**0.1):.2f})"  # Clopper and Pearson without a hit
    assert exact(10, 10) == f"100.00 ({100 * 0.025**0.1:.2f} to 100.00)"


@pytest.mark.slow
def test_the_drift_benchmark_in_miniature(tmp_path):
    words = ("--people=4", "--drawn=3", "--part=false_alarms,power,charts,worlds,people", f"--output={tmp_path}")
    printed = run("benchmarks.drift", *words)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["charts", "false_alarms", "people", "power", "worlds"]
    assert "| 28 | x 0.5 |" in printed and "| 7 | neighbors 0.3 |" in printed


@pytest.mark.slow
def test_the_groups_benchmark_in_miniature(tmp_path):
    words = ("--repetitions=20", "--pool=60", "--part=columns,where", f"--output={tmp_path}")
    printed = run("benchmarks.groups", *words)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["columns", "where"]
    assert "| relative |" in printed and "| x 0.6 | 40 | 100.0 (69.2 to 100.0) |" in printed


def test_a_group_that_shows_half_has_the_same_intensities_relative_to_its_own_maxima(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.rendered_groups import HAPPY, World, intensities

    usual, half = World(film=True), World(film=True, expressiveness=0.5)
    means = {}
    for kind in ("absolute", "relative"):
        means[kind] = [intensities(3, world, kind)[:, HAPPY].mean() for world in (usual, half)]
    assert means["absolute"][1] < 0.6 * means["absolute"][0]
    assert means["relative"][1] == pytest.approx(means["relative"][0], rel=0.1)
