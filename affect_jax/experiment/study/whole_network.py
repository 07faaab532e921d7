"""Fine-tuning of a whole network on the images of one person, which methods on stored features are compared with."""

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from jaxtyping import Float, Int

from affect_jax.data.source import as_table
from affect_jax.experiment import restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.data import SKIPPED, evaluation_batches, existing_store, open_source
from affect_jax.experiment.evaluate import evaluation_source
from affect_jax.experiment.network import make_builder, make_predict, tune
from affect_jax.experiment.study.adaptation_pair import draw, read_pair
from affect_jax.experiment.study.adaptation_runs import Row, score
from affect_jax.experiment.task import fit_task
from affect_jax.files.atomic import write_csv
from affect_jax.nn.network import Network, Variables
from affect_jax.personal.people import Person
from affect_jax.personal.protocol import Protocol
from affect_jax.train.objective import Objective
from affect_jax.train.optimizer import OptimizerConfig, make_optimizer
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state
from affect_jax.train.step import compile_step, make_train_step
from affect_jax.types import Batch

NAME = "whole_network"
# Ours, and not chosen on source people, which would take a training for each of them.
STEPS, BATCH, LEARNING_RATE = 60, 32, 1e-3


class WholeNetwork:
    """A trained network, all of whose parameters are fine-tuned for one person after another by one compiled step.

    The loss is that of the network's own training, on valence and arousal alone; running statistics stay.
    """

    def __init__(self, workdir: pathlib.Path, steps: int = STEPS):
        self.run, _, self.variables, _ = restore.restore_run(workdir)
        if self.run.data.frames or self.run.contract.takes != "images":
            raise UsageError(f"{workdir} holds no network of still images; give the workdir of a static network")
        self.steps, self.placement = steps, Placement.single()
        network = Network(make_builder(self.run), fixed_statistics=".*")
        self.network = tune(network, self.run, self.placement, training=True)
        self.predict = make_predict(self.network, self.placement)
        self.optimizer = make_optimizer(OptimizerConfig(learning_rate=LEARNING_RATE), steps)
        self.task = fit_task(self.run, None)
        self.key = jax.random.key(0)
        step = make_train_step(Objective(self.network, self.task), self.optimizer, self.key)
        self.step = compile_step(step, self._start(), self.placement)

    def _start(self):
        variables = jax.tree.map(jnp.copy, self.variables)  # a copy, because a step donates its state
        return create_state(self.network, self.optimizer, variables, self.task.initial())

    def fine_tune(self, labeled: Batch, seed: int) -> Variables:
        """The variables after learning from the given faces, in random batches."""
        state, rng = self._start(), np.random.default_rng((seed, len(labeled.weight)))
        labels = {name: dataclasses.replace(label, weight=0 * label.weight) for name, label in labeled.labels.items()}
        labels["valence_arousal"] = labeled.labels["valence_arousal"]
        labeled = dataclasses.replace(labeled, labels=labeled.labels.replace(**labels))
        for _ in range(self.steps):
            rows = rng.integers(len(labeled.weight), size=BATCH)
            state, _ = self.step(state, self.placement.spread(take_rows(labeled, rows)))
        return state.variables

    def predict_faces(self, variables: Variables, faces: Batch) -> Float[np.ndarray, "face 2"]:
        """Raw valence and arousal."""
        parts = []
        for start in range(0, len(faces.weight), BATCH):
            rows = np.arange(start, start + BATCH).clip(max=len(faces.weight) - 1)
            parts.append(np.asarray(self.predict(variables, take_rows(faces, rows))["valence_arousal"]))
        return np.concatenate(parts)[: len(faces.weight)]


def take_rows(batch: Batch, rows: Int[np.ndarray, "row"]) -> Batch:
    """Some faces of a batch."""
    return jax.tree.map(lambda leaf: leaf[rows], batch)


def score_whole_network(
    workdir: pathlib.Path,
    sources: pathlib.Path,
    targets: pathlib.Path,
    data: tuple[str, str, str, Sequence[str]],
    protocols: Sequence[Protocol],
    output: pathlib.Path,
    neutral_seconds: float = 3.0,
    seed: int = 0,
) -> list[Row]:
    """Rows like those of `adaptation_runs`, for the same frames of the same people, written after each protocol.

    Args:
      workdir: the network that the features are of.
      sources: folder of stored features of source people; only checked to be others.
      targets: that of the target people.
      data: name, root, split and settings of the data set whose images the targets' features are of.
      protocols: with labels.
      output: the table.
      neutral_seconds: length of the neutral segment, from which nothing is learned.
      seed: of the frames that are drawn.
    """
    pair = read_pair(sources, targets, neutral_seconds, seed)
    whole, rows = WholeNetwork(workdir), []
    faces = dict(people_faces(whole, data, pair.people, output.parent))
    for protocol in protocols:
        for person in pair.people:
            adaptation, scored = draw(person, protocol, seed)
            learned, used = np.flatnonzero(adaptation & person.known), scored & person.known
            variables = whole.fine_tune(take_rows(faces[person.name], learned), seed)
            values = whole.predict_faces(variables, take_rows(faces[person.name], np.flatnonzero(used)))
            row = {"seed": seed, "method": NAME, "protocol": protocol.kind, "neutral": "0"}
            row |= {"share": f"{protocol.share:g}", "subject": person.name}
            row |= {"labeled": len(learned), "scored": int(used.sum())}
            rows.append({**row, **score(values, person.label[used])})
            logging.info("%s %g, %s: CCC %.3f", protocol.kind, protocol.share, person.name, rows[-1]["ccc/mean"])
        write_csv(rows, output)
    return rows


def people_faces(
    whole: WholeNetwork, data: tuple[str, str, str, Sequence[str]], people: Sequence[Person], folder: pathlib.Path
) -> Iterator[tuple[str, Batch]]:
    """The cropped faces of each person, in the order of the stored features; ValueError if they are others."""
    part = evaluation_source(whole.run, *data)
    folder.mkdir(parents=True, exist_ok=True)
    source = open_source(part, whole.run.label_set, existing_store(whole.run), str(folder / SKIPPED))
    batches = list(evaluation_batches(whole.run, source, folder))
    every = jax.tree.map(lambda *leaves: np.concatenate(leaves), *batches)
    every = take_rows(every, np.flatnonzero(every.weight > 0))
    subjects = np.array(as_table(source.examples).subjects)[every.index]
    for person in people:
        found = take_rows(every, np.flatnonzero(subjects == person.name))
        labels = np.asarray(found.labels["valence_arousal"].value)
        if labels.shape != person.label.shape or not np.allclose(labels, person.label, atol=1e-5):
            raise ValueError(
                f"the data set's {len(labels)} faces of '{person.name}' are not those of the stored features; give the "
                "--data, --split and --set with which the features were stored"
            )
        yield person.name, found
