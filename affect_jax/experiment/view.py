"""Pages in which a prediction is viewed: for one table, or for all tables of a folder."""

import dataclasses
import pathlib
from typing import Any

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.disk import require_writable
from affect_jax.files.json_files import read_object
from affect_jax.files.kinds import printable
from affect_jax.files.problems import raise_problems
from affect_jax.predict.viewer import film
from affect_jax.predict.viewer.page import Recording, write_page
from affect_jax.predict.viewer.trace import Trace, read_traces
from affect_jax.tables.columns import PARQUET
from affect_jax.tables.schema import sidecar

AGAIN = "run launch.predict again"


def view(
    source: pathlib.Path,
    video: pathlib.Path | None = None,
    compare: pathlib.Path | None = None,
    output: pathlib.Path | None = None,
) -> list[pathlib.Path]:
    """Writes a page beside each table, or into the folder `output`, and returns their paths.

    Args:
        source: a table of predictions, or a folder of them.
        video: the video of the table, if it is not beside it.
        compare: a table to show beside it, with predictions or labels of the same recording; for a folder, another
            folder with tables of the same names.
        output: where the pages go, if not beside the tables.
    """
    for flag, path in (("input", source), ("video", video), ("compare", compare)):
        if path is not None and not path.exists():
            raise UsageError(f"--{flag}={path} does not exist")
    tables = _tables(source)
    if source.is_dir() and video is not None and len(tables) > 1:
        raise UsageError(
            f"--video names one video, but {source} holds {len(tables)} tables; give one of them as --input"
        )
    if compare is not None and compare.is_dir() != source.is_dir():
        raise UsageError("--compare is a folder if --input is one, and a table otherwise")
    pages, problems = [], []
    for table in tables:
        other = compare / table.name if compare is not None and compare.is_dir() else compare
        try:
            pages.append(_view_one(table, video, other, output or table.parent))
        except ValueError as error:
            if not source.is_dir():
                raise UsageError(str(error)) from error
            logging.error("%s", error)
            problems.append(str(error))
        else:
            logging.info("wrote %s", pages[-1])
    raise_problems(problems)
    return pages


def _tables(source: pathlib.Path) -> list[pathlib.Path]:
    """The tables to view: of a folder, all that have a schema."""
    if not source.is_dir():
        return [source]
    found: dict[str, pathlib.Path] = {}
    for path in sorted(source.iterdir()):
        if path.suffix in (".csv", PARQUET) and sidecar(path).is_file():
            found.setdefault(path.stem, path)  # of two formats, the first: their content is the same
    if not found:
        raise UsageError(f"--input={source} holds no table of launch.predict (*.csv with *.schema.json)")
    return list(found.values())


def _view_one(
    table: pathlib.Path, video: pathlib.Path | None, compare: pathlib.Path | None, folder: pathlib.Path
) -> pathlib.Path:
    name, traces = read_traces(table, str(video or ""))
    schema = _schema(table)
    account = schema.get("recording") or {}
    if compare is not None:
        traces = _side_by_side(table, traces, compare, _compared(compare, name, traces[0]))
    require_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table.stem}_viewer.html"
    found = video or film.find(table.parent, name)
    if found is None:
        logging.warning(
            "%s: the video '%s' is not beside the table; the page expects it beside itself, and lets you choose it "
            "(or name it with --video)",
            path,
            film.missing(name).name,
        )
    shown = film.film(found, folder) if found else film.missing(name)
    start = float(account.get("start_seconds", 0.0))
    write_page(Recording(name, shown, start, traces, _facts(table, schema, account)), path)
    return path


def _compared(path: pathlib.Path, recording: str, main: Trace) -> list[Trace]:
    """The traces of a second table; ValueError if there is none, or if they lie outside the recording."""
    if not path.exists():
        raise ValueError(f"{path} does not exist; the folder of --compare needs a table of the same name")
    _, traces = read_traces(path, recording)
    spans = [(trace.time_seconds[0], trace.time_seconds[-1]) for trace in (traces[0], main)]
    (begin, end), (main_begin, main_end) = spans
    if begin > main_end or end < main_begin:
        raise ValueError(
            f"{path} is about {begin:.3f} to {end:.3f} s, and the other table about {main_begin:.3f} to "
            f"{main_end:.3f} s; give two tables of one recording"
        )
    return traces


def _side_by_side(table: pathlib.Path, traces: list[Trace], compare: pathlib.Path, others: list[Trace]) -> list[Trace]:
    """The traces of both tables, with the labels of one, and with names that tell them apart."""
    networks = [str(_schema(path).get("model", "")) for path in (table, compare)]
    if all(networks) and networks[0] != networks[1]:
        names = networks
    elif table.stem != compare.stem:
        names = [table.stem, compare.stem]
    else:
        names = [f"{path.absolute().parent.name}/{path.stem}" for path in (table, compare)]
    named = [dataclasses.replace(traces[0], name=printable(names[0])), *traces[1:]]
    named.append(dataclasses.replace(others[0], name=printable(names[1])))
    return named if len(traces) > 1 else [*named, *others[1:]]


def _schema(table: pathlib.Path) -> dict[str, Any]:
    """What stands beside a table; nothing beside those of other programs."""
    return read_object(sidecar(table), AGAIN) if sidecar(table).is_file() else {}


def _facts(table: pathlib.Path, schema: dict[str, Any], account: dict[str, Any]) -> list[str]:
    facts = [printable(table.name)]
    if schema.get("model"):
        facts.append(f"network {schema['model']}")
    if account.get("damage"):
        facts.append(f"the video {account['damage']}")
    if account.get("clock_restarts"):
        facts.append(
            f"the time stamps of the video run backwards in {account['clock_restarts']} places, after which the "
            "browser may show other frames than the table means"
        )
    return facts
