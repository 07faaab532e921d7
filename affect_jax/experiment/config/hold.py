"""A lock on a workdir, so that one process at a time trains in it; it ends with the process that holds it."""

import contextlib
import pathlib
from collections.abc import Iterator

from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.locks import Held, locked
from affect_jax.train.damage import LOCK


@contextlib.contextmanager
def hold(workdir: pathlib.Path) -> Iterator[None]:
    """Holds a workdir, which is created if missing; UsageError names the process that already holds it."""
    workdir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(workdir / LOCK))
        except Held as holder:
            raise UsageError(
                f"{workdir} is in use by {holder}; wait until it ends, or stop it. Evaluations and predictions "
                "can use the folder meanwhile"
            ) from holder
        yield
