"""What every way of adapting to a person offers."""

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.personal.given import Given
from affect_jax.personal.sources import Sources
from affect_jax.types import ArrayLike

LABELS, NEUTRAL, FRAMES = "labels", "neutral", "frames"  # what a method can need of a person


@runtime_checkable
class Method(Protocol):
    """A way of adapting the base network to a person.

    `needs` names what a method can learn from: "labels", "neutral" (frames of a neutral face) or "frames" (frames
    without labels). Where nothing of that is given, its predictions are the outputs of the base network, bit for bit.
    """

    name: str
    needs: tuple[str, ...]

    def learn(self, sources: Sources, key: PRNGKeyArray) -> Any:
        """What holds for all persons, learned from the source persons only; an empty dict if nothing is learned."""
        ...

    def adapt(self, prior: Any, given: Given, key: PRNGKeyArray) -> Any:
        """What holds for this person; pure, for `jax.jit` and, over persons, for `jax.vmap`."""
        ...

    def predict(
        self,
        prior: Any,
        personal: Any,
        features: Float[ArrayLike, "frame feature"],
        output: Float[ArrayLike, "frame output"],
    ) -> Float[Array, "frame output"]:
        """The outputs of the personal network."""
        ...
