"""The experts network: a mixture of experts on the features that another network has pooled from each face."""

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.nn.experts import MixtureConfig, MixtureOfExperts
from affect_jax.nn.network import Network, Variables
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class ExpertsConfig:
    """Sizes of the inputs and of the mixture."""

    features: int = 256  # pooled features of a face, as many as the network has that they come from
    context: int = 0  # numbers after the features that describe the person, such as age; only the gate sees them
    mixture: MixtureConfig = dataclasses.field(default_factory=lambda: MixtureConfig(count=9))  # as in the seed

    def __post_init__(self):
        for name, least in (("features", 1), ("context", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; expected {least} or more")
        if not self.mixture.count:
            raise ValueError("mixture.count is 0; expected the number of experts, 1 or more")

    @property
    def contract(self) -> Contract:
        """Stored features to valence and arousal, by experts whose values can be told apart."""
        return Contract(
            takes="features",
            predicts=("valence_arousal",),
            input_features=self.features + self.context,
            features=self.features,
            experts=self.mixture.count,
        )


class Experts(nnx.Module):
    """Valence and arousal as a mixture of experts, of which each may have learned one subject.

    Source: Feffer, Rudovic, Picard, A mixture of personalized experts for human affect estimation, MLDM 2018; what it
    leaves open is ours (docs/decisions/experts.md).
    """

    def __init__(self, config: ExpertsConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.mixture = MixtureOfExperts(config.features, 2, config.mixture, config.context, rngs=rngs)
        self.gives_features = False

    def __call__(self, features: Float[Array, "*batch number"], *, rngs: nnx.Rngs | None = None) -> Predictions:
        """Linear outputs, and beside them `experts`, `gate` and `shares` of `nn.experts.Mixture`; no dropout.

        ValueError if there are not as many numbers per face as the network takes.
        """
        del rngs
        check_features(features, self.config)
        count = self.config.features
        pooled, context = features[..., :count], features[..., count:]
        mixture = self.mixture(pooled, context if self.config.context else None)
        found = Predictions(
            valence_arousal=mixture.values, experts=mixture.experts, gate=mixture.gate, shares=mixture.shares
        )
        return found.replace(features=pooled.astype(jnp.float32)) if self.gives_features else found

    def affect_layers(self) -> dict[str, Float[np.ndarray, "..."]] | None:
        """The layers of the only expert; None for several."""
        heads = self.mixture.heads
        names = ("hidden_kernel", "hidden_bias", "output_kernel", "output_bias")
        return {name: np.asarray(getattr(heads, name)[0]) for name in names} if self.config.mixture.count == 1 else None


def check_features(features: Float[Array, "*batch number"], config: ExpertsConfig) -> None:
    """ValueError unless there are as many numbers per face as a network of these sizes takes."""
    expected = config.features + config.context
    if features.shape[-1] != expected:
        context = f" and model.context {config.context}" if config.context else ""
        raise ValueError(
            f"each face has {features.shape[-1]} numbers, but model.features is {config.features}{context}: expected "
            f"{expected}, as many as the network pools that the features come from"
        )


def start_from_head(network: Network, variables: Variables, head: Mapping[str, Float[np.ndarray, "..."]]) -> Variables:
    """The variables of an experts network in which every expert is one head, as `models.features.affect_layers` has it.

    ValueError if its layers are of another size than those of the experts.
    """
    module = network.module(variables)
    module.mixture.heads.copy_head(head)
    return network.variables(module)


def joined_arrays(base: Mapping[str, Array], experts: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays, by name, of a network of images whose head has the experts in place of its valence and arousal."""
    joined = dict(base)
    for name in ("head/output/kernel", "head/output/bias"):
        joined[name] = base[name][..., :-2]
    for name, array in experts.items():
        joined[f"head/experts/{name.removeprefix('mixture/')}"] = array
    return joined


def affect_from_features(
    network: Network, variables: Variables, features: Float[Array | np.ndarray, "*batch feature"]
) -> Float[Array, "*batch 2"]:
    """Valence and arousal in evaluation of a network of images, from pooled features."""
    module = network.module(variables)
    module.eval()
    return module.head.from_features(jnp.asarray(features))[1]
