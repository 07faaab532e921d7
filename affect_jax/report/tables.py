"""Formats tables for the terminal and for Markdown."""

from collections.abc import Mapping, Sequence

from affect_jax.quantities.registry import QUANTITIES

Lines = Sequence[Mapping[str, object]]


def columns_in_order(lines: Lines) -> list[str]:
    """The columns of all lines, in order of first appearance."""
    columns: dict[str, None] = {}
    for line in lines:
        columns |= dict.fromkeys(line)
    return list(columns)


def _cells(lines: Lines) -> tuple[list[str], list[list[str]], list[bool]]:
    """The columns, the text of every cell, and which columns contain only numbers."""
    columns = columns_in_order(lines)
    text = []
    for line in lines:
        text.append([_format(line.get(column)) for column in columns])
    numeric = []
    for column in columns:
        numeric.append(all(_is_number_or_empty(line.get(column)) for line in lines))
    return columns, text, numeric


def _is_number_or_empty(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _format(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.3f}"
    return f"{value:.2e}"


def text_table(lines: Lines) -> str:
    """Aligned columns below a header; numbers right-aligned with three decimals (scientific if very small or large)."""
    columns, text, numeric = _cells(lines)
    widths = [max(map(len, column)) for column in zip(columns, *text, strict=True)]

    def align(cells: Sequence[str]) -> str:
        aligned = []
        for cell, width, is_numeric in zip(cells, widths, numeric, strict=True):
            aligned.append(cell.rjust(width) if is_numeric else cell.ljust(width))
        return "  ".join(aligned).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([align(columns), rule, *map(align, text)])


def markdown_table(lines: Lines) -> str:
    """The same cells as a Markdown table."""
    columns, text, numeric = _cells(lines)
    rows = []
    for cells in (columns, *text):
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    alignment = "|" + "|".join("--:" if is_numeric else "---" for is_numeric in numeric) + "|"
    return "\n".join([rows[0], alignment, *rows[1:]])


def score_line(summary: Mapping, label: str) -> dict[str, object]:
    """One line of a comparison from a summary.json: the main scores, under short column names."""
    scores = summary["scores"]
    line: dict[str, object] = {"network": label}
    for quantity in QUANTITIES.values():
        line |= {title: scores[score] for score, title in quantity.headline.items() if score in scores}
    return line


def summary_table(summary: Mapping) -> str:
    """A summary.json for the terminal: its conditions, each score with its interval, group means and their counts."""
    conditions, n, scores = summary["conditions"], summary["n"], summary["scores"]
    head = (
        f"{conditions['data']} / {conditions['split']}: {_labeled(n)}, {n['subjects']} subjects, "
        f"{n['clips']} clips; crop {conditions['crop']}; {conditions['label_set']}; "
        f"step {conditions['checkpoint_step']}; "
        f"flip averaging {_flip(conditions['flip_averaging'])}"
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
    if not lines:
        return f"{head}\n\nno labeled row, so no score"
    return f"{head}\n\n{text_table(lines)}{_undefined(n, scores)}"


def _flip(averaged: Sequence[str]) -> str:
    return f"of {' and '.join(name.replace('_', ' ') for name in averaged)}" if averaged else "off"


def _undefined(n: Mapping[str, int], scores: Mapping[str, float]) -> str:
    """A line for each quantity with labels that lacks some of its main scores, as for a single row."""
    lines = ""
    for name, quantity in QUANTITIES.items():
        missing = ", ".join(score for score in quantity.headline if score not in scores)
        if n.get(name) and missing:
            rows = "1 labeled row" if n[name] == 1 else f"{n[name]} labeled rows"
            lines += f"\n{name}: undefined with {rows} ({missing})"
    return lines


def _labeled(n: Mapping[str, int]) -> str:
    """Counts the rows by the quantities they are labeled for: only those are in the scores."""
    named = [f"{n[name]} with {name.replace('_', ' ')}" for name in QUANTITIES if name in n]
    return f"{n['rows']} rows" + (f" ({', '.join(named)})" if named else "")
