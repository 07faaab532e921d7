"""Helpful errors for checkpoints that cannot be read."""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence

import tensorstore

LOCK = ".lock"  # in a workdir while a process trains there; see experiment/config/hold.py
SHOWN_CHARACTERS = 200  # of the reason's end, which is where the underlying libraries state the cause


class DamagedCheckpoint(ValueError):
    """A checkpoint is truncated or damaged; the message names its folder and a remedy."""


@contextlib.contextmanager
def convert_errors(folder: pathlib.Path, step: int | None, steps: Sequence[int] = ()) -> Iterator[None]:
    """Converts any exception raised while reading the checkpoint of `step` (None: any) to DamagedCheckpoint.

    `steps` are the steps of all checkpoints in `folder`.
    """
    try:
        yield
    except DamagedCheckpoint:
        raise
    # A truncated file can make the underlying libraries raise almost anything.
    except Exception as error:
        place = f"the checkpoint {folder / str(step)}" if step is not None else f"a checkpoint in {folder}"
        raise DamagedCheckpoint(
            f"{place} cannot be read: one of its files is missing, truncated or damaged ({reason_of(error, folder)}); "
            f"{_remedy(folder, step, [other for other in steps if other != step])}"
        ) from error


def check_complete(folder: pathlib.Path) -> None:
    """Reads every byte of the arrays in `folder`; raises ValueError if there are none or one is truncated.

    To be called before Orbax reads them concurrently: it gives up at the first failure and closes its event loop, so
    that each of the other reads prints a traceback of its own. Takes 12 ms for a checkpoint of 1 MB.
    """
    place = {"driver": "ocdbt", "base": f"{folder.absolute().as_uri()}/"}
    store = tensorstore.KvStore.open(place).result()
    reads = [store.read(key) for key in store.list().result()]
    if not reads:
        raise ValueError(f"{folder.name} contains no arrays")
    for read in reads:
        read.result()


def _remedy(folder: pathlib.Path, step: int | None, others: Sequence[int]) -> str:
    if (folder.parent / LOCK).exists() or (step is not None and not (folder / str(step)).exists()):
        return "a training that is under way there may have replaced it meanwhile: run the same command again"
    if step is None:
        return "remove the folder of the step whose 'metrics' are damaged, and another checkpoint will be used"
    if others:
        return f"remove that folder, and the checkpoint of step {max(others)} will be used"
    return "there is no other checkpoint: restore it from a backup, or train from scratch in another --workdir"


def reason_of(error: Exception, folder: pathlib.Path) -> str:
    """The cause that an error of the underlying libraries states, in one line, with paths inside `folder`."""
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    text = text.partition(" [tensorstore_spec=")[0].replace(f"{folder.absolute()}/", "")
    name = "" if isinstance(error, ValueError | KeyError | OSError) else f"{type(error).__name__}: "
    return name + (text if len(text) <= SHOWN_CHARACTERS else f"...{text[-SHOWN_CHARACTERS:]}")
