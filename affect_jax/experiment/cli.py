"""What every command shares: parsing flags, logging, error messages and exit codes.

Exit codes: 0 success, 1 failure, 2 wrong usage, 75 stopped by a signal after saving (run the same command to resume).
"""

import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from types import FrameType
from typing import NoReturn

from absl import app, flags, logging

from affect_jax.experiment.allocator import keep_memory
from affect_jax.experiment.arguments import parse
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.quiet import quiet_libraries
from affect_jax.files.cache import cache_folder, user_cache
from affect_jax.files.disk import DiskError, find_fault
from affect_jax.train import beside

EXIT_PREEMPTED = 75  # EX_TEMPFAIL: stopped by a signal after saving; the same command resumes
EXIT_INTERRUPTED = 130
END_SECONDS = 5.0  # grace period after a signal for the threads of libraries
FAILURES = (ValueError, ArithmeticError, OSError, KeyError)
OUT_OF_MEMORY = "RESOURCE_EXHAUSTED: Out of memory"
MACHINE = re.compile(f"Unable to initialize backend|{OUT_OF_MEMORY}")  # errors of JAX that are not bugs of ours
SHOWN_CHARACTERS = 200
# Small convolutions and batched products use all cores: 1.3 times the training steps (docs/results/static_speed.md).
CPU_THREADS = "--xla_cpu_experimental_ynn_fusion_type=-individual_dot,-individual_convolution"


def run(main: Callable[[], bool | None], resumable: bool = False) -> None:
    """Parses the flags, calls `main` and exits; `main` returns False if a signal stopped it after saving.

    `resumable` says that the same command goes on later: a signal that comes before `main` handles them ends with 75.
    """
    if resumable:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _leave_at_once)
    app.run(lambda _: _leave(_call(main)), flags_parser=parse)


def _leave(code: int) -> NoReturn:
    """Exits the process; after a signal, even if a thread that waits for data would keep it alive."""
    if code in (EXIT_PREEMPTED, EXIT_INTERRUPTED):
        sys.stdout.flush()
        if beside.is_busy():  # a compilation, which an orderly end would wait for, or crash under
            for child in multiprocessing.active_children():
                child.terminate()
            os._exit(code)
        timer = threading.Timer(END_SECONDS, os._exit, [code])
        timer.daemon = True
        timer.start()
    sys.exit(code)


def _leave_at_once(number: int, _frame: FrameType | None) -> NoReturn:
    sys.stderr.write(f"signal {number}: nothing was to be saved yet; run the same command to start\n")
    sys.stderr.flush()
    os._exit(EXIT_PREEMPTED)


def _call(main: Callable[[], bool | None]) -> int:
    try:
        _prepare()
        return EXIT_PREEMPTED if main() is False else 0
    except UsageError as error:
        return _report(error, 2)
    except KeyboardInterrupt:
        return _report("interrupted", EXIT_INTERRUPTED)
    except Exception as error:
        # What is neither a mistake of the user nor a failure of the machine is a bug, and needs its traceback.
        if not isinstance(error, FAILURES) and not _machine_failed(error):
            raise
        return _report(error, 1)


def _machine_failed(error: Exception) -> bool:
    return isinstance(error, MemoryError) or bool(MACHINE.match(str(error))) or find_fault(error) is not None


def _report(error: Exception | str, code: int) -> int:
    if logging.level_debug() and isinstance(error, Exception):
        logging.exception(error)
    sys.stderr.write(f"error: {error if isinstance(error, str) else describe(error)}\n")
    return code


def describe(error: Exception) -> str:
    """An error as one sentence."""
    if not isinstance(error, UsageError | DiskError) and (fault := find_fault(error, _written_place())):
        return f"{fault.problem}; {fault.remedy}"
    if isinstance(error, MemoryError) or OUT_OF_MEMORY in str(error):
        return f"out of memory ({' '.join(str(error).split())[:SHOWN_CHARACTERS]}); a smaller batch_size needs less"
    if MACHINE.match(str(error)):
        return f"{str(error).splitlines()[0]}; JAX_PLATFORMS=cpu computes on the processor"
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error)


def _written_place() -> str | None:
    """Where the command writes, if a flag says so."""
    given = flags.FLAGS.flag_values_dict() if flags.FLAGS.is_parsed() else {}
    places = [given[name] for name in ("output", "workdir") if isinstance(given.get(name), str)]
    return next(iter(places), None)


def _prepare() -> None:
    """Sets up logging, the memory allocator, and the compilation cache."""
    keep_memory()
    quiet_libraries()
    flags_now = os.environ.get("XLA_FLAGS", "")
    if version("jaxlib").startswith("0.10.") and CPU_THREADS.split("=")[0] not in flags_now:
        os.environ["XLA_FLAGS"] = f"{flags_now} {CPU_THREADS}".strip()  # other versions abort on unknown flags
    cache = cache_folder()
    if cache != user_cache():  # libraries would look for a home as well
        os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))
    import jax  # only once the flags are valid: the import takes a second

    if not jax.config.jax_compilation_cache_dir:
        jax.config.update("jax_compilation_cache_dir", str(cache / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
