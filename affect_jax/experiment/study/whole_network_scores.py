"""Scores of a whole network after fine-tuning it on each person, in the form of those of methods on stored features."""

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence

import jax
import numpy as np
from absl import logging
from jaxtyping import Float

from affect_jax.data.source import as_table
from affect_jax.experiment.data import SKIPPED, evaluation_batches, existing_store, open_source
from affect_jax.experiment.evaluate import evaluation_source
from affect_jax.experiment.study.adaptation_pair import Pair, draw, read_pair
from affect_jax.experiment.study.adaptation_runs import Row
from affect_jax.experiment.study.adaptation_scores import score
from affect_jax.experiment.study.neutral_segments import require_neutral_segments
from affect_jax.experiment.study.whole_network import BY_LABELS, Tuning, WholeNetwork, newest, take_rows
from affect_jax.files.atomic import write_csv
from affect_jax.personal.outputs import label_unit
from affect_jax.personal.people import Person
from affect_jax.personal.protocol import Protocol
from affect_jax.types import Batch, Label

NAME = "whole_network"
Data = tuple[str, str, str, Sequence[str]]


def score_whole_network(
    workdir: pathlib.Path,
    sources: pathlib.Path,
    targets: pathlib.Path,
    data: Data,
    protocols: Sequence[Protocol],
    output: pathlib.Path,
    neutral_seconds: float = 3.0,
    seed: int = 0,
    tuning: Tuning = BY_LABELS,
) -> list[Row]:
    """Rows like those of `adaptation_runs`, for the same frames of the same people, written after each person.

    Args:
      workdir: the network that the features are of.
      sources: folder of stored features of source people; only checked to be others.
      targets: that of the target people.
      data: name, root, split and settings of the data set whose images the targets' features are of.
      protocols: those without labels learn from the neutral segment alone, whose label is known: neutral.
      output: the table.
      neutral_seconds: length of the neutral segment; nothing of it, or near it, is scored.
      seed: of the frames that are drawn.
      tuning: how the network is fine-tuned.
    """
    pair = read_pair(sources, targets, neutral_seconds, seed)
    if not all(protocol.has_labels for protocol in protocols):
        require_neutral_segments(pair.people, targets, neutral_seconds)
    whole, rows = WholeNetwork(workdir, tuning), []
    people = {person.name: person for person in pair.people}
    for name, faces in people_faces(whole, data, pair.people, output.parent):
        for protocol in protocols:
            rows += _person_rows(whole, pair, people[name], faces, protocol)
            logging.info("%s %g, %s: %d rows", protocol.kind, protocol.share, name, len(rows))
        write_csv(rows, output)
    return rows


def _person_rows(whole: WholeNetwork, pair: Pair, person: Person, faces: Batch, protocol: Protocol) -> list[Row]:
    """A row for each number of steps."""
    adaptation, scored = draw(person, protocol, pair.seed)
    learned = np.flatnonzero(adaptation & person.known if protocol.has_labels else person.neutral)
    given = take_rows(faces, learned)
    if not protocol.has_labels:
        given = as_neutral(given, whole.quantities)
    used = scored & person.known
    row = {"seed": pair.seed, "method": NAME, "protocol": protocol.kind, "neutral": str(int(protocol.neutral))}
    row |= {"share": f"{protocol.share:g}", "subject": person.name}
    row |= {"labeled": len(learned) * protocol.has_labels, "scored": int(used.sum())}
    rows = []
    for steps, variables in whole.fine_tune(given, pair.seed):
        values = whole.predict_faces(variables, take_rows(faces, np.flatnonzero(used)))
        found = score(pair.quantities, values, person.label[used])
        tuning = whole.tuning
        how = {"iterations": steps, "learning_rate": f"{tuning.optimizer.learning_rate:g}", "layers": tuning.layers}
        rows.append({**row, **how, **found})
    return rows


def as_neutral(faces: Batch, quantities: Sequence[str]) -> Batch:
    """The faces with the label of a neutral face, 0, in place of their own; of clips, for the newest frame alone."""
    weight = np.zeros(faces.weight.shape, np.float32)
    weight[(slice(None), -1) if weight.ndim > 1 else slice(None)] = 1
    labels = {name: dataclasses.replace(label, weight=0 * label.weight) for name, label in faces.labels.items()}
    for name in quantities:
        labels[name] = Label(np.zeros_like(faces.labels[name].value), weight)
    return dataclasses.replace(faces, labels=faces.labels.replace(**labels))


def people_faces(
    whole: WholeNetwork, data: Data, people: Sequence[Person], folder: pathlib.Path
) -> Iterator[tuple[str, Batch]]:
    """The cropped faces of each person, or clips that end with them, in the order of the stored features.

    One person after another, because the clips of all would not fit into memory. ValueError if they are others.
    """
    part = evaluation_source(whole.run, *data)
    folder.mkdir(parents=True, exist_ok=True)
    source = open_source(part, whole.run.label_set, existing_store(whole.run), str(folder / SKIPPED))
    subjects = np.array(as_table(source.examples).subjects)
    wanted = {person.name: person for person in people}
    parts: dict[str, list[Batch]] = {}
    for batch in evaluation_batches(whole.run, source, folder):
        batch = take_rows(batch, np.flatnonzero(newest(batch, batch.weight) > 0))
        own = subjects[newest(batch, batch.index)]
        for name in dict.fromkeys(own.tolist()):
            if name in wanted:
                parts.setdefault(name, []).append(take_rows(batch, np.flatnonzero(own == name)))
        for name in [name for name in parts if _count(parts[name]) == (subjects == name).sum()]:
            faces = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts.pop(name))
            _check_faces(whole, wanted.pop(name), faces)
            yield name, faces
    for name, person in wanted.items():
        found = parts.get(name, [])
        raise ValueError(_others(_count(found), person))


def _count(parts: Sequence[Batch]) -> int:
    return sum(len(part.weight) for part in parts)


def _check_faces(whole: WholeNetwork, person: Person, faces: Batch) -> None:
    labels = _labels(faces, whole.quantities)
    known = person.known
    if labels.shape != person.label.shape or not np.allclose(labels[known], person.label[known], atol=1e-5):
        raise ValueError(_others(len(labels), person))


def _labels(faces: Batch, quantities: Sequence[str]) -> Float[np.ndarray, "face output"]:
    values = [newest(faces, faces.labels[name].value) for name in quantities]
    return np.concatenate(values, -1) / label_unit(quantities)


def _others(count: int, person: Person) -> str:
    return (
        f"the data set's {count} faces of '{person.name}' are not those of the stored features; give the --data, "
        "--split and --set with which the features were stored"
    )
