"""A trained network in a plain folder: weights.safetensors and config.json, as launch.export writes them.

Nothing here needs Orbax, so that the folder outlives its releases and opens in environments without it.
"""

import json
import pathlib
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Shaped

from affect_jax import emotions
from affect_jax.convert import safetensors_file, safetensors_writing
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import named, section
from affect_jax.models.contract import ModelConfig, with_emotions
from affect_jax.models.registry import MODELS
from affect_jax.nn.network import Network, Variables, names, with_names

WEIGHTS = "weights.safetensors"
CONFIG = "config.json"
STEP = "step"  # of the exported checkpoint, in the metadata of the weights
REMEDY = "copy the folder again, or export it again: python -m launch.export --format=safetensors"


@runtime_checkable
class Devices(Protocol):
    """What puts arrays on devices: a `Placement`, whose module needs packages that reading weights does not."""

    def put(self, tree: Any) -> Any:
        """Puts a tree of arrays on the devices."""
        ...


def is_plain(workdir: pathlib.Path) -> bool:
    """Whether a folder holds exported weights and no checkpoints."""
    return (workdir / WEIGHTS).is_file() and not (workdir / "checkpoints").is_dir()


def write_weights(folder: pathlib.Path, variables: Variables, step: int) -> None:
    """Writes weights.safetensors, with the names and the bits of the checkpoint of `step`."""
    arrays = {name: np.asarray(array) for name, array in names(variables).items()}
    safetensors_writing.write(folder / WEIGHTS, arrays, {STEP: str(step), "format": "affect_jax"})


def read_network(folder: pathlib.Path) -> tuple[Network, Variables]:
    """The network of a plain folder and its weights, without any of the options that concern training."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    name, model = named(MODELS, section(config, "model"), "model")
    network = build(name, with_emotions(model, len(emotions.names(config["label_set"]))))
    return network, jax.tree.map(jnp.asarray, with_names(network.abstract, PlainWeights(folder).arrays()))


def build(name: str, model: ModelConfig) -> Network:
    """The network of a model's name and options."""
    return Network(lambda rngs: MODELS[name][0](model, rngs=rngs))


class PlainWeights:
    """The weights of a plain folder, to be read as a workdir's checkpoints are."""

    def __init__(self, folder: pathlib.Path):
        self._path = folder / WEIGHTS
        try:
            self._metadata = safetensors_file.read_metadata(self._path)
        except ValueError as error:
            raise UsageError(f"{error}; {REMEDY}") from error

    def best_step(self) -> int:
        """The step of the checkpoint that was exported; UsageError for weights of another program."""
        step = self._metadata.get(STEP, "")
        if not step.isdecimal():
            raise UsageError(
                f"{self._path} does not say of which training step it is, so it was not written by launch.export; "
                "convert weights of other programs with python -m launch.convert"
            )
        return int(step)

    def arrays(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """The arrays by name; UsageError for a file that is damaged."""
        try:
            return safetensors_file.read(self._path)
        except ValueError as error:
            raise UsageError(f"{error}; {REMEDY}") from error

    def shapes(self, step: int) -> dict[str, jax.ShapeDtypeStruct]:
        """Names, shapes and dtypes of the arrays."""
        del step  # there is only one
        return {name: jax.ShapeDtypeStruct(array.shape, array.dtype) for name, array in self.arrays().items()}

    def restore_variables(self, network: Network, placement: Devices, step: int | None = None) -> Variables:
        """The variables of `network`; ValueError names what does not match."""
        del step
        try:
            return placement.put(with_names(network.abstract, self.arrays()))
        except UsageError:
            raise
        except ValueError as error:
            raise ValueError(
                f"{self._path} contains another network than config.json describes: {error}; one of the two was "
                "changed after the export"
            ) from error

    def certificate(self, step: int) -> dict[str, Any] | None:
        """None: certificates of inflation are not exported."""
        del step

    def close(self) -> None:
        """Nothing is open."""
