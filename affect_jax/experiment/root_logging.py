"""Keeps a library call from setting up the logging of the program that makes it."""

import contextlib
import logging as standard_logging
import os
from collections.abc import Iterator

from absl import logging

OWN_MESSAGES = f"{os.sep}orbax{os.sep}"  # of Orbax on itself, such as that a type handler is replaced


@contextlib.contextmanager
def leave_logging_alone() -> Iterator[None]:
    """Removes the root handler that absl adds with its first message; a program's own `basicConfig` would do nothing.

    Warnings are shown nevertheless; what Orbax has to say of itself is not.
    """
    root, absl = standard_logging.getLogger(), logging.get_absl_logger()
    before = root.handlers[:]
    absl.addFilter(_is_for_users)
    try:
        yield
    finally:
        absl.removeFilter(_is_for_users)
        for handler in root.handlers[:]:
            if handler not in before:
                root.removeHandler(handler)


def _is_for_users(record: standard_logging.LogRecord) -> bool:
    return OWN_MESSAGES not in record.pathname or record.levelno >= standard_logging.ERROR
