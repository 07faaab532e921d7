"""Learns the adapter of one person from labels of some frames, a face at rest, or both."""

import pathlib
import tempfile
import time

import jax
import numpy as np
from absl import logging

from affect_jax.experiment import restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.features import store_files
from affect_jax.experiment.lesson import Lesson, at_rest, learn, read_given, require_same_network, rows_of
from affect_jax.experiment.predict import Finding
from affect_jax.files.disk import require_writable
from affect_jax.nn.network import names
from affect_jax.personal.adapter_file import Card, Geometry, read_adapter, write_adapter
from affect_jax.personal.digest import network_digest
from affect_jax.personal.folder import adapter_path
from affect_jax.personal.one_person import geometry_of, warn_of_another_face, warn_of_two_faces
from affect_jax.personal.stored import read_features
from affect_jax.tables.clip_summary import durations
from affect_jax.tables.person_rows import LONGEST_SECONDS


def adapt_run(workdir: pathlib.Path, output: pathlib.Path, features: pathlib.Path, lesson: Lesson) -> None:
    """Writes the adapter of a person for the network of a workdir.

    Args:
      workdir: of the network.
      output: the file, NAME.safetensors in a folder of persons; an earlier one is replaced.
      features: of the person, as written by `launch.features` for this network.
      lesson: what to learn, and from what.

    Where nothing is given to learn from, the adapter changes nothing. ValueError for labels that nothing can be learned
    from, and for features of another network.
    """
    _check_output(lesson, output)
    _, _, variables, step = restore.restore_run(workdir)
    arrays = jax.device_get(names(variables))
    digest = network_digest(arrays)
    stored = read_features(features)
    require_same_network(stored, digest, workdir)
    rows = rows_of(stored, lesson)
    used = at_rest(rows, lesson) | (rows.weight > 0)
    warn_of_two_faces(rows, used)
    given = read_given(rows, lesson)
    start = time.perf_counter()
    adapter = learn(given, lesson, digest, workdir)
    taken = time.perf_counter() - start
    labeled, neutral = int(given.labeled.sum()), int(given.neutral.sum())
    logging.info("%s: learned from %d labeled and %d neutral frames in %.2f s", lesson.subject, labeled, neutral, taken)
    geometry = geometry_of(rows, used)
    _compare_with_earlier(output, digest, lesson.subject, geometry)
    card = Card(
        person=lesson.subject,
        method=lesson.method,
        frames=labeled,
        seconds=float(np.minimum(durations(rows.time_seconds), LONGEST_SECONDS)[used].sum()),
        has_neutral=neutral > 0,
        network=f"{workdir.name}@{step}",
        network_sha256=digest,
        geometry=geometry,
    )
    write_adapter(output, adapter, card, sum(array.size for array in arrays.values()))
    logging.info("wrote %s (%.1f kB)", output, output.stat().st_size / 1000)


def adapt_from_video(
    workdir: pathlib.Path, output: pathlib.Path, source: pathlib.Path, finding: Finding, lesson: Lesson
) -> None:
    """The same with the faces of a video, whose features are removed afterwards."""
    _check_output(lesson, output)
    with tempfile.TemporaryDirectory(prefix="affect_jax_") as folder:
        store_files(workdir, source, pathlib.Path(folder), finding)
        adapt_run(workdir, output, pathlib.Path(folder), lesson)


def _check_output(lesson: Lesson, output: pathlib.Path) -> None:
    expected = adapter_path(output.parent, lesson.subject)
    if output != expected:
        raise UsageError(f"--output={output}: expected the file {expected.name}, whose name says whose it is")
    require_writable(output.parent)


def _compare_with_earlier(output: pathlib.Path, network_sha256: str, name: str, geometry: Geometry | None) -> None:
    """Warns if the file holds an adapter that was learned from another face, or one that cannot be read."""
    if not output.is_file():
        return
    try:
        _, card = read_adapter(output, network_sha256)
    except ValueError as error:
        logging.warning("%s; it is replaced", error)
        return
    if geometry is not None and card.geometry is not None:
        warn_of_another_face(name, geometry.mean, card.geometry.mean)
