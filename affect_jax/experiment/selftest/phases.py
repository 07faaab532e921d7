"""What a training in another process is doing, seen from outside: its log, its metrics and its checkpoints."""

import dataclasses
import json
import pathlib
import re

from affect_jax.train.background import UNFINISHED
from affect_jax.train.loop_config import TrainConfig

START, COMPILATION, STEP, EVALUATION, SAVE = "start", "compilation", "step", "evaluation", "save"
KILLED_IN = (COMPILATION, STEP, EVALUATION, SAVE)
COMPILING, RESUMING = "compiling the training step", re.compile(r"resuming from step (\d+)")
BAR = re.compile(r"\| (\d+)/\d+ \[")  # of tqdm: steps done and all steps
TAIL_BYTES = 4096


@dataclasses.dataclass(frozen=True)
class Seen:
    """A moment of a run."""

    phase: str
    step: int  # the last one known to be done


def observe(workdir: pathlib.Path, log: pathlib.Path, config: TrainConfig) -> Seen:
    """Reads the phase of a run from what it has written so far; `log` is the output of this process alone."""
    text = log.read_text(errors="replace") if log.exists() else ""
    resumed = RESUMING.search(text)
    first = int(resumed[1]) if resumed else 0
    if COMPILING not in text:
        return Seen(START, first)
    line = _last_line(workdir / "metrics.jsonl")
    step = max([first, line.get("step", 0), *(int(found) for found in BAR.findall(text[-TAIL_BYTES:]))])
    if any((workdir / "checkpoints").glob(f"*{UNFINISHED}*")):
        return Seen(SAVE, step)
    if step == first:
        return Seen(COMPILATION, step)
    awaits_scores = any(name.startswith("train/") for name in line) and config.is_evaluated(line["step"])
    return Seen(EVALUATION if awaits_scores and line["step"] == step else STEP, step)


def _last_line(path: pathlib.Path) -> dict:
    """The last whole line of the metrics; empty if there is none yet."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - TAIL_BYTES, 0))
        lines = file.read().decode(errors="replace").split("\n")[:-1]
    try:
        return json.loads(lines[-1]) if lines else {}
    except ValueError:  # longer than what was read
        return {}
