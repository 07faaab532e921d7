"""Evaluated workdirs side by side: a table, pictures, and a page that shows them."""

import json
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from affect_jax.evaluate.summary import groups
from affect_jax.experiment.config.errors import UsageError
from affect_jax.report.page import write_page
from affect_jax.report.sections.circumplex import draw_circumplex
from affect_jax.report.sections.confusion import draw_confusion
from affect_jax.report.sections.curves import draw_curves
from affect_jax.report.sections.traces import ClipTrace, draw_traces
from affect_jax.report.tables import score_line, text_table
from affect_jax.tables.reading import read_rows
from affect_jax.tables.rows import Rows

CLIPS_SHOWN = 3


def report(workdirs: Sequence[pathlib.Path], evaluation: str, output: pathlib.Path) -> str:
    """Compares the same evaluation of several workdirs; writes PNGs and index.html, and returns the table as text."""
    folders = [workdir / "evaluation" / evaluation for workdir in workdirs]
    for folder in folders:
        if not (folder / "summary.json").is_file():
            raise UsageError(f"{folder} holds no summary.json; run python -m launch.evaluate first")
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in folders]
    rows = [read_rows(folder / "predictions.csv") for folder in folders]
    output.mkdir(parents=True, exist_ok=True)
    lines = [score_line(summary, workdir.name) for summary, workdir in zip(summaries, workdirs, strict=True)]
    pictures = _pictures(workdirs, rows, summaries, output)
    protocol = summaries[-1]["protocol"]
    note = ", ".join(f"{name}: {value}" for name, value in protocol.items() if name != "checkpoint_step")
    write_page(output / "index.html", "Results", lines, pictures, note)
    return text_table(lines)


def _pictures(workdirs, rows: Sequence[Rows], summaries, output: pathlib.Path) -> list[tuple[pathlib.Path, str]]:
    last, name = rows[-1], workdirs[-1].name
    found = []
    if len(rows) > 1 and any(last.clip) and rows[0].source == last.source:
        draw_traces(_traces(rows[0], last), output / "traces.png")
        caption = (
            f"The {CLIPS_SHOWN} clips whose truth moves most: {workdirs[0].name} (thin) and {name} (thick) over time"
        )
        found.append((output / "traces.png", caption))
    if last.labeled("valence_arousal").any():
        draw_circumplex(last.values["valence_arousal"], _labels(last), output / "circumplex.png")
        found.append((output / "circumplex.png", f"Labels and predictions of {name}"))
    if confusion := summaries[-1].get("confusion"):
        counts = np.array(confusion["label_by_prediction"])
        draw_confusion(counts, confusion["emotions"], output / "confusion.png")
        found.append((output / "confusion.png", f"Emotions: label against prediction of {name}"))
    metrics = {workdir.name: workdir / "metrics.jsonl" for workdir in workdirs}
    metrics = {name: path for name, path in metrics.items() if path.is_file()}
    if metrics:
        draw_curves(metrics, output / "curves.png")
        found.append((output / "curves.png", "Losses and validation scores over training"))
    return found


def _movement(rows: Rows, index: Int[np.ndarray, "row"]) -> float:
    """Standard deviation of valence and of arousal over the labeled frames among some rows, together."""
    labels = _labels(rows)[index][rows.labeled("valence_arousal")[index]]
    return float(labels.std(0).sum()) if len(labels) else 0.0


def _labels(rows: Rows) -> Float[np.ndarray, "row 2"]:
    """Labels of valence and arousal; NaN where there are none."""
    known = rows.labeled("valence_arousal")
    if not known.any():
        return np.full((len(rows), 2), np.nan)
    return np.where(known[:, None], rows.labels["valence_arousal"].value, np.nan)


def _traces(static: Rows, clip: Rows) -> list[ClipTrace]:
    clips = groups(clip.clip)
    moves = lambda item: -_movement(clip, item[1])
    return [
        ClipTrace(
            name=name,
            time_seconds=clip.time_seconds[index],
            truth=_labels(clip)[index],
            static=static.values["valence_arousal"][index],
            clip=clip.values["valence_arousal"][index],
        )
        for name, index in sorted(clips.items(), key=moves)[:CLIPS_SHOWN]
    ]
