"""Scores of a run during training, read from its journal."""

import pathlib

from affect_jax.experiment.config.options import Options
from affect_jax.files.json_files import read_objects

JOURNAL = "metrics.jsonl"


def best_scores(workdir: pathlib.Path, run: Options) -> dict[str, float | int]:
    """The scores of all evaluations at the step with the best `train.best` score."""
    name = run.train.best.removeprefix("-")
    sign = -1 if run.train.best.startswith("-") else 1
    scored = [line for line in _lines(workdir) if name in line]
    if not scored:
        return {}
    best = max(scored, key=lambda line: sign * line[name])
    scores = {key: value for key, value in best.items() if key.partition("/")[0] in run.evaluations}
    return {"step": best["step"], **scores}


def best_score(workdir: pathlib.Path, best: str) -> float | None:
    """The best value so far of the score that `train.best` names, a minus before it if less is better."""
    scores = score_by_step(workdir, best).values()
    return (min if best.startswith("-") else max)(scores, default=None)


def score_by_step(workdir: pathlib.Path, best: str) -> dict[int, float]:
    """The score that `train.best` names at each step at which it was evaluated."""
    name = best.removeprefix("-")
    return {int(line["step"]): float(line[name]) for line in _lines(workdir) if name in line}


def _lines(workdir: pathlib.Path) -> list[dict]:
    path = workdir / JOURNAL
    return read_objects(path, "step") if path.is_file() else []
