"""Flags of the commands that know persons."""

from absl import flags

from launch.flags import define_name, define_path

METHODS = ["prior", "ridge", "bias_scale", "neutral_subtraction"]  # those of `personal.registry` whose result is linear

flags.disclaim_key_flags()  # as in `launch.flags`


def define_persons_folder() -> flags.FlagHolder:
    text = "Folder of persons: NAME.safetensors holds the adapter of each, NAME.baseline.json their usual days."
    return define_path("persons", text, folder=True)


def define_persons() -> tuple[flags.FlagHolder, ...]:
    """Folder of the adapters that are used, and who is who."""
    text = "Faces by their numbers and whose they are, as in 0:anna,1:ben; or one name, for the one person who is seen."
    return define_persons_folder(), flags.DEFINE_list("assign", [], text)


def define_subject() -> flags.FlagHolder:
    return define_name("subject", "Name of the person.")


def define_lesson() -> tuple[flags.FlagHolder, ...]:
    """What an adapter is learned from, and how; the names are those of `experiment.adapt.read_lesson`."""
    labels = (
        "Table of labels: frame or time_seconds, valence and arousal in [-1, 1], and face if there are several; "
        "separated by commas, semicolons or tabs."
    )
    neutral = "First and last second of a face at rest, such as 0,5; it needs no labels."
    rest = "Seconds at the beginning of each recording of --sources in which people look neutral."
    return (
        define_path("labels", labels),
        flags.DEFINE_list("neutral", [], neutral),
        flags.DEFINE_enum("method", "prior", METHODS, "How to learn; neutral_subtraction needs --neutral."),
        define_path("sources", "Stored features of the source people.", folder=True),
        flags.DEFINE_float("sources_neutral", 0.0, rest, lower_bound=0),
    )


def define_days() -> tuple[flags.FlagHolder, ...]:
    """Tables of a person's days, the day of each, and the person's face."""
    tables = "Tables of the person's days, or folders with such tables; separated by commas."
    days = "Day of each table, such as 2026-03-01; by default from the tables."
    return (
        flags.DEFINE_list("tables", None, tables),
        flags.DEFINE_list("days", [], days),
        define_face(),
    )


def define_face() -> flags.FlagHolder:
    text = "Number of the person's face in all tables, or all; by default the most frequent one of each recording."
    return flags.DEFINE_string("face", "", text)
