"""experts.json: the subjects that a run of experts was trained on, and the network that its features come from."""

import dataclasses
import json
import pathlib

from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.files.atomic import open_atomically
from affect_jax.files.json_files import read_object
from affect_jax.tables.feature_rows import read_facts

RECORD = "experts.json"
STORED = "features"  # the reader of stored features


@dataclasses.dataclass(frozen=True)
class FeatureNetwork:
    """The network that pooled some features."""

    name: str  # its workdir and step, such as "static@500"
    sha256: str  # digest of its weights


@dataclasses.dataclass(frozen=True)
class ExpertsRecord:
    """What experts were trained on."""

    subjects: tuple[str, ...]  # in the order of their indices: with one expert for each subject, also of the experts
    network: FeatureNetwork | None  # None if the features were not stored by launch.features


def read_record(workdir: pathlib.Path) -> ExpertsRecord:
    """Reads the record of a workdir; UsageError if it is missing or damaged."""
    path = workdir / RECORD
    if not path.is_file():
        raise UsageError(f"{workdir} has no {RECORD}: it holds no experts that python -m launch.train has trained")
    again = "restore it from a copy, or train the experts again"
    try:
        content = read_object(path, again)
        network = None if content["network"] is None else FeatureNetwork(**content["network"])
        return ExpertsRecord(tuple(content["subjects"]), network)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is damaged ({error}); {again}") from error


def write_record(workdir: pathlib.Path, record: ExpertsRecord) -> None:
    """Writes the record of a workdir."""
    with open_atomically(workdir / RECORD) as file:
        file.write(json.dumps(dataclasses.asdict(record), indent=1) + "\n")


def feature_network(run: Options) -> FeatureNetwork | None:
    """The network that the stored features of a run come from; None without any.

    UsageError if a folder has none, or if two of them come from different networks.
    """
    found: dict[str, FeatureNetwork] = {}
    sections = {f"data.train.{name}": part for name, part in run.data.train.items()}
    sections |= {f"evaluations.{name}": part for name, part in run.evaluations.items()}
    for name, part in sections.items():
        if part.reader == STORED:
            found[name] = _network_of(part)
    for name, network in found.items():
        first = next(iter(found))
        if network.sha256 != found[first].sha256:
            raise UsageError(
                f"the features of {first} come from {found[first].name}, those of {name} from {network.name}, which is "
                "another network: store both with the same one"
            )
    return next(iter(found.values()), None)


def _network_of(part: SourceConfig) -> FeatureNetwork:
    try:
        facts = read_facts(pathlib.Path(part.options.root))
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(str(error)) from error
    return FeatureNetwork(facts["network"], facts["network_sha256"])
