"""Whose adapters a prediction uses, and who is who: from the flags of a command to `predict.persons.Persons`."""

import dataclasses
import pathlib
import re
from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.kinds import is_hidden
from affect_jax.files.video import STANDARD_INPUT
from affect_jax.personal.adapter_file import read_adapter
from affect_jax.personal.folder import adapter_path, names_in
from affect_jax.predict.ids import Ids
from affect_jax.predict.persons import Person, Persons
from affect_jax.predict.predictor import Featured

ASSIGNMENT = re.compile(r"(?P<face>\d+):(?P<name>.+)")


@dataclasses.dataclass(frozen=True)
class Chosen:
    """A folder of adapters, and who is who where file names do not say it."""

    folder: pathlib.Path | None = None  # None: nobody's adapter is used
    faces: Mapping[int, str] = dataclasses.field(default_factory=dict)  # names by the numbers of faces
    only: str = ""  # the name of the one person in front of the camera


NOBODY = Chosen()


def choose(folder: str | None, assign: Sequence[str]) -> Chosen:
    """Reads --persons and --assign; UsageError for an assignment that cannot be understood."""
    given = f"--assign={','.join(assign)}"
    if folder is None:
        if assign:
            raise UsageError(f"{given} has no effect without --persons, the folder of the adapters")
        return NOBODY
    matches = [ASSIGNMENT.fullmatch(entry) for entry in assign]
    if len(assign) == 1 and matches[0] is None:
        return Chosen(pathlib.Path(folder), only=assign[0])
    if None in matches:
        raise UsageError(f"{given}: expected faces and names, such as 0:anna,1:ben, or one name alone")
    faces = {int(match["face"]): match["name"] for match in matches}
    if len(faces) < len(matches):
        raise UsageError(f"{given} gives one face to two persons")
    return Chosen(pathlib.Path(folder), faces)


def read_persons(chosen: Chosen, network: Featured | None, ids: Ids) -> Persons:
    """The persons that were chosen; all of the folder if file names decide.

    UsageError for a name without an adapter; ValueError for an adapter that is damaged, of another network, or of
    somebody else than its name says.
    """
    if chosen.folder is None:
        return Persons()
    known = names_in(chosen.folder)
    if not known:
        raise UsageError(
            f"--persons={chosen.folder} holds no adapter; expected files such as anna.safetensors, which "
            "python -m launch.adapt writes"
        )
    wanted = sorted({*chosen.faces.values(), *([chosen.only] if chosen.only else [])}) or known
    for name in wanted:
        if name not in known:
            raise UsageError(f"--assign names {name}, who has no adapter in {chosen.folder}; it has {', '.join(known)}")
    people = {name: _read(chosen.folder, name, network.network_sha256, ids) for name in wanted}
    return Persons(people, chosen.faces, chosen.only)


def _read(folder: pathlib.Path, name: str, network_sha256: str, ids: Ids) -> Person:
    path = adapter_path(folder, name)
    adapter, card = read_adapter(path, network_sha256)
    if card.person != name:
        raise ValueError(f"{path} is the adapter of {card.person}; it was renamed, or copied by mistake")
    geometry = None if card.geometry is None else card.geometry.mean
    changes = any(np.any(np.asarray(array) != 0) for array in (adapter.weights, adapter.bias, adapter.scale))
    return Person(ids.stem(name), adapter if changes else None, card.sha256, geometry)


def require_fitting(persons: Persons, source: pathlib.Path) -> None:
    """UsageError if it cannot be known who is who in the files of a prediction."""
    if not persons.people:
        return
    if persons.faces and source.is_dir():
        raise UsageError(
            f"--assign gives numbers of faces, which each video has of its own, but --input={source} is a folder; name "
            "its files after the persons, such as anna_2.mp4, or predict them one by one"
        )
    if persons.faces or persons.only:
        return
    files = [source]
    if source.is_dir():
        files = sorted(path for path in source.iterdir() if path.is_file() and not is_hidden(path.name))
    try:
        found = source != STANDARD_INPUT and any([persons.of_recording(path.stem) for path in files])
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not found:
        names = ", ".join(sorted(persons.people))
        raise UsageError(
            f"--persons knows {names}, but no name of a file of --input={source} begins with one of them; say who is "
            "who with --assign=0:NAME, or with --assign=NAME if only one person is seen"
        )
