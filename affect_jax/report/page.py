"""index.html: the pictures and the table of a run in one file that needs no network."""

import base64
import html
import pathlib
from collections.abc import Mapping, Sequence

from affect_jax.draw.colors import FAINT, GRAY, INK
from affect_jax.files.atomic import open_atomically

LOOK = f"""
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
    pictures: Sequence[tuple[pathlib.Path, str]],
    note: str = "",
) -> None:
    """Writes a page with a note, a table and captioned PNGs, which are stored inside the file."""
    parts = [f"<h1>{html.escape(title)}</h1>"]
    if note:
        parts.append(f"<p>{html.escape(note)}</p>")
    if lines:
        parts.append(_table(lines))
    parts += [_figure(picture, caption) for picture, caption in pictures]
    text = (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{LOOK}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )
    with open_atomically(path) as file:
        file.write(text)


def _table(lines: Sequence[Mapping[str, object]]) -> str:
    columns = list(dict.fromkeys(column for line in lines for column in line))
    shown = lambda value: "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
    row = lambda tag, cells: "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
    body = [row("td", [shown(line.get(column)) for column in columns]) for line in lines]
    return "<table>" + row("th", columns) + "".join(body) + "</table>"


def _figure(picture: pathlib.Path, caption: str) -> str:
    encoded = base64.b64encode(picture.read_bytes()).decode("ascii")
    text = html.escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{encoded}"><figcaption>{text}</figcaption></figure>'
