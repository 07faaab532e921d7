"""Which quantities an evaluation or prediction averages over mirror images, and whether that changes anything."""

import pathlib
from collections.abc import Collection, Sequence

from absl import logging

from affect_jax.evaluate.flip import flip_averaged
from affect_jax.experiment.config.errors import UsageError
from affect_jax.models.contract import Contract

ALL = "--flip_average_all"


def choose(
    workdir: pathlib.Path, contract: Contract, reported: Collection[str], flip: bool, flip_all: bool
) -> tuple[str, ...]:
    """The names of the quantities to average: none, those averaged by default (`flip`), or every possible one.

    `reported` are the quantities that the task of the network reports.
    UsageError for a network with no such quantity, or that takes no images.
    """
    if not (flip or flip_all):
        return ()
    if contract.takes != "images":
        raise UsageError(f"{workdir} holds a network of {contract.takes}; only images can be mirrored")
    predicted = set(contract.predicts) & set(reported)
    if averaged := flip_averaged(predicted, flip_all):
        return averaged
    if others := flip_averaged(predicted, every=True):
        raise UsageError(
            f"--flip_average would change nothing: {workdir} holds a network of {', '.join(others)}, which is averaged "
            f"with {ALL} only"
        )
    raise UsageError(
        f"{workdir} holds a network of {', '.join(sorted(predicted))}, whose predictions cannot be averaged with those "
        "of the mirror image"
    )


def warn_if_unscored(averaged: Sequence[str], labeled: Collection[str]) -> None:
    """Warns if none of the quantities that are averaged is labeled, so that no score depends on the averaging."""
    if not averaged or set(labeled) & set(averaged):
        return
    advice = "" if set(averaged) >= set(flip_averaged(labeled, every=True)) else f"; {ALL} averages every quantity"
    logging.warning(
        "flip averaging changes the predictions of %s but no score, because these data have labels of %s only%s",
        ", ".join(averaged),
        ", ".join(sorted(labeled)) or "nothing",
        advice,
    )
