import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.temporal import ClipNetwork, ClipNetworkConfig, InflationError, certificate, from_static

SIZES = {"input_px": 32, "widths": (4, 8, 8), "depth": 1, "head_blocks": 2, "head_rank": 6, "emotions": 3}


def drawn(model):
    """`model` with statistics and factors that are those of no initialisation."""
    rng = np.random.default_rng(0)
    for path, variable in nnx.to_flat_state(nnx.state(model)):
        low, high = (0.5, 2.0) if path[-1] in ("var", "scale") else (-0.3, 0.3)
        values = jnp.float32(rng.uniform(low, high, variable[...].shape))
        keep = path[-1] == "kernel" or "factors" in path
        variable[...] = variable[...] * jnp.exp(values) if keep else values
        nnx.update(model, nnx.from_flat_state([(path, variable)]))
    return model


@pytest.fixture(scope="module")
def static() -> EmoNet:
    return drawn(EmoNet(EmoNetConfig(**SIZES), rngs=nnx.Rngs(0)))


def outputs(model: nnx.Module, images: jax.Array) -> np.ndarray:
    model = nnx.clone(model)
    model.eval()
    predictions = nnx.jit(lambda model, images: model(images))(model, images)
    return np.concatenate([predictions.valence_arousal, predictions.emotion_logits], axis=-1)


def clip_of(seed: int, frames: int, batch: int = 1) -> jax.Array:
    return jnp.float32(np.random.default_rng(seed).uniform(size=(batch, frames, 32, 32, 3)))


@pytest.mark.parametrize(("time_kernel", "causal"), [(1, False), (3, False), (5, False), (2, True), (3, True)])
def test_inflated_network_equals_the_static_one_on_every_frame(static, time_kernel, causal):
    clip = from_static(static, ClipNetworkConfig(**SIZES, time_kernel=time_kernel, causal=causal))
    frames = clip_of(1, 4, batch=2)
    expected = outputs(static, frames.reshape(8, 32, 32, 3)).reshape(2, 4, 5)
    assert np.std(expected, axis=1).min() > 1e-3  # the frames do differ
    np.testing.assert_allclose(outputs(clip, frames), expected, atol=1e-5)


def test_a_network_that_knows_where_the_landmarks_are_can_be_inflated_too():
    static = drawn(EmoNet(EmoNetConfig(**SIZES, geometry=True), rngs=nnx.Rngs(0)))
    clip = from_static(static, ClipNetworkConfig(**SIZES, geometry=True))
    frames = clip_of(1, 3)
    np.testing.assert_allclose(outputs(clip, frames)[0], outputs(static, frames[0]), atol=1e-5)
    plain = EmoNet(EmoNetConfig(**SIZES), rngs=nnx.Rngs(0))
    assert static.head.hidden.kernel.shape[0] == plain.head.hidden.kernel.shape[0] + 136


def test_certificate_holds_what_it_says(static):
    clip = from_static(static, ClipNetworkConfig(**SIZES))
    record = json.loads(json.dumps(certificate(static, clip, frames=3, seed=7)))
    assert {key: record[key] for key in ("frames", "seed", "dtype", "tolerance")} == {
        "frames": 3, "seed": 7, "dtype": "float32", "tolerance": 1e-5,
    }  # fmt: skip
    assert set(record["differences"]) == {"valence_arousal", "emotion_logits"}
    assert record["largest_difference"] == max(record["differences"].values()) <= 1e-5


@pytest.mark.parametrize("value", [1e-2, np.nan])
def test_certificate_is_refused_when_the_other_frames_leak_in(static, value):
    clip = from_static(static, ClipNetworkConfig(**SIZES))
    time = clip.head.blocks[1].convs[2].factors["time"]
    time[...] = time[...].at[0].add(value)
    with pytest.raises(InflationError, match="differs from the static one by .* random clip of 4 frames"):
        certificate(static, clip, frames=4, seed=0)


def test_making_the_clip_network_leaves_the_static_one_alone(static):
    before = outputs(static, clip_of(2, 3)[0])
    clip = from_static(static, ClipNetworkConfig(**SIZES))
    nnx.update(clip, jax.tree.map(lambda leaf: leaf + 1, nnx.state(clip)))
    np.testing.assert_array_equal(outputs(static, clip_of(2, 3)[0]), before)


@pytest.mark.parametrize(
    ("static_options", "clip_options", "message"),
    [
        ({"head_rank": 0}, {}, "dense head .* train it with head_rank > 0"),
        ({}, {"head_rank": 8}, "head_rank is 8 for the clip network but 6 in the static one"),
        ({}, {"emotions": 5}, "emotions is 5 for the clip network but 3"),
    ],
)
def test_networks_that_cannot_be_inflated_are_refused(static_options, clip_options, message):
    network = nnx.eval_shape(lambda: EmoNet(EmoNetConfig(**{**SIZES, **static_options}), rngs=nnx.Rngs(0)))
    with pytest.raises(ValueError, match=message):
        from_static(network, ClipNetworkConfig(**{**SIZES, **clip_options}))


@pytest.fixture(scope="module", params=[False, True], ids=["centred", "causal"])
def influence(request) -> tuple[ClipNetworkConfig, np.ndarray]:
    """influence[t, s]: how much frame s changes output t, for a clip network with random time factors."""
    config = ClipNetworkConfig(**{**SIZES, "head_blocks": 1}, time_pool=3, causal=request.param)
    model = ClipNetwork(config, rngs=nnx.Rngs(2))  # one in which no frame finds all hidden units silent
    offsets = model.head.time_pool.offsets
    offsets[...] = jax.random.normal(jax.random.key(1), offsets.shape)
    frames = 12
    clip = clip_of(3, frames)
    changed = [clip.at[0, s].set(1 - clip[0, s]) for s in range(frames)]
    found = outputs(model, jnp.concatenate([*changed, clip]))
    difference = np.abs(found[:-1] - found[-1]).max(-1)
    return config, difference.T


def test_receptive_field_is_the_one_stated(influence):
    config, moved = influence
    assert config.receptive_field == 9  # three convolutions of three frames, and three frames averaged
    reach = 8 if config.causal else 4
    for t, s in np.ndindex(moved.shape):
        within = 0 <= t - s <= reach if config.causal else abs(t - s) <= reach
        assert (moved[t, s] > 1e-7) == within, (t, s, moved[t, s])


def test_time_factors_receive_gradients_right_after_inflation(static):
    clip = from_static(static, ClipNetworkConfig(**SIZES))
    clip.eval()
    graphdef, params, rest = nnx.split(clip, nnx.Param, ...)
    images = clip_of(4, 4)
    slope = jax.jit(jax.grad(lambda p: jnp.square(nnx.merge(graphdef, p, rest)(images).valence_arousal).sum()))(params)
    times = [np.asarray(leaf[...]) for path, leaf in nnx.to_flat_state(slope) if path[-1] == "time"]
    assert len(times) == 6
    assert all(np.abs(time).max(1).min() > 0 for time in times)  # every tap of every convolution


def test_receptive_field_grows_with_kernel_and_blocks():
    config = ClipNetworkConfig(**SIZES)
    assert dataclasses.replace(config, time_kernel=5, time_pool=9).receptive_field == 9 + 4 * 3 * 2
    assert dataclasses.replace(config, time_kernel=1, time_pool=1).receptive_field == 1
