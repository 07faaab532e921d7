"""Keeps the chatter of libraries out of the output: their failures reach the user as one sentence of ours."""

import logging as standard_logging
import os
import sys
import threading
import types
import warnings

from absl import logging

from affect_jax.files.disk import find_fault

NOISY = ("orbax", "jax", "grain", "array_record", "tensorflow_datasets", "matplotlib", "asyncio")
AFTERMATH = "Event loop is closed"  # TensorStore, once for each write that is under way when another one fails


def quiet_libraries() -> None:
    """Sets up logging, warnings and the hooks for errors in threads; with --verbosity=1, nothing is held back.

    A failed write of a checkpoint is raised in the thread that trains as well, so its tracebacks in the threads of the
    libraries are held back; they used to fill hundreds of lines.
    """
    handler = logging.get_absl_handler()
    handler.setFormatter(standard_logging.Formatter("%(message)s"))
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    if logging.level_debug():
        return
    handler.python_handler.addFilter(_is_for_users)
    sys.excepthook = _report_uncaught
    threading.excepthook = _report_uncaught_in_thread
    sys.unraisablehook = _report_unraisable
    # The cache folder could be written when the command started. What fails later costs time only.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache entry")
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)


def _is_for_users(record: standard_logging.LogRecord) -> bool:
    inside = any(f"{os.sep}{name}{os.sep}" in record.pathname for name in NOISY)
    return not inside or (record.levelno >= standard_logging.ERROR and not record.exc_info)


def _report_uncaught(kind: type, error: BaseException, trace: types.TracebackType | None) -> None:
    if not _is_aftermath(error):
        sys.__excepthook__(kind, error, trace)


def _report_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or not _is_aftermath(args.exc_value):
        threading.__excepthook__(args)


def _report_unraisable(args: "sys.UnraisableHookArgs") -> None:
    """For errors in callbacks from other languages, here those of TensorStore's threads."""
    if args.exc_value is None or not _is_aftermath(args.exc_value):
        sys.__unraisablehook__(args)


def _is_aftermath(error: BaseException) -> bool:
    """Whether an error in a thread only follows from one that the user is told about."""
    return str(error) == AFTERMATH or find_fault(error) is not None
