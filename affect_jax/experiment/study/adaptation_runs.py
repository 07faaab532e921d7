"""Scores of ways of adapting to new people under all protocols, for one pair of source and target people."""

import csv
import io
import pathlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from absl import logging
from jaxtyping import Array, Float

from affect_jax.experiment.study.adaptation_pair import Pair, draw
from affect_jax.experiment.study.adaptation_scores import score, score_names
from affect_jax.files.atomic import write_csv
from affect_jax.personal.method import FRAMES, LABELS, NEUTRAL, Method
from affect_jax.personal.people import given_together
from affect_jax.personal.protocol import Drawn, Protocol
from affect_jax.personal.registry import METHODS
from affect_jax.personal.together import adapt_together
from affect_jax.train.streams import stream

Row = Mapping[str, object]
SETTING = ("protocol", "neutral", "share")  # the columns that distinguish the rows of a method and a seed


def protocols(shares: Sequence[float], has_neutral: bool = True) -> list[Protocol]:
    """All protocols of the study: labels at random times or in a block, or none, each with and without neutral face.

    Those with a neutral face are left out if no one has a neutral segment.
    """
    found = []
    for kind in ("random", "block", "none"):
        for neutral in (False, True) if has_neutral else (False,):
            found += [Protocol(kind, share, neutral) for share in shares if share or kind == "none" or not neutral]
    return found


def run_method(name: str, pair: Pair, wanted: Sequence[Protocol], folder: pathlib.Path) -> list[Row]:
    """A row for each protocol and target person; those that `folder` holds already are not computed again.

    A row has the setting, the person, how many frames were learned from and scored, and the scores.
    """
    path = folder / pair.digest[:16] / f"{name}.csv"
    rows = read_rows(path, [person.name for person in pair.people], score_names(pair.quantities))
    done = {_columns(row) for row in rows}
    missing = [protocol for protocol in wanted if _setting(protocol) not in done]
    if missing:
        started = time.monotonic()
        adapted = Adapted(METHODS[name], pair)
        for protocol in missing:
            rows += rows_of(protocol, pair, adapted)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_csv(rows, path)
        taken = time.monotonic() - started
        logging.info("seed %d, %s: %d settings in %.1f s", pair.seed, name, len(missing), taken)
    settings = {_setting(protocol) for protocol in wanted}
    return [row for row in rows if _columns(row) in settings]


def read_rows(path: pathlib.Path, people: Sequence[str], scores: Sequence[str]) -> list[Row]:
    """The rows of an earlier run; [] if there are none, and, with a warning, if the table is damaged."""
    if not path.exists():
        return []
    try:
        text = path.read_bytes().decode()
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        whole = all(_is_whole(row, scores) for row in rows)
        complete = text.endswith("\n") and whole and _are_of(people, rows)
    except (UnicodeDecodeError, csv.Error):
        complete = False
    if complete:
        return rows
    logging.warning("%s is damaged: not all scores of all %d people are there; it is computed again", path, len(people))
    return []


def _is_whole(row: Row, scores: Sequence[str]) -> bool:
    """Whether a row has as many cells as the table has columns, and a number for each score."""
    try:
        for name in scores:
            float(str(row[name]))
    except (KeyError, ValueError):
        return False
    return None not in row and None not in row.values()


def _are_of(people: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether there are rows, and each setting has one row for each person."""
    settings: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        settings.setdefault(_columns(row), []).append(str(row.get("subject")))
    return bool(rows) and all(sorted(names) == sorted(people) for names in settings.values())


def _columns(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(column)) for column in SETTING)


def _setting(protocol: Protocol) -> tuple[str, str, str]:
    return protocol.kind, str(int(protocol.neutral)), f"{protocol.share:g}"


def rows_of(protocol: Protocol, pair: Pair, adapted: "Adapted") -> list[Row]:
    """A row for each target person."""
    drawn = [draw(person, protocol, pair.seed) for person in pair.people]
    predicted = adapted.predictions(protocol, drawn)
    setting = dict(zip(SETTING, _setting(protocol), strict=True))
    rows = []
    for person, (adaptation, scored), values in zip(pair.people, drawn, predicted, strict=True):
        used = scored & person.known
        row = {"seed": pair.seed, "method": adapted.method.name, **setting, "subject": person.name}
        row |= {"labeled": int((adaptation & person.known).sum() * protocol.has_labels), "scored": int(used.sum())}
        rows.append({**row, **score(pair.quantities, values[: len(person)][used], person.label[used])})
    return rows


class Adapted:
    """Predictions of one method for all target people at once; what is compiled serves all protocols.

    Args:
      method: a way of adapting.
      pair: source and target people.
      prior: what the method would learn from the source people, or None.
    """

    def __init__(self, method: Method, pair: Pair, prior: Any = None):
        self.method, self.pair = method, pair
        root = jax.random.key(pair.seed)
        learning, self.key = (stream(root, f"{method.name}/{part}", 0) for part in ("learn", "adapt"))
        self.prior = method.learn(pair.sources, learning) if prior is None else prior
        self.predict = jax.jit(jax.vmap(method.predict, (None, 0, 0, 0)))
        longest = max(map(len, pair.people))
        self.features = np.stack([_padded(person.features, longest) for person in pair.people])
        self.output = np.stack([_padded(person.output, longest) for person in pair.people])
        largest = Protocol("block").largest
        self.frames = max(int(largest * len(person) + 1) + int(person.neutral.sum()) for person in pair.people)
        self.known: dict[tuple, Array] = {}

    def start_from(self, prior: Any) -> None:
        """Goes on with another prior of the same kind, without compiling again."""
        self.prior, self.known = prior, {}

    def predictions(self, protocol: Protocol, drawn: Sequence[Drawn]) -> Float[np.ndarray, "person frame output"]:
        """The outputs for all frames; computed once for protocols that give the method the same."""
        frames = FRAMES in self.method.needs or (LABELS in self.method.needs and protocol.has_labels)
        neutral = bool({NEUTRAL, FRAMES} & set(self.method.needs)) and protocol.neutral
        same = (protocol.kind, protocol.share) if frames and protocol.share else ()
        if (*same, neutral) not in self.known:
            given = given_together(self.pair.people, drawn, protocol, self.method.needs, self.frames)
            personal = adapt_together(self.method, self.prior, given, self.key)
            self.known[*same, neutral] = self.predict(self.prior, personal, self.features, self.output)
        return np.asarray(self.known[*same, neutral])


def _padded(values: np.ndarray, frames: int) -> np.ndarray:
    return np.pad(values, ((0, frames - len(values)), (0, 0)))
