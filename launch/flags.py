"""Flags shared by several commands, each with the same name and help text, and how paths and names are read."""

import os

from absl import flags

from affect_jax.experiment.arguments import plain, refuse
from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.paths import expand_home, first_existing, is_single_name

flags.disclaim_key_flags()  # --help lists them under the command that calls the functions below


class PathParser(flags.ArgumentParser):
    """Reads a path: expands ~, and refuses an empty one, which is an unset variable more often than a wish."""

    def __init__(self, name: str, folder: bool):
        self.name, self.folder = name, folder

    def parse(self, argument: str) -> str:
        """The path as text; UsageError if it is empty, or if a folder is expected and there is a file."""
        given = f"--{self.name}={argument}"
        if not argument.strip():
            raise UsageError(f"{given} is empty; give a path, or leave the flag out if it is not required")
        try:
            path = expand_home(argument)
        except ValueError as error:
            raise UsageError(f"--{self.name}={error}") from error
        place = first_existing(path)
        if self.folder and not os.path.isdir(place):
            inside = "" if os.path.lexists(path) else f" would be inside {place}, which"
            raise UsageError(f"{given}{inside} is {_kind(place)}; expected a folder")
        return path


class NameParser(flags.ArgumentParser):
    """Reads the name of a folder or file inside another folder."""

    def __init__(self, name: str):
        self.name = name

    def parse(self, argument: str) -> str:
        """The name; UsageError if it could leave its folder."""
        if not is_single_name(argument):
            raise UsageError(f"--{self.name}={argument}: expected one name without '/', such as held_out")
        return argument


def _kind(path: os.PathLike) -> str:
    return "a broken link" if os.path.islink(path) and not os.path.exists(path) else "a file"


def define_path(name: str, text: str, folder: bool = False, several: bool = False) -> flags.FlagHolder:
    """A flag for a path, None by default; with `several`, it can be repeated and its value is a list."""
    parser, serializer = PathParser(name, folder), flags.ArgumentSerializer()
    if several:
        return flags.DEFINE_multi(parser, serializer, name, None, text)
    return flags.DEFINE(parser, name, None, text, serializer=serializer)


def define_name(name: str, text: str) -> flags.FlagHolder:
    """A flag for the name of something inside a folder, None by default."""
    return flags.DEFINE(NameParser(name), name, None, text, serializer=flags.ArgumentSerializer())


def require(*names: str) -> None:
    """Makes flags required, in their help and in one sentence that names all that are missing."""
    for name in names:
        flags.FLAGS[name].help += " Required."
    flags.register_multi_flags_validator(names, _require_all)


def _require_all(values: dict) -> bool:
    missing = [f"--{name}" for name, value in values.items() if value is None]
    if missing:
        listed = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        raise UsageError(f"{listed} {'is' if len(missing) == 1 else 'are'} required")
    return True


def require_now(*names: str) -> None:
    """UsageError that names all of the flags that are missing, for flags that only some uses of a command need."""
    _require_all({name: flags.FLAGS[name].value for name in names})


def require_one(*names: str) -> None:
    """Makes exactly one of several flags required."""
    flags.register_multi_flags_validator(names, _require_one)


def require_one_now(*names: str) -> None:
    """UsageError unless exactly one of several flags is given, for flags that only some uses of a command need."""
    _require_one({name: flags.FLAGS[name].value for name in names})


def _require_one(values: dict) -> bool:
    given = [f"--{name}" for name, value in values.items() if value is not None]
    if len(given) != 1:
        *others, last = values
        listed = f"{', '.join(f'--{name}' for name in others)} and --{last}"
        raise UsageError(f"exactly one of {listed} is required; given: {', '.join(given) or 'none'}")
    return True


def refuse_given(*names: str, reason: str) -> None:
    """UsageError for the first of the flags that was given, although it has no effect."""
    for name in names:
        if flags.FLAGS[name].present:
            raise UsageError(f"--{name} has no effect: {reason}")


def define_config() -> flags.FlagHolder:
    from ml_collections.config_flags import config_flags

    from affect_jax.experiment.config.config_file import ConfigParser

    text = "Config file, followed by a colon and a variant if it has several, such as configs/quickstart.py:static."
    try:
        holder = config_flags.DEFINE_config_file("config", None, text)  # opens a --flagfile, as it may set options
    except flags.Error as error:
        refuse(plain(error))
    flags.FLAGS["config"].parser = ConfigParser()  # reports a mistake in the file by its line
    return holder


def define_workdir(several: bool = False) -> flags.FlagHolder:
    """The folder of a run; with `several`, the flag can be repeated."""
    text = "Workdir of the run: the folder with its config.json and checkpoints."
    return define_path("workdir", text, folder=True, several=several)


def define_processes() -> tuple[flags.FlagHolder, ...]:
    """Where process 0 is, how many processes there are, and which one this is."""
    coordinator = "HOST:PORT of process 0, which all processes can reach; a free port. Only for several processes."
    number = "Number of processes that train together; by default those of Slurm's step, or 1."
    return (
        flags.DEFINE_string("coordinator", None, coordinator),
        flags.DEFINE_integer("processes", None, number, lower_bound=1),
        flags.DEFINE_integer("process", None, "Which of them this is, from 0.", lower_bound=0),
    )


def define_sbatch() -> flags.FlagHolder:
    """Options of sbatch that a batch script is rendered with."""
    text = "Option of sbatch, such as --sbatch=--partition=gpu; can be repeated."
    return flags.DEFINE_multi_string("sbatch", [], text)


def define_source_workdir() -> flags.FlagHolder:
    return define_path("from", "Workdir of the trained network.", folder=True)


def define_new_workdir() -> flags.FlagHolder:
    return define_path("workdir", "Workdir for the new network; created if missing.", folder=True)


def define_output_folder() -> flags.FlagHolder:
    return define_path("output", "Folder for the results; created if missing.", folder=True)


def define_data(split: str) -> tuple[flags.FlagHolder, ...]:
    """Name, root, split and settings of a data set; `split` is the default of --split."""
    settings = (
        "Option of the reader as NAME=VALUE, such as --set=kind=clips. fold.NAME selects subjects (--set=fold.of=5 "
        "--set=fold.index=0); clock.NAME aligns labels with frames (--set=clock.delay_seconds=2)."
    )
    return (
        flags.DEFINE_string("data", None, "Reader of the data set, such as affectnet, ferplus, folder or rendered."),
        define_path("data_root", "Folder of the data set; by default the one in the run's config."),
        flags.DEFINE_string("split", split, "Split of the data set."),
        flags.DEFINE_multi_string("set", [], settings),
    )


def define_face_model() -> flags.FlagHolder:
    return define_path("face_model", "Path to face_landmarker.task; by default it is downloaded once.")


def define_flip_average() -> flags.FlagHolder:
    text = "What to average over the image and its mirror image: valence_arousal (as published for EmoNet), emotion."
    return flags.DEFINE_list("flip_average", [], text)


def define_precision() -> flags.FlagHolder:
    text = "Precision of the computation; bfloat16 is intended for accelerators."
    return flags.DEFINE_enum("precision", "float32", ["float32", "bfloat16"], text)
