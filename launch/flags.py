"""Flags shared by several commands, each with the same name and help text."""

from absl import flags

flags.disclaim_key_flags()  # --help lists them under the command that calls the functions below


def define_config() -> flags.FlagHolder:
    from ml_collections.config_flags import config_flags

    text = "Config file, followed by a colon and a variant if it has several, such as configs/quickstart.py:static."
    return config_flags.DEFINE_config_file("config", None, text)


def define_workdir(several: bool = False) -> flags.FlagHolder:
    """The folder of a run; with `several`, the flag can be repeated."""
    define = flags.DEFINE_multi_string if several else flags.DEFINE_string
    return define("workdir", None, "Workdir of the run: the folder with its config.json and checkpoints.")


def define_source_workdir() -> flags.FlagHolder:
    return flags.DEFINE_string("from", None, "Workdir of the trained network.")


def define_new_workdir() -> flags.FlagHolder:
    return flags.DEFINE_string("workdir", None, "Workdir for the new network; created if missing.")


def define_output_folder() -> flags.FlagHolder:
    return flags.DEFINE_string("output", None, "Folder for the results; created if missing.")


def define_data(split: str) -> tuple[flags.FlagHolder, ...]:
    """Name, root, split and settings of a data set; `split` is the default of --split."""
    settings = (
        "Option of the reader as NAME=VALUE, such as --set=kind=clips. fold.NAME selects subjects (--set=fold.of=5 "
        "--set=fold.index=0); clock.NAME aligns labels with frames (--set=clock.delay_seconds=2)."
    )
    return (
        flags.DEFINE_string("data", None, "Reader of the data set, such as affectnet, ferplus, folder or rendered."),
        flags.DEFINE_string("data_root", "", "Folder of the data set; by default the one in the run's config."),
        flags.DEFINE_string("split", split, "Split of the data set."),
        flags.DEFINE_multi_string("set", [], settings),
    )


def define_flip_average() -> flags.FlagHolder:
    return flags.DEFINE_bool("flip_average", False, "Average valence and arousal over the image and its mirror image.")


def define_precision() -> flags.FlagHolder:
    text = "Precision of the computation; bfloat16 is intended for accelerators."
    return flags.DEFINE_enum("precision", "float32", ["float32", "bfloat16"], text)
