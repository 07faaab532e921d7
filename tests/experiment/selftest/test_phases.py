"""What a run is doing, read from the files that it has written so far."""

import json

import pytest

from affect_jax.experiment.selftest.phases import Seen, observe
from affect_jax.train.background import UNFINISHED
from affect_jax.train.loop_config import TrainConfig

CONFIG = TrainConfig(steps=9, log_every=2, evaluate_every=4)
COMPILING = "compiling the training step; this takes from seconds to some minutes, less the next time\n"
RESUMED = "/runs/a: resuming from step 4\n" + COMPILING
BAR = "\ra:  33%|###3      | 3/9 [00:01<00:02,  2.39step/s]"
TRAIN, SCORES = '"train/loss": 1.0', '"validation/ccc/mean": 0.5'

CASES = {
    "opens its data": ("reading a config\n", [], "start", 0),
    "compiles": (COMPILING, [], "compilation", 0),
    "compiles again, beside lines that the killed process has left": (
        RESUMED,
        [(4, TRAIN), (4, SCORES)],
        "compilation",
        4,
    ),
    "trains, before the first line": (COMPILING + BAR, [], "step", 3),
    "trains": (COMPILING, [(2, TRAIN)], "step", 2),
    "evaluates": (COMPILING, [(2, TRAIN), (4, TRAIN)], "evaluation", 4),
    "has evaluated": (COMPILING, [(4, TRAIN), (4, SCORES)], "step", 4),
    "evaluates after the last step": (RESUMED, [(8, SCORES), (9, TRAIN)], "evaluation", 9),
}


@pytest.mark.parametrize("case", CASES)
def test_the_phase_and_the_step_are_those_of_the_files(case, tmp_path):
    log, lines, phase, step = CASES[case]
    (tmp_path / "log").write_text(log)
    if lines:
        (tmp_path / "metrics.jsonl").write_text("".join(f'{{"step": {at}, {text}}}\n' for at, text in lines))
    assert observe(tmp_path, tmp_path / "log", CONFIG) == Seen(phase, step)


def test_a_checkpoint_that_is_being_written_is_seen_and_a_line_that_is_not_complete_is_not(tmp_path):
    (tmp_path / "log").write_text(COMPILING)
    whole = json.dumps({"step": 4, "train/loss": 1.0})
    (tmp_path / "metrics.jsonl").write_text(f"{whole}\n" + '{"step": 6, "tr')
    assert observe(tmp_path, tmp_path / "log", CONFIG) == Seen("evaluation", 4)
    (tmp_path / "checkpoints" / f"4{UNFINISHED}").mkdir(parents=True)
    assert observe(tmp_path, tmp_path / "log", CONFIG) == Seen("save", 4)
