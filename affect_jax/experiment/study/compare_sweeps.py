"""Finished sweeps as one picture and one table: what each network scores and costs, and what it takes to get there."""

import pathlib
from collections.abc import Sequence

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study.speeds import frames_a_second
from affect_jax.experiment.study.sweep import LABEL
from affect_jax.experiment.study.sweep_runs import PLACE, Row, read_runs, read_tables, score_column
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

    The table holds the runs on all clips, the picture's left panel those on shares of them too. Runs of one label over
    all sweeps are one network, and differ in seed and share. `against`: the network that differences are taken to, by
    default the first. `speed`: the first run of each is timed here.
    """
    tables, score = read_tables(sweeps), score.removeprefix("validation/")
    column = score_column(tables, score)
    found = read_runs(tables, column, score)
    rows = [row for run, row in found if run.share == ALL]
    if not rows:
        raise UsageError(f"no finished run on all clips in {', '.join(map(str, sweeps))}; there is nothing to compare")
    base = _known(against, rows)
    lines = table_lines(rows, column, base)
    if speed:
        firsts = {row[LABEL]: pathlib.Path(row[PLACE]) for row in reversed(rows)}
        speeds = frames_a_second({line[NETWORK]: firsts[line[NETWORK]] for line in lines})
        lines = [{**line, SPEED: round(speeds[line[NETWORK]])} for line in lines]
    output.mkdir(parents=True, exist_ok=True)
    names = (score_name(column), score_name(f"validation/{score}"))
    draw_comparison([run for run, _ in found], names, output / "comparison.png")
    write_csv(lines, output / "comparison.csv")
    short = [{name: cell for name, cell in line.items() if not _minor(name, column)} for line in lines]
    with open_atomically(output / "comparison.md") as file:
        file.write(f"{markdown_table(short)}\n\n{_note(rows, base)}\n")
    return text_table(short)


def _known(against: str, rows: Sequence[Row]) -> str:
    labels = list(dict.fromkeys(row[LABEL] for row in rows))
    if against and against not in labels:
        raise UsageError(f"--against={against}: no such network; there are: {'; '.join(labels)}")
    return against or labels[0]


def table_lines(rows: Sequence[Row], column: str, against: str) -> list[dict[str, object]]:
    """One line for each label: scores over seeds, their difference to one of the lines, and what the network costs."""
    parts = _parts(column, rows[0])
    numbers = [{LABEL: r[LABEL], SEED: r[SEED], **{part: float(r[part]) for part in parts if r[part]}} for r in rows]
    lines = []
    for found in aggregate_seeds(numbers, [LABEL], parts, (against,)):
        line: dict[str, object] = {NETWORK: found[LABEL]}
        line |= {score_name(part): found[part] for part in parts}
        line |= {f"{score_name(part)}, difference": found.get(f"{part}, difference") for part in parts}
        mine = [row for row in rows if row[LABEL] == found[LABEL]]
        lines.append({**line, **_costs(mine), "runs": found["runs"]})
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
    """The same score of each dimension, where there are several, then the score itself."""
    kind = column.rpartition("/")[0]
    others = [name for name in row if kind and name.rpartition("/")[0] == kind and name != column]
    return others + [column]


def score_name(column: str) -> str:
    """ "mean CCC" for "ccc/mean", "validation accuracy" for "validation/accuracy"."""
    *where, last = column.split("/")
    kinds = [name for name in where if name != "validation"]
    words = [*where[: len(where) - len(kinds)], last.replace("_", " "), *(kind.upper() for kind in kinds)]
    return " ".join(words)


def _minor(name: str, column: str) -> bool:
    """Differences of single dimensions: in the CSV only, for the table would be too wide for a page."""
    return name.endswith(", difference") and name != f"{score_name(column)}, difference"


def _note(rows: Sequence[Row], against: str) -> str:
    seeds = len({row[SEED] for row in rows})
    return f'Mean ± {INTERVAL} ({seeds} of them); differences are to "{against}", seed by seed.'
