"""Tables of numbers, for the screen and for Markdown."""

from collections.abc import Mapping, Sequence

from affect_jax.quantities.registry import QUANTITIES

Lines = Sequence[Mapping[str, object]]


def _cells(lines: Lines) -> tuple[list[str], list[list[str]], list[bool]]:
    """Columns in order of first appearance, the text of every cell, and which columns hold numbers only."""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    is_number = lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    text = [[_text(line.get(column)) for column in columns] for line in lines]
    numeric = [all(line.get(column) is None or is_number(line[column]) for line in lines) for column in columns]
    return columns, text, numeric


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.3f}"
    return f"{value:.2e}"


def text_table(lines: Lines) -> str:
    """Aligned columns under a ruled head; numbers to the right, with three decimals (powers of ten where too small)."""
    columns, text, numeric = _cells(lines)
    widths = [max(len(cell) for cell in column) for column in zip(columns, *text, strict=True)]
    place = lambda cells: "  ".join(
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(cells, widths, numeric, strict=True)
    ).rstrip()
    return "\n".join([place(columns), "  ".join("-" * width for width in widths), *(place(cells) for cells in text)])


def markdown_table(lines: Lines) -> str:
    """The same cells as a Markdown table."""
    columns, text, numeric = _cells(lines)
    escaped = [[cell.replace("|", "\\|") for cell in cells] for cells in (columns, *text)]
    rows = ["| " + " | ".join(cells) + " |" for cells in escaped]
    return "\n".join([rows[0], "|" + "|".join("--:" if number else "---" for number in numeric) + "|", *rows[1:]])


def score_line(summary: Mapping, label: str) -> dict[str, object]:
    """One line of a comparison out of a summary.json: the main scores, under short column names."""
    scores = summary["scores"]
    line: dict[str, object] = {"network": label}
    for quantity in QUANTITIES.values():
        line |= {title: scores[score] for score, title in quantity.headline.items() if score in scores}
    return line


def summary_table(summary: Mapping) -> str:
    """A summary.json for the screen: its conditions, every score with its interval, group means and their counts."""
    conditions, n, scores = summary["conditions"], summary["n"], summary["scores"]
    head = (
        f"{conditions['data']} / {conditions['split']}: {n['rows']} rows, {n['subjects']} subjects, "
        f"{n['clips']} clips; crop {conditions['crop']}; {conditions['label_set']}; "
        f"step {conditions['checkpoint_step']}; "
        f"flip averaging {'on' if conditions['flip_averaging'] else 'off'}"
        + (f"; {conditions['reader']}" if conditions.get("reader") else "")
    )
    lines = []
    for name, value in scores.items():
        line = {"score": name, "all rows": value}
        if name in summary["interval_95"]:
            low, high = summary["interval_95"][name]
            line["95 % interval"] = f"{low:.3f} .. {high:.3f}"
        for kind in ("clip", "subject"):
            if name in summary[f"per_{kind}_mean"]:
                line[f"mean per {kind}"] = summary[f"per_{kind}_mean"][name]
            if name in summary.get(f"per_{kind}_counted", {}):
                line[f"{kind}s"] = summary[f"per_{kind}_counted"][name]
        lines.append(line)
    return f"{head}\n\n{text_table(lines)}" if lines else f"{head}\n\nno labeled row, so no score"
