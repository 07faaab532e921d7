"""The scores of a checkpoint that was saved on a signal, before its evaluations were done."""

import json
import pathlib
from collections.abc import Mapping

from affect_jax.train.checksums import add_checksums

ITEM = "metrics"  # the name that Orbax gives to the item and to its file


def has_scores(checkpoint: pathlib.Path) -> bool:
    """Whether a checkpoint was saved with its scores, or was given them."""
    return (checkpoint / ITEM).is_dir()


def add_scores(checkpoint: pathlib.Path, scores: Mapping[str, float], unfinished: pathlib.Path) -> None:
    """Gives a checkpoint the scores it lacks: all of them, or none if the process ends meanwhile.

    `unfinished` is a folder on the same file system, which is renamed; it may be left from an earlier attempt.
    """
    unfinished.mkdir(exist_ok=True)
    (unfinished / ITEM).write_text(json.dumps(scores))
    unfinished.rename(checkpoint / ITEM)
    add_checksums(checkpoint, ITEM)
