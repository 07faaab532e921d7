"""Programs as StableHLO by jax.export: one file for several kinds of devices and any number of faces."""

import datetime
import pathlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
from jax import export
from jaxtyping import Array, Shaped

from affect_jax.files.checksum import sha256
from affect_jax.files.json_files import read_object
from affect_jax.infer.export.program import BATCH, Port, Program, initial_state
from affect_jax.ops.image_checks import check_crops

FILE = "network.stablehlo"
SIDECAR = "export.json"
PLATFORMS = ("cpu", "cuda", "tpu")
AGAIN = "export the network again: python -m launch.export --format=stablehlo"
CLIP_AXES = 5  # batch, time, height, width, channel
State = list[np.ndarray | Array]
Call = Callable[..., tuple[dict[str, Array], State]]


def serialize(program: Program) -> bytes:
    """The program as a portable file."""
    (batch,) = export.symbolic_shape(BATCH)
    call = export.export(jax.jit(program.function), platforms=PLATFORMS)
    return bytes(call(*(port.sized(batch) for port in program.inputs)).serialize())


class ExportedNetwork:
    """An exported network, for use without this package's models.

    network = ExportedNetwork.load(folder)
    values, state = network(images)         # RGB in [0, 1]; `state` is [] unless the network is causal
    values, state = network(images, state)  # the next frame of the same faces
    """

    def __init__(self, sidecar: Mapping[str, Any], call: Call):
        self.sidecar = sidecar
        self._call = call
        states = sidecar["state"]
        self._start = {each["input"]: each["start"] for each in states}
        self._states = tuple(Port(each["input"], tuple(each["shape"]), each["dtype"]) for each in states)

    @classmethod
    def load(cls, folder: pathlib.Path, today: datetime.date | None = None) -> "ExportedNetwork":
        """Opens the program in a folder that launch.export wrote.

        ValueError if it expired before `today` and was exported by another jaxlib, or does not match its checksum.
        """
        path = folder / FILE
        if not path.is_file():
            raise FileNotFoundError(f"{folder} holds no {FILE}; {AGAIN}")
        sidecar = read_object(folder / SIDECAR, AGAIN)
        entry = sidecar.get("files", {}).get(FILE)
        if entry is None:
            raise ValueError(f"{folder / SIDECAR} does not describe {FILE}; {AGAIN}")
        _require_unexpired(path, entry, today or datetime.date.today())
        if sha256(path) != entry["sha256"]:
            raise ValueError(f"{path} does not match its checksum in {SIDECAR}: it is damaged or another file; {AGAIN}")
        try:
            exported = export.deserialize(bytearray(path.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{path}: jaxlib {version('jaxlib')} does not open it ({error}); {AGAIN}") from error
        return cls(sidecar, jax.jit(exported.call))

    def initial_state(self, faces: int) -> State:
        """The state before the first frame of these faces."""
        return initial_state(self._states, self._start, faces)

    def __call__(
        self, images: Shaped[np.ndarray | Array, "..."], state: State | None = None
    ) -> tuple[dict[str, Array], State]:
        """The reported values by quantity, and the state after these frames; no state begins a recording.

        ValueError for images of another size, dtype or range than the network takes.
        """
        given = self.sidecar["input"]
        check_crops(images, given["crop"]["px"], over_time=len(given["shape"]) == CLIP_AXES)
        state = self.initial_state(len(images)) if state is None else state
        results = self._call(images, *state)
        count = len(self.sidecar["outputs"])
        names = [each["name"] for each in self.sidecar["outputs"]]
        return dict(zip(names, results[:count], strict=True)), list(results[count:])


def _require_unexpired(path: pathlib.Path, entry: Mapping[str, Any], today: datetime.date) -> None:
    """ValueError for a program that may be refused or misread by this jaxlib; the one that exported it always fits."""
    expires = datetime.date.fromisoformat(entry["expires"])
    if today >= expires and version("jaxlib") != entry["jaxlib"]:
        raise ValueError(
            f"{path} expired on {expires}: it was exported by jaxlib {entry['jaxlib']}, and this is jaxlib "
            f"{version('jaxlib')}. Install jaxlib=={entry['jaxlib']}, or {AGAIN}"
        )
