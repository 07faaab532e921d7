"""Reads the command line: help, the version, and one sentence for whatever is wrong with it."""

import platform
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

from absl import flags

import affect_jax
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.names import did_you_mean, dotted_names, with_nearest

HELP = re.compile(r"--?(h|help|helpshort|helpfull|helpxml|\?)")


def parse(argv: Sequence[str]) -> list[str]:
    """Parses the flags; exits with 0 after --help, -h or --version, and with 2 after a sentence about a mistake."""
    _answer_questions(argv)
    try:
        rest = flags.FLAGS(argv)
        if len(rest) > 1:
            raise UsageError(f"'{rest[1]}' is not a flag; write options as --name=value")
        return rest
    except UsageError as error:
        message = str(error)
    except flags.Error as error:
        # A UsageError of one of our own parsers already says all; absl puts the flag before it.
        message = str(error.__context__) if isinstance(error.__context__, UsageError) else plain(error)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # raised for --config.NAME=VALUE
        message = _option_message(flags.FLAGS.read_flags_from_files(argv), error)
    refuse(message)


def refuse(message: str) -> NoReturn:
    """Ends a command whose flags are wrong."""
    sys.stderr.write(f"error: {message}\nRun with --help for the options.\n")
    sys.exit(2)


def _answer_questions(argv: Sequence[str]) -> None:
    for word in argv[1:]:
        if word == "--version":
            libraries = f"jax {version('jax')}, Python {platform.python_version()}"
            sys.stdout.write(f"affect_jax {affect_jax.__version__} ({libraries})\n")
            sys.exit(0)
        if HELP.fullmatch(word):
            _show_help(argv[0], "--help" if word == "-h" else word)


def _show_help(program: str, word: str) -> NoReturn:
    """Shows the help alone, whatever else is on the command line."""
    try:
        flags.FLAGS([program, word])
    except SystemExit:  # absl exits with 1
        sys.exit(0)
    sys.exit(2)


def plain(error: flags.Error) -> str:
    """A message of absl in one line, without its first word, and with the nearest choice to one that is none."""
    return with_nearest(" ".join(re.sub(r"^(flag (?=--)|ERROR:: )", "", str(error)).split()))


def _option_message(argv: Sequence[str], error: Exception) -> str:
    """A message about an option of the config, with the closest one if it is unknown."""
    text = str(error.args[0] if error.args else error)
    config = flags.FLAGS["config"].parser.loaded if "config" in flags.FLAGS else None
    if config is None or not isinstance(error, AttributeError | KeyError):
        return text
    known = dotted_names(config)
    for word in argv[1:]:
        option = re.match(r"--?config\.([\w.]+)", word)
        if option and option[1] not in known and not any(name.startswith(option[1] + ".") for name in known):
            hint = did_you_mean(option[1], known) or ";"
            return f"config has no option '{option[1]}'{hint} python -m launch.options --config=FILE lists them"
    return text
