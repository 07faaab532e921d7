"""The affect head of a network: its options, what it sees of the trunk, and its layers."""

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.fan import TrunkConfig, TrunkOutputs
from affect_jax.models.head_factors import FORMS, convolution_of, ranks_of_parts
from affect_jax.models.parts import Size, layers, named
from affect_jax.nn.attention import landmark_attention
from affect_jax.nn.conv import Conv3x3, Convolution
from affect_jax.nn.factor_options import BETWEEN
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.heads import AffectHead
from affect_jax.nn.places import put
from affect_jax.ops.alignment import align
from affect_jax.ops.heatmap import decode_heatmaps
from affect_jax.types import LANDMARKS


@dataclasses.dataclass(frozen=True)
class HeadConfig:
    """Sizes of the head; the defaults are the published ones.

    blocks: blocks of the head, each halving the map; what is left is averaged.
    attention: hourglass features weighted by the heatmaps; without it the heatmaps are joined as channels.
    geometry: positions of the landmarks, read off the last heatmaps, joined to what the head has pooled (ours).
    dropout: share of the hidden units dropped before the last layer in training.
    rank: of the 3x3 convolutions; 0 keeps them dense.
    ranks: of single parts, such as (("head/blocks/0/convs/1", 12), ("head/blocks/2", (12, 8))): one number, or one for
        each link of the form (models.head_factors.LINKS); the first part that holds a layer counts.
    form: "cp", "tucker" or "tt" (a tensor train).
    between: "linear", or "norm_relu": BatchNorm and ReLU after their first 1x1, as published; only the linear ones
        equal dense kernels.
    component_dropout: share of the components of cp kernels dropped in training.
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
        ranks_of_parts(self.form, self.rank, self.ranks)  # raises where it makes none

    def convolution(self, rank: Size) -> Convolution:
        """Makes 3x3 convolutions of a rank."""
        if not rank:
            return Conv3x3
        return convolution_of(self.form, rank, between=self.between, dropout=self.component_dropout)


def check_sizes(trunk: TrunkConfig, head: HeadConfig, emotions: int) -> None:
    """ValueError for fewer than two emotions, or a head that halves the trunk's maps more often than they can be."""
    if emotions < 2:
        raise ValueError(f"emotions is {emotions}; expected the number of emotions, at least 2")
    if trunk.map_px % 2**head.blocks:
        raise ValueError(
            f"head.blocks is {head.blocks}; each halves the map, and the map of trunk.input_px {trunk.input_px} is "
            f"{trunk.map_px} px wide: choose 1 or more blocks with {trunk.map_px} divisible by 2**head.blocks"
        )


def pooled_channels(trunk: TrunkConfig, head: HeadConfig) -> int:
    """Numbers that the head has of a face after pooling."""
    return trunk.widths[-1] + (2 * LANDMARKS if head.geometry else 0)


def affect_head(
    trunk: TrunkConfig,
    head: HeadConfig,
    emotions: int,
    time_maps: nnx.Module | None = None,
    time_features: nnx.Module | None = None,
    *,
    rngs: nnx.Rngs,
) -> AffectHead:
    """The head of a network of these sizes, with these layers along time."""
    width = trunk.widths[-1]
    joined = (trunk.modules + 1) * width
    return AffectHead(
        joined if head.attention else joined + LANDMARKS,
        width,
        blocks=head.blocks,
        emotions=emotions,
        dropout=head.dropout,
        geometry=pooled_channels(trunk, head) - width,
        convolution=head.convolution(head.rank),
        time_maps=time_maps,
        time_features=time_features,
        rngs=rngs,
    )


def resize_layers(network: nnx.Module, head: HeadConfig, *, rngs: nnx.Rngs) -> None:
    """Gives the layers named in `head.ranks` theirs; ValueError for a part that holds none."""
    parts, found = ranks_of_parts(head.form, head.rank, head.ranks), layers(network, FactorizedConv)
    parts.check([named(path) for path in found])
    for path, layer in found.items():
        rank = parts.size(named(path), otherwise=head.rank, inside=head.rank)
        if rank != head.rank:
            put(network, path, head.convolution(rank)(layer.inputs, layer.outputs, rngs=rngs))


def head_inputs(
    outputs: TrunkOutputs, trunk: TrunkConfig, head: HeadConfig
) -> tuple[Float[Array, "*batch height width joined"], Float[Array, "*batch 136"] | None]:
    """The maps that the head sees and, with `head.geometry`, where the landmarks are.

    No gradient goes through the positions: an error of emotion would move the landmarks off the face.
    """
    heatmaps, geometry = outputs.heatmaps[-1], None
    if head.geometry:
        landmarks = align(decode_heatmaps(jax.lax.stop_gradient(heatmaps).astype(jnp.float32), trunk.input_px))
        geometry = landmarks.reshape(*landmarks.shape[:-2], -1)
    if head.attention:
        return landmark_attention(outputs.features, outputs.hourglasses, heatmaps), geometry
    return jnp.concatenate([outputs.features, *outputs.hourglasses, heatmaps], axis=-1), geometry
