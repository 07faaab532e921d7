"""Compares finished sweeps in one plot and one table: scores, costs and training curves of each network."""

import pathlib
from collections.abc import Sequence

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study.plan import LABEL
from affect_jax.experiment.study.speeds import frames_per_second
from affect_jax.experiment.study.sweep_runs import (
    PLACE,
    Row,
    read_runs,
    read_tables,
    score_column,
    selecting_evaluation,
)
from affect_jax.files.atomic import open_atomically, write_csv
from affect_jax.infer.costs import FLOPS, PARAMETERS
from affect_jax.report.sections.comparison import ALL, INTERVAL, draw_comparison
from affect_jax.report.seeds import SEED, aggregate_seeds
from affect_jax.report.tables import markdown_table, text_table

NETWORK, MEGAFLOPS, SPEED = "network", "MFLOP a frame", "frames/s"


def compare(
    sweeps: Sequence[pathlib.Path], score: str, output: pathlib.Path, against: str = "", speed: bool = False
) -> str:
    """Writes comparison.png, comparison.csv and comparison.md; returns the table as text.

    The table covers runs on all clips; the left panel of the plot also shows runs on fractions of them. Runs with the
    same label, in any sweep, are one network and differ in seed and fraction. Learning curves show the evaluation
    that selected the checkpoints.

    Args:
        sweeps: folders of the sweeps.
        score: the score to compare, such as "ccc/mean".
        output: folder for the files.
        against: label of the network that differences refer to; by default the first.
        speed: whether to time the first run of each network on this machine.
    """
    tables = read_tables(sweeps)
    evaluation = selecting_evaluation(tables)
    in_training = f"{evaluation}/{score.removeprefix(f'{evaluation}/')}"
    column = score_column(tables, in_training)
    runs = read_runs(tables, column, in_training)
    rows = [row for run, row in runs if run.share == ALL]
    if not rows:
        raise UsageError(f"no finished run on all clips in {', '.join(map(str, sweeps))}; there is nothing to compare")
    base = _reference_label(against, rows)
    lines = table_lines(rows, column, evaluation, base)
    if speed:
        firsts = {row[LABEL]: pathlib.Path(row[PLACE]) for row in reversed(rows)}
        speeds = frames_per_second({line[NETWORK]: firsts[line[NETWORK]] for line in lines})
        lines = [{**line, SPEED: round(speeds[line[NETWORK]])} for line in lines]
    output.mkdir(parents=True, exist_ok=True)
    names = (score_name(column, evaluation), score_name(in_training, evaluation))
    draw_comparison([run for run, _ in runs], names, output / "comparison.png")
    write_csv(lines, output / "comparison.csv")
    short = [{name: cell for name, cell in line.items() if not _minor(name, names[0])} for line in lines]
    with open_atomically(output / "comparison.md") as file:
        file.write(f"{markdown_table(short)}\n\n{_note(rows, base)}\n")
    return text_table(short)


def _reference_label(against: str, rows: Sequence[Row]) -> str:
    """The label that differences refer to; UsageError if there is no such network."""
    labels = list(dict.fromkeys(row[LABEL] for row in rows))
    if against and against not in labels:
        raise UsageError(f"--against={against}: no such network; choose one of {'; '.join(labels)}")
    return against or labels[0]


def table_lines(rows: Sequence[Row], column: str, evaluation: str, against: str) -> list[dict[str, object]]:
    """One line per label: scores over seeds, differences from the line `against`, and the costs of the network."""
    parts = _parts(column, rows[0])
    titles = {part: score_name(part, evaluation) for part in parts}
    scores = []
    for row in rows:
        values = {part: float(row[part]) for part in parts if row[part]}
        scores.append({LABEL: row[LABEL], SEED: row[SEED], **values})
    lines = []
    for summary in aggregate_seeds(scores, [LABEL], parts, (against,)):
        line: dict[str, object] = {NETWORK: summary[LABEL]}
        line |= {title: summary[part] for part, title in titles.items()}
        line |= {f"{title}, difference": summary.get(f"{part}, difference") for part, title in titles.items()}
        same_label = [row for row in rows if row[LABEL] == summary[LABEL]]
        lines.append({**line, **_costs(same_label), "runs": summary["runs"]})
    return lines


def _costs(rows: Sequence[Row]) -> dict[str, object]:
    """Parameters and arithmetic of a network."""
    costs: dict[str, object] = {}
    if rows[0].get(PARAMETERS):
        costs[PARAMETERS] = int(rows[0][PARAMETERS])
    if rows[0].get(FLOPS):
        megaflops = float(rows[0][FLOPS]) / 1e6
        costs[MEGAFLOPS] = round(megaflops) if megaflops >= 10 else round(megaflops, 2)
    return costs


def _parts(column: str, row: Row) -> list[str]:
    """The same score of each dimension, if there are several, and then the score itself."""
    kind = column.rpartition("/")[0]
    others = [name for name in row if kind and name.rpartition("/")[0] == kind and name != column]
    return others + [column]


def score_name(column: str, evaluation: str) -> str:
    """ "mean CCC" for "ccc/mean"; "held accuracy" for "held/accuracy", a score of the evaluation "held"."""
    score = column.removeprefix(f"{evaluation}/")
    *kinds, last = score.split("/")
    words = [last.replace("_", " "), *(kind.upper() for kind in kinds)]
    return " ".join([evaluation, *words] if score != column else words)


def _minor(name: str, title: str) -> bool:
    """Whether a column is left to the CSV: differences of single dimensions would make the table too wide."""
    return name.endswith(", difference") and name != f"{title}, difference"


def _note(rows: Sequence[Row], against: str) -> str:
    seeds = len({row[SEED] for row in rows})
    return f'Mean ± {INTERVAL} ({seeds} of them); differences are from "{against}", seed by seed.'
