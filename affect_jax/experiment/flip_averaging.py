"""Which quantities an evaluation or prediction averages over mirror images, and whether that changes anything."""

import pathlib
from collections.abc import Collection, Sequence

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.models.contract import Contract
from affect_jax.quantities.registry import QUANTITIES, in_order

FLAG = "--flip_average"


def checked(
    workdir: pathlib.Path, contract: Contract, reported: Collection[str], names: Sequence[str]
) -> tuple[str, ...]:
    """The named quantities in the order of the registry; UsageError if a network cannot average one of them.

    `reported` are the quantities that the task of the network reports.
    """
    if not names:
        return ()
    possible = [each.name for each in in_order(QUANTITIES) if each.mirrored]
    if unknown := sorted(set(names) - set(possible)):
        raise UsageError(f"{FLAG} names {', '.join(unknown)}; choose from {', '.join(possible)}")
    if contract.takes != "images":
        raise UsageError(f"{workdir} holds a network of {contract.takes}; only images can be mirrored")
    predicted = set(contract.predicts) & set(reported)
    if absent := [name for name in names if name not in predicted]:
        raise UsageError(
            f"{FLAG}={','.join(names)}: {workdir} holds a network of {', '.join(sorted(predicted))}, which does not "
            f"predict {', '.join(absent)}"
        )
    return tuple(each.name for each in in_order(names))


def warn_if_unscored(averaged: Sequence[str], labeled: Collection[str]) -> None:
    """Warns if none of the quantities that are averaged is labeled, so that no score depends on the averaging."""
    if averaged and not set(labeled) & set(averaged):
        logging.warning(
            "%s changes the predictions of %s but no score, because these data have labels of %s only",
            FLAG,
            ", ".join(averaged),
            ", ".join(sorted(labeled)) or "nothing",
        )
