"""index.html: the plots and tables of a report in one self-contained file."""

import base64
import html
import pathlib
from collections.abc import Mapping, Sequence

from affect_jax.draw.colors import FAINT, GRAY, INK
from affect_jax.files.atomic import open_atomically
from affect_jax.report.tables import columns_in_order

STYLE = f"""
body {{ font: 16px/1.5 system-ui, sans-serif; color: {INK}; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }}
th, td {{ padding: .3rem .8rem; border-bottom: 1px solid {FAINT}; text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
figure {{ margin: 2.5rem 0; }} img {{ max-width: 100%; }} figcaption {{ color: {GRAY}; }}
"""


def write_page(
    path: pathlib.Path,
    title: str,
    lines: Sequence[Mapping[str, object]],
    plots: Sequence[tuple[pathlib.Path, str]],
    note: str = "",
) -> None:
    """Writes a page with a note, a table and captioned PNGs, which are embedded."""
    parts = [f"<h1>{html.escape(title)}</h1>"]
    if note:
        parts.append(f"<p>{html.escape(note)}</p>")
    if lines:
        parts.append(_table(lines))
    parts += [_figure(plot, caption) for plot, caption in plots]
    text = (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )
    with open_atomically(path) as file:
        file.write(text)


def _table(lines: Sequence[Mapping[str, object]]) -> str:
    columns = columns_in_order(lines)
    rows = [_row("th", columns)]
    for line in lines:
        rows.append(_row("td", [_cell(line.get(column)) for column in columns]))
    return "<table>" + "".join(rows) + "</table>"


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _figure(plot: pathlib.Path, caption: str) -> str:
    encoded = base64.b64encode(plot.read_bytes()).decode("ascii")
    text = html.escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{encoded}"><figcaption>{text}</figcaption></figure>'
