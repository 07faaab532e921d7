"""What every command shares: parsing flags, logging, error messages and exit codes.

Exit codes: 0 success, 1 failure, 2 wrong usage, 75 stopped by a signal after saving (run the same command to resume).
"""

import difflib
import logging as standard_logging
import os
import re
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import NoReturn

from absl import app, flags, logging

from affect_jax.experiment.allocator import keep_memory
from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.cache import cache_folder

EXIT_PREEMPTED = 75  # EX_TEMPFAIL: stopped by a signal after saving; the same command resumes
EXIT_INTERRUPTED = 130
END_SECONDS = 5.0  # grace period after a signal for the threads of libraries
FAILURES = (ValueError, ArithmeticError, OSError, KeyError)
# Small convolutions and batched products use all cores: 1.3 times the training steps (docs/results/static_speed.md).
CPU_THREADS = "--xla_cpu_experimental_ynn_fusion_type=-individual_dot,-individual_convolution"
NOISY = ("orbax", "jax", "grain", "array_record", "tensorflow_datasets")


def run(main: Callable[[], bool | None]) -> None:
    """Parses the flags, calls `main` and exits; `main` returns False if a signal stopped it after saving."""
    app.run(lambda _: _leave(_call(main)), flags_parser=_parse)


def _leave(code: int) -> NoReturn:
    """Exits the process; after a signal, even if a thread that waits for data would keep it alive."""
    if code in (EXIT_PREEMPTED, EXIT_INTERRUPTED):
        sys.stdout.flush()
        timer = threading.Timer(END_SECONDS, os._exit, [code])
        timer.daemon = True
        timer.start()
    sys.exit(code)


def _call(main: Callable[[], bool | None]) -> int:
    _prepare()
    try:
        return EXIT_PREEMPTED if main() is False else 0
    except UsageError as error:
        return _report(error, 2)
    except FAILURES as error:
        return _report(error, 1)
    except KeyboardInterrupt:
        return _report("interrupted", EXIT_INTERRUPTED)


def _report(error: Exception | str, code: int) -> int:
    if logging.level_debug() and isinstance(error, Exception):
        logging.exception(error)
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    sys.stderr.write(f"error: {text}\n")
    return code


def _parse(argv: list[str]) -> list[str]:
    try:
        rest = flags.FLAGS(argv)
        if len(rest) > 1:
            raise UsageError(f"'{rest[1]}' is not a flag; write options as --name=value")
        if "config" in flags.FLAGS:
            flags.FLAGS.config.keys()  # a config file that failed to load raises only on access
        return rest
    except flags.Error as error:
        message = _without_traceback(str(error))
    except (UsageError, AttributeError, KeyError, TypeError, ValueError, OSError, ImportError, SyntaxError) as error:
        message = _config_message(argv, error)
    sys.stderr.write(f"error: {message}\nRun with --help for the options.\n")
    sys.exit(2)


def _config_message(argv: list[str], error: Exception) -> str:
    """The error message of the config flag, with the closest option if one is unknown."""
    text = str(error.args[0] if error.args else error)
    if not isinstance(error, AttributeError | KeyError):
        return _without_traceback(text)
    given = [re.match(r"--?config\.([\w.]+)", word) for word in argv[1:]]
    config = _config_file(argv)
    known = _dotted(config) if config is not None else []
    for match in filter(None, given):
        if known and match[1] not in known and not any(name.startswith(match[1] + ".") for name in known):
            near = difflib.get_close_matches(match[1], known, n=1, cutoff=0.4)
            return f"config has no option '{match[1]}'" + (f"; did you mean '{near[0]}'?" if near else "")
    return text


def _without_traceback(text: str) -> str:
    """The last line of a traceback, which names the error; a missing file in plain words."""
    if missing := re.search(r"No such file or directory: '(.+)'", text):
        return f"{missing[1]} does not exist; configs are in configs/, such as configs/quickstart.py:static"
    lines = text.strip().splitlines()
    return re.sub(r"^\w*Error: ", "", lines[-1]) if "Traceback" in text else text


def _config_file(argv: list[str]):
    from ml_collections.config_flags import config_flags

    for word in argv[1:]:
        if match := re.match(r"--?config=(.+)", word):
            try:
                return config_flags.ConfigFileFlagParser("config").parse(match[1])
            except Exception:  # the file itself is broken: the first error explains it
                return None
    return None


def _dotted(config, where: str = "") -> list[str]:
    """The dotted names of all options of a config."""
    names = []
    for name, value in config.items():
        if hasattr(value, "items"):
            names += _dotted(value, f"{where}{name}.")
        else:
            names.append(f"{where}{name}")
    return names


def _prepare() -> None:
    """Sets up logging without the libraries' chatter, the memory allocator, and the compilation cache."""
    keep_memory()
    handler = logging.get_absl_handler()
    handler.setFormatter(standard_logging.Formatter("%(message)s"))
    inside = tuple(f"{os.sep}{name}{os.sep}" for name in NOISY)
    handler.python_handler.addFilter(
        lambda record: record.levelno >= standard_logging.ERROR or not any(p in record.pathname for p in inside)
    )
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    flags_now = os.environ.get("XLA_FLAGS", "")
    if version("jaxlib").startswith("0.10.") and CPU_THREADS.split("=")[0] not in flags_now:
        os.environ["XLA_FLAGS"] = f"{flags_now} {CPU_THREADS}".strip()  # other versions abort on unknown flags
    import jax  # only once the flags are valid: the import takes a second

    if not jax.config.jax_compilation_cache_dir:
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
