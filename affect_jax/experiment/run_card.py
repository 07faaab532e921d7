"""run_card.json: all that is needed to start a finished run again elsewhere and to compare the result."""

import datetime
import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from absl import logging

from affect_jax.experiment import restore
from affect_jax.experiment.config.claim import differences, read_config
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.environment import environment
from affect_jax.experiment.plain_folder import WEIGHTS, is_plain
from affect_jax.experiment.run import Run
from affect_jax.experiment.same_data import DATA
from affect_jax.files.atomic import open_atomically
from affect_jax.files.checksum import sha256
from affect_jax.files.json_files import read_object, read_objects
from affect_jax.infer.measured import FILE as EXECUTION
from affect_jax.train import checksums
from affect_jax.train.agreement import is_first

CARD = "run_card.json"
VERSION = "run_card_version"
CURRENT = 1
CHECKSUM = "checksum"
PARTS = {"config": dict, "sessions": list, "metrics": dict, "data": dict, "mesh": dict, "finished": bool}
JOURNAL = "metrics.jsonl"
COMPARED = ("mesh", "data", "weights")  # what two cards of one config may differ in, besides the environment
ADVICE = "take a card that python -m launch.train has written"


def begin_session(run: Run, step: int) -> dict[str, Any]:
    """Writes the card of a run that starts or is resumed at `step`, with the sessions that led there; returns it."""
    config = read_config(run.workdir)
    before = _earlier(run.workdir, config)
    session = {"first_step": step, "start": _now(), "environment": environment()}
    card = {
        VERSION: CURRENT,
        "finished": False,
        "config": config,
        "config_sha256": _sha256(config),
        "seeds": _seeds(config),
        "mesh": dict(run.placement.mesh.shape),
        "data": read_object(run.workdir / DATA, "remove it"),
        "weights": before.get("weights") if step else _weights(run),
        "sessions": [*(each for each in before.get("sessions", []) if each["first_step"] < step), session],
        "metrics": {},
    }
    _write(run.workdir, card)
    return card


def end_session(workdir: pathlib.Path, step: int, finished: bool) -> None:
    """Completes the card once everything is saved, unless it is complete; runs of before 0.2 have none."""
    path = workdir / CARD
    if not path.is_file() or (card := _read(path))["finished"]:
        return
    card["sessions"][-1] |= {"last_step": step, "end": _now()}
    card["finished"] = finished
    if finished:
        card["metrics"] = final_metrics(workdir)
        timings = workdir / EXECUTION
        card["execution"] = read_object(timings, "remove it") if timings.is_file() else {}
    _write(workdir, card)


def final_metrics(workdir: pathlib.Path) -> dict[str, float]:
    """The last value of each metric in the journal of a run."""
    found = {}
    for line in read_objects(workdir / JOURNAL, "step"):
        found |= line
    return {name: value for name, value in found.items() if name not in ("step", "seconds")}


def read_finished(path: pathlib.Path) -> dict[str, Any]:
    """Reads the card of a finished run; UsageError if it is missing, damaged, foreign or unfinished."""
    if not path.is_file():
        raise UsageError(f"--card={path} does not exist; give the {CARD} in the workdir of a finished run")
    try:
        card = _read(path)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not card["finished"]:
        raise UsageError(f"{path} is of a run that has not finished: there is no result to compare with")
    return card


def hand_over_timings(card: Mapping[str, Any], workdir: pathlib.Path) -> None:
    """Gives a new workdir the timings of the run, by which executions are chosen on the same kind of machine."""
    if card.get("execution") and not (workdir / EXECUTION).exists():
        with open_atomically(workdir / EXECUTION) as file:
            file.write(json.dumps(card["execution"], indent=1) + "\n")


def warn_of_differences(card: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """Warns of whatever differs between the last sessions of two runs except for the config; returns the number."""
    environments = [each["sessions"][-1]["environment"] for each in (card, other)]
    found = differences(*environments)
    found += differences(*({name: each.get(name) for name in COMPARED} for each in (card, other)))
    for difference in found:
        logging.warning("not as in the card: %s", difference)
    if any(session["environment"] != environments[0] for session in card["sessions"]):
        logging.warning("the run of the card was itself resumed in another environment: it may not be reproducible")
    return len(found)


def _earlier(workdir: pathlib.Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """The card of the run so far; empty for a new run, and with a warning if the card is of no use."""
    path = workdir / CARD
    if not path.is_file():
        return {}
    try:
        card = _read(path)
    except ValueError as error:
        logging.warning("%s; earlier sessions will be missing in it", error)
        return {}
    return card if card["config"] == config else {}


def _read(path: pathlib.Path) -> dict[str, Any]:
    card = read_object(path, ADVICE)
    if VERSION not in card:
        raise ValueError(f"{path} is not a card of a run (it has no {VERSION}); {ADVICE}")
    if card[VERSION] != CURRENT:
        raise ValueError(f"{path} has version {card[VERSION]} of run cards, this is {CURRENT}; {ADVICE}")
    checksum = card.pop(CHECKSUM, None)
    if checksum != _sha256(card) or any(not isinstance(card.get(name), kind) for name, kind in PARTS.items()):
        raise ValueError(f"{path} was changed after it was written: it does not match its checksum; {ADVICE}")
    return card


def _write(workdir: pathlib.Path, card: Mapping[str, Any]) -> None:
    if not is_first():  # the others read checkpoints for it, which takes all processes
        return
    with open_atomically(workdir / CARD) as file:
        file.write(json.dumps({**card, CHECKSUM: _sha256(card)}, indent=1) + "\n")


def _sha256(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _seeds(config: Mapping[str, Any], where: str = "") -> dict[str, int]:
    found = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            found |= _seeds(value, f"{where}{name}.")
        elif name == "seed":
            found[f"{where}{name}"] = value
    return found


def _weights(run: Run) -> dict[str, Any]:
    """Step and checksum of the networks that a run starts from or learns from, by workdir."""
    found = {}
    for workdir in filter(None, (run.options.initialize.workdir, run.options.teacher)):
        step = restore.best_step(pathlib.Path(workdir))
        if is_plain(pathlib.Path(workdir)):
            found[workdir] = {"step": step, "checksum": sha256(pathlib.Path(workdir) / WEIGHTS)}
            continue
        path = pathlib.Path(workdir) / "checkpoints" / str(step) / checksums.NAME
        stored = read_object(path, "restore it from a copy") if path.is_file() else {}
        found[workdir] = {"step": step, "checksum": stored.get("checksum_of_files")}
    return found


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
