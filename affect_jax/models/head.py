"""The affect head of a network: its options, its inputs from the trunk, and its layers."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.fan import TrunkConfig, TrunkOutputs
from affect_jax.models.head_factors import FORMS, make_convolution, parse_ranks
from affect_jax.models.parts import Size, find_layers, join_path
from affect_jax.nn.attention import landmark_attention
from affect_jax.nn.conv import Conv3x3, Convolution
from affect_jax.nn.experts import MixtureConfig, MixtureOfExperts
from affect_jax.nn.factor_options import BETWEEN
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.heads import AffectHead, PoolingHead
from affect_jax.nn.places import put
from affect_jax.ops.alignment import align
from affect_jax.ops.heatmap import decode_heatmaps
from affect_jax.types import LANDMARKS

OUTPUT_LAYERS = ("head/hidden", "head/hidden_norm", "head/output", "head/experts")  # behind the pooled features


@dataclasses.dataclass(frozen=True)
class HeadConfig:
    """Sizes of the head; the defaults are the published ones.

    blocks: number of blocks, each of which halves the map; the result is averaged over space.
    attention: whether the hourglass features are weighted by the heatmaps; if not, the heatmaps are concatenated as
        channels.
    geometry: whether the landmark positions, decoded from the last heatmaps, are concatenated to the pooled features
        (ours).
    dropout: fraction of the hidden units dropped before the last layer in training.
    rank: rank of the 3x3 convolutions; 0 keeps them dense.
    ranks: ranks of individual parts, such as (("head/blocks/0/convs/1", 12), ("head/blocks/2", (12, 8))): one number,
        or one for each link of the form (models.head_factors.LINKS); the first part that contains a layer applies.
    form: "cp", "tucker" or "tt" (tensor train).
    between: "linear", or "norm_relu": BatchNorm and ReLU after the first 1x1, as published; only linear ones are
        equivalent to dense kernels.
    component_dropout: fraction of the components of CP kernels dropped in training.
    """

    blocks: int = 4
    attention: bool = True
    geometry: bool = False
    dropout: float = 0.0
    rank: int = 0
    ranks: tuple = ()
    form: str = "cp"
    between: str = "linear"
    component_dropout: float = 0.0

    def __post_init__(self):
        if self.blocks < 1:
            raise ValueError(f"blocks is {self.blocks}; expected 1 or more, each of which halves the map")
        if self.rank < 0:
            raise ValueError(f"rank is {self.rank}; expected 0 (dense) or a positive rank")
        for name, known in (("form", FORMS), ("between", BETWEEN)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is '{getattr(self, name)}'; choose one of {', '.join(known)}")
        for name in ("dropout", "component_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a share in [0, 1)")
        if self.component_dropout and self.form != "cp":
            raise ValueError(f"component_dropout drops components of cp kernels; form is '{self.form}'")
        parse_ranks(self.form, self.rank, self.ranks)  # raises if invalid

    @property
    def idle(self) -> dict[str, str]:
        """The options without effect, with the reason."""
        reason = "model.head.rank is 0, which keeps the kernels dense"
        return {} if self.rank else dict.fromkeys(("form", "between", "component_dropout"), reason)

    def convolution(self, rank: Size) -> Convolution:
        """Makes 3x3 convolutions of the given rank."""
        if not rank:
            return Conv3x3
        return make_convolution(self.form, rank, between=self.between, dropout=self.component_dropout)


def check_sizes(trunk: TrunkConfig, head: HeadConfig) -> None:
    """Raises ValueError if the head halves the trunk's maps too many times."""
    if trunk.map_px % 2**head.blocks:
        raise ValueError(
            f"head.blocks is {head.blocks}; each halves the map, and the map of trunk.input_px {trunk.input_px} is "
            f"{trunk.map_px} px wide: choose 1 or more blocks with {trunk.map_px} divisible by 2**head.blocks"
        )


def check_emotions(emotions: int) -> None:
    """Raises ValueError for fewer than two emotions."""
    if emotions < 2:
        raise ValueError(f"emotions is {emotions}; expected the number of emotions, at least 2")


def pooled_channels(trunk: TrunkConfig, head: HeadConfig) -> int:
    """Number of features per face after pooling."""
    return trunk.widths[-1] + (2 * LANDMARKS if head.geometry else 0)


def affect_head(
    trunk: TrunkConfig,
    head: HeadConfig,
    experts: MixtureConfig,
    emotions: int,
    time_maps: nnx.Module | None = None,
    time_features: nnx.Module | None = None,
    *,
    rngs: nnx.Rngs,
) -> AffectHead:
    """Makes the head of a network of these sizes, with the given temporal layers; experts, if their count is not 0."""
    sizes = _pooling_sizes(trunk, head)
    return AffectHead(
        **sizes,
        emotions=emotions,
        dropout=head.dropout,
        time_maps=time_maps,
        time_features=time_features,
        experts=MixtureOfExperts(pooled_channels(trunk, head), 2, experts, rngs=rngs) if experts.count else None,
        rngs=rngs,
    )


def pooling_head(
    trunk: TrunkConfig,
    head: HeadConfig,
    time_maps: nnx.Module | None = None,
    time_features: nnx.Module | None = None,
    *,
    rngs: nnx.Rngs,
) -> PoolingHead:
    """Makes the same head without the layers after the pooled features."""
    return PoolingHead(**_pooling_sizes(trunk, head), time_maps=time_maps, time_features=time_features, rngs=rngs)


def _pooling_sizes(trunk: TrunkConfig, head: HeadConfig) -> dict[str, Any]:
    width = trunk.widths[-1]
    joined = (trunk.modules + 1) * width
    return {
        "inputs": joined if head.attention else joined + LANDMARKS,
        "width": width,
        "blocks": head.blocks,
        "geometry": pooled_channels(trunk, head) - width,
        "convolution": head.convolution(head.rank),
    }


def resize_layers(network: nnx.Module, head: HeadConfig, *, rngs: nnx.Rngs) -> None:
    """Replaces the layers named in `head.ranks` by ones of that rank; ValueError for a part that contains none."""
    parts = parse_ranks(head.form, head.rank, head.ranks)
    found = find_layers(network, FactorizedConv)
    parts.check([join_path(path) for path in found])
    for path, layer in found.items():
        rank = parts.size(join_path(path), outside=head.rank, inside=head.rank)
        if rank != head.rank:
            put(network, path, head.convolution(rank)(layer.inputs, layer.outputs, rngs=rngs))


def head_inputs(
    outputs: TrunkOutputs, trunk: TrunkConfig, head: HeadConfig
) -> tuple[Float[Array, "*batch height width joined"], Float[Array, "*batch 136"] | None]:
    """The feature maps for the head and, with `head.geometry`, the landmark positions.

    No gradient flows through the positions: the emotion loss would move the landmarks off the face.
    """
    heatmaps = outputs.heatmaps[-1]
    geometry = None
    if head.geometry:
        landmarks = align(decode_heatmaps(jax.lax.stop_gradient(heatmaps).astype(jnp.float32), trunk.input_px))
        geometry = landmarks.reshape(*landmarks.shape[:-2], -1)
    if head.attention:
        return landmark_attention(outputs.features, outputs.hourglasses, heatmaps), geometry
    return jnp.concatenate([outputs.features, *outputs.hourglasses, heatmaps], axis=-1), geometry
