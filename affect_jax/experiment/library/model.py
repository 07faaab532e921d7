"""A trained network, loaded from its workdir."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import jax

from affect_jax import emotions
from affect_jax.experiment import restore
from affect_jax.experiment.predictor import make_predictor
from affect_jax.experiment.root_logging import leave_logging_alone
from affect_jax.files.paths import expand_home
from affect_jax.ops.geometry import crop_name
from affect_jax.predict.predictor import Predictor


@dataclasses.dataclass(frozen=True, repr=False)
class Model:
    """A trained network with the crop that it takes and the quantities that it reports."""

    predictor: Predictor
    architecture: str  # its name in the registry of models, such as "emonet"
    parameters: int

    @property
    def name(self) -> str:
        """The workdir and the step of its best checkpoint: "static@1000"."""
        return self.predictor.name

    @property
    def quantities(self) -> tuple[str, ...]:
        """What it predicts: "valence_arousal" in [-1, 1], "emotion" as probabilities, "intensity_happy" in [0, 10]."""
        return self.predictor.quantities

    @property
    def emotions(self) -> tuple[str, ...]:
        """Names of the emotions, in the order of the columns p_...; none if it predicts no probabilities."""
        return emotions.names(self.predictor.label_set) if "emotion" in self.quantities else ()

    @property
    def crop(self) -> str:
        """Rule and parameters of the crop around the landmarks of a face."""
        return crop_name(self.predictor.crop_px, self.predictor.crop)

    def __repr__(self) -> str:
        lines = {
            "network": f"{self.architecture}, {self.parameters:,} parameters, {self._input()}",
            "quantities": ", ".join(self.quantities),
            "labels": f"{self.predictor.label_set}: {', '.join(self.emotions)}",
            "crop": self.crop,
        }
        if not self.emotions:
            del lines["labels"]
        return "\n".join([f"Model {self.name}", *(f"  {title:<10}  {text}" for title, text in lines.items())])

    def _input(self) -> str:
        if self.predictor.frames is None:
            return "image by image"
        if self.predictor.newest:
            return f"each frame with the {self.predictor.frames - 1} before it"
        if self.predictor.follower is None:
            return f"clips of {self.predictor.frames} frames"
        return "causal, frame by frame with a state"


@leave_logging_alone()
def load(folder: str | os.PathLike, *, flip_average: Sequence[str] = (), precision: str = "float32") -> Model:
    """Loads the best checkpoint of a workdir, or of a copy of one.

    Args:
      folder: the workdir of a run, such as "runs/quickstart/static".
      flip_average: quantities to average over the image and its mirror image: "valence_arousal", "emotion".
      precision: "float32", or "bfloat16" for accelerators.

    Raises FileNotFoundError if there is no such folder, and ValueError if it holds no network that predicts affect from
    images, or a damaged one.
    """
    path = pathlib.Path(expand_home(os.fspath(folder)))
    if not path.is_dir():
        raise FileNotFoundError(f"no folder {path}; give the workdir of a trained network, or a copy of it")
    options, network, variables, step = restore.restore_run(path)
    predictor = make_predictor(path, options, network, variables, step, flip_average, precision)
    parameters = sum(leaf.size for leaf in jax.tree.leaves((variables.trained, variables.frozen)))
    return Model(predictor, options.model_name, parameters)
