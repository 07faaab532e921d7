"""The persons that a method may learn its prior from: all their frames are labeled, and none of them is scored."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from affect_jax.personal.given import Given
from affect_jax.personal.outputs import answer
from affect_jax.types import ArrayLike

HEAD_TOLERANCE = 1e-4  # of a head's output, relative where it is above 1


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class BaseHead:
    """The last layers of the base network, from its pooled features to what is adapted, its BatchNorm folded in.

    Where features go straight into the last layer, there is no hidden one.
    """

    hidden_kernel: Float[ArrayLike, "*stack feature hidden"] | None
    hidden_bias: Float[ArrayLike, "*stack hidden"] | None
    output_kernel: Float[ArrayLike, "*stack hidden raw"]
    output_bias: Float[ArrayLike, "*stack raw"]
    each: int = dataclasses.field(default=1, metadata={"static": True})  # raw outputs for every output

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, from the features on."""
        return ("output",) if self.hidden_kernel is None else ("hidden", "output")

    @property
    def inputs(self) -> int:
        """Number of features."""
        return getattr(self, f"{self.layers[0]}_kernel").shape[-2]

    def raw(self, features: Float[ArrayLike, "*frame feature"]) -> Float[Array, "*frame raw"]:
        """The raw outputs, such as logits; equal to the network's own but for rounding."""
        multiply = lambda values, kernel: jnp.matmul(values, kernel, precision=jax.lax.Precision.HIGHEST)
        last = lambda bias, values: jnp.broadcast_to(bias, (*values.shape[:-1], bias.shape[0]))
        hidden = features
        if self.hidden_kernel is not None:
            hidden = multiply(features, self.hidden_kernel)
            hidden = jax.nn.relu(hidden + last(self.hidden_bias, hidden))
        output = multiply(hidden, self.output_kernel)
        return output + last(self.output_bias, output)

    def __call__(self, features: Float[ArrayLike, "*frame feature"]) -> Float[Array, "*frame output"]:
        """The outputs: raw valence and arousal, or expected intensities in tenths."""
        return answer(self.raw(features), self.each)


def head_difference(output: Float[ArrayLike, "row output"], stored: Float[ArrayLike, "row output"]) -> float:
    """The largest difference between a head's output and the stored one, relative where the output is above 1.

    Up to `HEAD_TOLERANCE` it is rounding.
    """
    found, expected = np.asarray(output), np.asarray(stored)
    return float((np.abs(found - expected) / np.maximum(np.abs(found), 1)).max(initial=0.0))


@dataclasses.dataclass(frozen=True)
class Sources:
    """Source persons with every present frame labeled; `head` is None if the network's output is no such function."""

    given: Given  # [person, frame, ...]
    subjects: tuple[str, ...]
    head: BaseHead | None = None

    def __post_init__(self):
        persons, frames = self.given.present.shape
        if len(self.subjects) != persons or len(set(self.subjects)) != persons:
            raise ValueError(f"{persons} source persons are named {self.subjects}; expected one name of its own each")
        unlabeled = np.asarray((self.given.present > 0) & (self.given.labeled == 0)).sum(axis=1)
        if unlabeled.any():
            index = int(unlabeled.argmax())
            raise ValueError(
                f"source person '{self.subjects[index]}' has {unlabeled[index]} of {frames} frames without a label; "
                "leave them out of the sources"
            )
        if self.head is not None:
            self._check_head()

    def _check_head(self) -> None:
        present = np.asarray(self.given.present) > 0
        found = self.head(np.asarray(self.given.features)[present])
        difference = head_difference(found, np.asarray(self.given.output)[present])
        if not difference <= HEAD_TOLERANCE:
            raise ValueError(
                f"the stored head gives outputs that differ by {difference:.2g} from the stored ones (at most "
                f"{HEAD_TOLERANCE:g} is rounding); features and head are of different networks: run launch.features"
            )

    def without(self, index: int) -> "Sources":
        """All source persons but one."""
        keep = np.arange(len(self.subjects)) != index
        given = jax.tree.map(lambda leaf: leaf[keep], self.given)
        subjects = tuple(subject for place, subject in enumerate(self.subjects) if place != index)
        return dataclasses.replace(self, given=given, subjects=subjects)
