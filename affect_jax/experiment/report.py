"""Evaluated workdirs side by side: a table, plots, and an HTML page."""

import pathlib
from collections.abc import Sequence

from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.json_files import read_object
from affect_jax.report.evaluated import Evaluated
from affect_jax.report.page import write_page
from affect_jax.report.sections.registry import SECTIONS
from affect_jax.report.tables import score_line, text_table
from affect_jax.tables.reading import read_rows


def report(workdirs: Sequence[pathlib.Path], evaluation: str, output: pathlib.Path) -> str:
    """Compares one evaluation across workdirs; writes PNGs and index.html, and returns the table as text."""
    runs = [_evaluated(workdir, evaluation) for workdir in workdirs]
    output.mkdir(parents=True, exist_ok=True)
    lines = [score_line(run.summary, run.name) for run in runs]
    plots = []
    for section in SECTIONS:
        plots += section(runs, output)
    conditions = runs[-1].summary["conditions"]
    note = ", ".join(f"{name}: {value}" for name, value in conditions.items() if name != "checkpoint_step")
    write_page(output / "index.html", "Results", lines, plots, note)
    return text_table(lines)


def _evaluated(workdir: pathlib.Path, evaluation: str) -> Evaluated:
    folder = workdir / "evaluation" / evaluation
    if not (folder / "summary.json").is_file():
        raise UsageError(f"{folder} holds no summary.json; run python -m launch.evaluate first")
    summary = read_object(folder / "summary.json", "run python -m launch.evaluate again")
    return Evaluated(workdir.name, summary, read_rows(folder / "predictions.csv"), workdir / "metrics.jsonl")
