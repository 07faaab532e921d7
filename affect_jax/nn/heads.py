"""Heads on feature maps: pooled features, and the prediction of emotion, valence and arousal from them."""

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.conv import Conv3x3, ConvBlock, Convolution, batch_norm, halve
from affect_jax.nn.experts import MixtureOfExperts


class PoolingHead(nnx.Module):
    """A 1x1 convolution, blocks each followed by 2x2 max pooling, and global average pooling.

    Axes before height are batch; only the time layers and a `convolution` along time mix them.
    Source: Toisoul et al., Nature Machine Intelligence 3, 2021; `geometry` is ours.

    Args:
        inputs: channels of the feature maps.
        width: channels after the 1x1 convolution.
        blocks: number of blocks.
        geometry: number of values, such as landmark positions, that are appended to the pooled features.
        convolution: factory of the blocks' convolutions.
        time_maps: a shape-preserving layer along time, before the global average pooling.
        time_features: a shape-preserving layer along time, after it.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        *,
        blocks: int,
        geometry: int = 0,
        convolution: Convolution = Conv3x3,
        time_maps: nnx.Module | None = None,
        time_features: nnx.Module | None = None,
        rngs: nnx.Rngs,
    ):
        self.reduce = nnx.Linear(inputs, width, rngs=rngs)
        block = lambda: ConvBlock(width, width, convolution=convolution, rngs=rngs)
        self.blocks = nnx.List([block() for _ in range(blocks)])
        self.time_maps, self.time_features = time_maps, time_features
        self.geometry_norm = batch_norm(geometry, rngs=rngs) if geometry else None

    def pool(
        self,
        maps: Float[Array, "*batch height width input"],
        geometry: Float[Array, "*batch number"] | None = None,
        *,
        rngs: nnx.Rngs | None = None,
    ) -> Float[Array, "*batch feature"]:
        """Returns the pooled features: everything that the layers after them see of a face."""
        features = self.reduce(maps)
        for block in self.blocks:
            features = halve(block(features, rngs=rngs))
        if self.time_maps is not None:
            features = self.time_maps(features)
        pooled = features.mean((-3, -2))
        if self.geometry_norm is not None:
            pooled = jnp.concatenate([pooled, self.geometry_norm(geometry).astype(pooled.dtype)], axis=-1)
        if self.time_features is not None:
            pooled = self.time_features(pooled)
        return pooled


class AffectHead(PoolingHead):
    """Two linear layers on pooled features, with dropout between them.

    The outputs are linear: `emotions` logits, then valence and arousal, which `experts` predict instead if there are
    any. Source: Toisoul et al., Nature Machine Intelligence 3, 2021; dropout before the last layer is ours.

    Args:
        inputs: channels of the feature maps.
        width: of the pooled features that come from them.
        emotions: number of emotion classes.
        dropout: probability before the last layer.
        geometry: as in `PoolingHead`.
        experts: a mixture that predicts valence and arousal from the pooled features.
        pooling: other options of `PoolingHead`.
    """

    NORMED = (("hidden", "hidden_norm"),)

    def __init__(
        self,
        inputs: int,
        width: int,
        *,
        emotions: int,
        dropout: float = 0.0,
        geometry: int = 0,
        experts: MixtureOfExperts | None = None,
        rngs: nnx.Rngs,
        **pooling,
    ):
        super().__init__(inputs, width, geometry=geometry, rngs=rngs, **pooling)
        self.hidden = nnx.Linear(width + geometry, width // 2, rngs=rngs)
        self.hidden_norm = batch_norm(width // 2, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)
        self.output = nnx.Linear(width // 2, emotions + (0 if experts else 2), rngs=rngs)
        self.experts = experts

    def __call__(
        self,
        maps: Float[Array, "*batch height width input"],
        geometry: Float[Array, "*batch number"] | None = None,
        *,
        rngs: nnx.Rngs | None = None,
    ) -> tuple[Float[Array, "*batch emotion"], Float[Array, "*batch 2"]]:
        """Returns emotion logits and valence/arousal."""
        return self.from_features(self.pool(maps, geometry, rngs=rngs), rngs=rngs)

    def from_features(
        self, features: Float[Array, "*batch feature"], *, rngs: nnx.Rngs | None = None
    ) -> tuple[Float[Array, "*batch emotion"], Float[Array, "*batch 2"]]:
        """Returns emotion logits and valence/arousal for pooled features."""
        hidden = nnx.relu(self.hidden_norm(self.hidden(features)))
        outputs = self.output(self.dropout(hidden, rngs=rngs))
        if self.experts is not None:
            return outputs, self.experts(features).values
        return outputs[..., :-2], outputs[..., -2:]

    def affect_layers(self) -> dict[str, Float[np.ndarray, "..."]] | None:
        """The kernels and biases from pooled features to valence/arousal in evaluation, with the norm folded in.

        `relu(features @ hidden_kernel + hidden_bias) @ output_kernel + output_bias` is `from_features`. None if experts
        predict them.
        """
        if self.experts is not None:
            return None
        exact = lambda parameter: np.asarray(parameter[...], np.float64)
        norm, hidden, output = self.hidden_norm, self.hidden, self.output
        factor = exact(norm.scale) / np.sqrt(exact(norm.var) + norm.epsilon)
        layers = {
            "hidden_kernel": exact(hidden.kernel) * factor,
            "hidden_bias": (exact(hidden.bias) - exact(norm.mean)) * factor + exact(norm.bias),
            "output_kernel": exact(output.kernel)[:, -2:],
            "output_bias": exact(output.bias)[-2:],
        }
        return {name: layer.astype(np.float32) for name, layer in layers.items()}
