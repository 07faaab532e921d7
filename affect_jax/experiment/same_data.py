"""data.json: the fingerprint of each data set of a run, so that a resumed run goes on with the same data."""

import json
import pathlib
import socket

from affect_jax.data.fingerprint import source_fingerprint
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.run import Run
from affect_jax.files.atomic import open_atomically
from affect_jax.files.json_files import read_object
from affect_jax.train.agreement import from_first, is_first, wait_for_all

DATA = "data.json"


def require_same_data(run: Run, resuming: bool) -> None:
    """Writes the fingerprints of a new run; UsageError if those of a resumed run, or of process 0, are others.

    Runs of versions that wrote none get theirs when they are resumed.
    """
    path = run.workdir / DATA
    found = _fingerprints(run)
    _require_same_everywhere(found)
    if is_first():
        _compare_or_write(path, found, resuming)
    wait_for_all("data")


def _require_same_everywhere(found: dict[str, dict]) -> None:
    first = json.loads(from_first("data", json.dumps(found)))
    for name, fingerprint in found.items():
        here, there = fingerprint["examples"], first[name]["examples"]
        if fingerprint != first[name]:
            difference = (
                f"{here} examples, {there} there" if here != there else "other names or labels, or another order"
            )
            raise UsageError(
                f"{name} on {socket.gethostname()} is not what process 0 reads: {difference}; all processes need "
                "the same files"
            )


def _compare_or_write(path: pathlib.Path, found: dict[str, dict], resuming: bool) -> None:
    if resuming and path.is_file():
        try:
            known = read_object(path, "remove it to go on with the data as they are")
        except ValueError as error:
            raise UsageError(str(error)) from error
        for name, fingerprint in found.items():
            if name in known and known[name] != fingerprint:
                raise UsageError(
                    f"{name} has changed since this run started: {_difference(known[name], fingerprint)}. Restore the "
                    f"data, or train in another --workdir; to go on with the data as they are, remove {path}"
                )
        return
    with open_atomically(path) as file:
        file.write(json.dumps(found, indent=1) + "\n")


def _fingerprints(run: Run) -> dict[str, dict]:
    found = {}
    for name, source in zip(run.options.data.train, run.source.parts, strict=True):
        found[f"data.train.{name}"] = source_fingerprint(source)
    for name, source in run.evaluation_sources.items():
        found[f"evaluations.{name}"] = source_fingerprint(source)
    return found


def _difference(known: dict, found: dict) -> str:
    if known["examples"] != found["examples"]:
        return f"it had {known['examples']} examples and has {found['examples']} now"
    return f"its {found['examples']} examples have other names or labels, or another order"
