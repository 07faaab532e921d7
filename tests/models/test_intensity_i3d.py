"""I3D: its published size, parity with PyTorch block by block, heads, and wrong sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models.inception import BLOCKS
from affect_jax.models.intensity_i3d import IntensityI3D, IntensityI3DConfig
from affect_jax.nn.inception import Unit
from affect_jax.nn.keys import ParameterKeys

SMALL = IntensityI3DConfig(width=0.0625, input_px=32)


def _abstract(config):
    return nnx.eval_shape(lambda: IntensityI3D(config, rngs=ParameterKeys(jax.random.key(0))))


def _count(config):
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(_abstract(config), nnx.Param)))


def test_the_published_sizes():
    assert _count(IntensityI3DConfig()) == 12_291_259
    both = IntensityI3DConfig(emotions_rated=("happy", "sad"), form="ordinal")
    assert _count(both) == 12_291_259 - 11 * 1025 + 20 * 1025
    assert not [path for path, _ in nnx.to_flat_state(nnx.state(_abstract(SMALL))) if path[-1] == "scale"]


@pytest.mark.parametrize(("frames", "steps"), [(9, 1), (16, 1), (64, 7), (79, 9)])
def test_time_steps_left_of_a_clip(frames, steps):
    model = _abstract(IntensityI3DConfig(width=0.0625, input_px=32))
    clips = jax.ShapeDtypeStruct((1, frames, 32, 32, 3), jnp.float32)
    assert jax.eval_shape(lambda model, clips: model.features(clips), model, clips).shape[1] == steps


@pytest.fixture(scope="module")
def small():
    model = IntensityI3D(IntensityI3DConfig(("happy", "sad"), width=0.0625, input_px=32), rngs=nnx.Rngs(0))
    model.eval()
    return model


def test_every_frame_has_the_outputs_and_features_of_the_newest_one(small):
    clips = jnp.asarray(np.random.default_rng(0).uniform(0, 1, (2, 17, 32, 32, 3)), jnp.float32)
    small.gives_features = True
    predictions = nnx.jit(lambda model, clips: (model(clips), model.features(clips)))(small, clips)
    small.gives_features = False
    given, steps = predictions
    assert steps.shape[1] > 1 and given["features"].shape == (2, 17, small.config.contract.features)
    expected = np.float64(steps).mean(1)
    for frame in (0, 16):
        np.testing.assert_allclose(given["features"][:, frame], expected, rtol=1e-5, atol=1e-6)
    logits = expected @ np.float64(small.logits.kernel[...]) + np.float64(small.logits.bias[...])
    assert list(given) == ["features", "intensity_happy", "intensity_sad"]
    np.testing.assert_allclose(given["intensity_happy"][:, 3], logits[:, :11], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(given["intensity_sad"][:, 16], logits[:, 11:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emotions_rated": ("joy",)}, "emotions_rated has 'joy'; choose among happy, sad, surprise"),
        ({"emotions_rated": ()}, "emotions_rated is empty"),
        ({"form": "class"}, "form is 'class'; choose one of classes, ordinal, regression"),
        ({"width": 0.0}, "width is 0.0; expected a factor above 0"),
        ({"input_px": 100}, "input_px is 100; expected a multiple of 32"),
        ({"emotions_rated": ("sad", "happy", "sad")}, "emotions_rated has 'sad' twice"),
        ({"dropout": 1.0}, "dropout is 1.0; expected a share"),
    ],
)
def test_wrong_sizes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        IntensityI3DConfig(**change)


@pytest.fixture(scope="module")
def pair():
    """The published network and its reference with the same random weights and statistics."""
    torch = pytest.importorskip("torch")
    from i3d_torch import I3D, Unit

    torch.manual_seed(0)
    theirs = I3D(11).eval()
    with torch.no_grad():
        for part in theirs.modules():
            if isinstance(part, Unit):
                part.beta.normal_(0, 0.3)
                part.mean.normal_(0, 0.3)
                part.variance.uniform_(0.5, 2)
    ours = IntensityI3D(IntensityI3DConfig(input_px=64), rngs=nnx.Rngs(0))
    ours.eval()
    _copy(theirs, ours)
    return torch, theirs, ours


def _copy(theirs, ours):
    """Sets our weights to theirs, unit by unit."""

    def unit(mine: Unit, other) -> None:
        mine.kernel[...] = jnp.asarray(other.conv.weight.detach().numpy().transpose(2, 3, 4, 1, 0))
        mine.norm.bias[...] = jnp.asarray(other.beta.detach().numpy())
        mine.norm.mean[...] = jnp.asarray(other.mean.numpy())
        mine.norm.var[...] = jnp.asarray(other.variance.numpy())

    for name in ("conv_1a", "conv_2b", "conv_2c"):
        unit(getattr(ours, name), getattr(theirs, name))
    for name in BLOCKS:
        mine, other = getattr(ours, f"mixed_{name}"), theirs.blocks[name]
        unit(mine.branch_0, other.b0)
        unit(mine.branch_3, other.b3)
        for place in range(2):
            unit(mine.branch_1[place], other.b1[place])
            unit(mine.branch_2[place], other.b2[place])
    ours.logits.kernel[...] = jnp.asarray(theirs.logits.weight.detach().numpy()[:, :, 0, 0, 0].T)
    ours.logits.bias[...] = jnp.asarray(theirs.logits.bias.detach().numpy())


@pytest.mark.torch
def test_every_block_agrees_with_pytorch(pair):
    torch, theirs, ours = pair
    clips = np.random.default_rng(1).uniform(0, 1, (1, 9, 64, 64, 3)).astype(np.float32)
    with torch.no_grad():
        expected = theirs.stages(torch.from_numpy(2 * clips.transpose(0, 4, 1, 2, 3) - 1))
    found = _stages(ours, jnp.asarray(clips))
    for name, maps in found.items():
        theirs_last = expected[name].numpy().transpose(0, 2, 3, 4, 1) if expected[name].ndim == 5 else expected[name]
        scale = float(np.abs(np.asarray(theirs_last)).max())
        np.testing.assert_allclose(maps, theirs_last, atol=1e-4 * scale, err_msg=name)
    np.testing.assert_allclose(ours(jnp.asarray(clips))["intensity_happy"][:, 0], expected["logits"], atol=1e-4)


def _stages(model, clips):
    """Outputs of the parts of the network, recorded while it runs."""
    found = {}
    names = ("conv_1a", "conv_2c", *(f"mixed_{name}" for name in BLOCKS))
    parts = {name: getattr(model, name) for name in names}
    by_id = {id(part): name for name, part in parts.items()}
    original = {kind: kind.__call__ for kind in {type(part) for part in parts.values()}}

    def record(kind):
        def call(self, maps):
            result = original[kind](self, maps)
            if id(self) in by_id:
                found[by_id[id(self)]] = result
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        for kind in original:
            patch.setattr(kind, "__call__", record(kind))
        model(clips)
    return found
