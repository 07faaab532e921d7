import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import FANConfig, LandmarkNetwork
from affect_jax.models.registry import MODELS
from affect_jax.models.temporal import ClipNetwork, ClipNetworkConfig

TINY = {"input_px": 32, "widths": (4, 4, 8), "depth": 1, "head_blocks": 2}


def parameters(model) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


@pytest.mark.parametrize(("emotions", "total", "head"), [(8, 13_963_410, 1_856_906), (5, 13_963_023, 1_856_519)])
def test_published_sizes(emotions, total, head):
    model = nnx.eval_shape(lambda: EmoNet(EmoNetConfig(emotions=emotions), rngs=nnx.Rngs(0)))
    assert (parameters(model), parameters(model.trunk), parameters(model.head)) == (total, 12_106_504, head)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_network_is_parameters_and_statistics_and_can_be_built_without_memory(name):
    module, config_class = MODELS[name]
    extra = {} if "landmark" in name else {"head_rank": 2, "dropout": 0.1, "head_blocks": 2}
    config = config_class(**{k: v for k, v in TINY.items() if k != "head_blocks"}, **extra)
    abstract = nnx.eval_shape(lambda: module(config, rngs=nnx.Rngs(0)))
    graphdef, params, statistics = nnx.split(abstract, nnx.Param, nnx.BatchStat)  # raises if anything is left over
    assert {leaf.dtype for leaf in jax.tree.leaves((params, statistics))} == {jnp.dtype("float32")}
    real = module(config, rngs=nnx.Rngs(0))
    assert nnx.graphdef(real) == graphdef


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_config_is_flat_and_made_of_plain_values(name):
    _, config_class = MODELS[name]
    plain = dataclasses.asdict(config_class())
    assert config_class(**plain) == config_class()
    assert {type(value) for value in plain.values()} <= {int, float, bool, str, tuple}


@pytest.mark.parametrize(
    ("config_class", "options", "message"),
    [
        (FANConfig, {"input_px": 100}, "input_px is 100; with depth 4 it must be a multiple of 64"),
        (FANConfig, {"input_px": 0}, "input_px is 0"),
        (FANConfig, {"widths": (64, 128)}, "expected three sizes"),
        (FANConfig, {"widths": (64, 126, 256)}, "the last two divisible by 4"),
        (FANConfig, {"modules": 0}, "modules is 0 and depth 4; both must be at least 1"),
        (FANConfig, {"depth": 0}, "modules is 2 and depth 0"),
        (EmoNetConfig, {"emotions": 1}, "emotions is 1"),
        (EmoNetConfig, {"input_px": 64, "head_blocks": 5}, "the map of input_px 64 is 16 px wide"),
        (EmoNetConfig, {"head_blocks": 0}, "head_blocks is 0"),
        (EmoNetConfig, {"head_rank": -1}, "head_rank is -1"),
        (EmoNetConfig, {"dropout": 1.0}, "dropout is 1.0"),
        (EmoNetConfig, {"head_form": "svd"}, "head_form is 'svd'; choose one of cp, tucker, tt"),
        (EmoNetConfig, {"head_between": "relu"}, "head_between is 'relu'; choose one of linear, norm_relu"),
        (EmoNetConfig, {"head_ranks": "head=3"}, "head_ranks is 'head=3', but head_rank 0 keeps the kernels dense"),
        (EmoNetConfig, {"head_rank": 4, "head_ranks": "head"}, "every part needs a rank of at least 1"),
        (EmoNetConfig, {"head_rank": 4, "head_form": "tt", "head_component_dropout": 0.5}, "of cp kernels"),
        (ClipNetworkConfig, {"time_form": "3d"}, "time_form is '3d'; choose one of factorized, channelwise, dense"),
        (ClipNetworkConfig, {"time_layers": "head=x"}, "time_layers is 'head=x': 'head=x' is not understood"),
        (ClipNetworkConfig, {"time_layers": "head=4"}, "the kernel of 'head' is 4; expected an odd number"),
        (ClipNetworkConfig, {"recurrent": "lstm"}, "recurrent is 'lstm'; choose gru, conv_lstm or ''"),
        (ClipNetworkConfig, {"recurrent": "gru"}, "recurrent is 'gru' and time_pool 9, which stand in one place"),
        (ClipNetworkConfig, {"output_average": "cold"}, "output_average is 'cold'"),
        (ClipNetworkConfig, {"time_kernel": 4}, "time_kernel is 4; expected an odd number"),
        (ClipNetworkConfig, {"time_kernel": 0, "causal": True}, "time_kernel is 0"),
    ],
)
def test_senseless_sizes_are_refused_with_a_way_out(config_class, options, message):
    with pytest.raises(ValueError, match=message):
        config_class(**options)


def test_landmark_network_and_affect_network_share_the_names_of_the_trunk():
    names = lambda model: {path for path, _ in nnx.to_flat_state(nnx.state(model)) if path[0] == "trunk"}
    landmarks = nnx.eval_shape(lambda: LandmarkNetwork(FANConfig(32, (4, 4, 8), depth=1), rngs=nnx.Rngs(0)))
    affect = nnx.eval_shape(lambda: EmoNet(EmoNetConfig(**TINY), rngs=nnx.Rngs(0)))
    assert names(landmarks) == names(affect) == set(dict(nnx.to_flat_state(nnx.state(landmarks))))


def test_affect_network_returns_the_heatmaps_of_its_trunk():
    affect = EmoNet(EmoNetConfig(**TINY), rngs=nnx.Rngs(0))
    landmarks = LandmarkNetwork(FANConfig(32, (4, 4, 8), depth=1), rngs=nnx.Rngs(1))
    landmarks.trunk = affect.trunk
    affect.eval()
    images = jnp.float32(np.random.default_rng(0).uniform(size=(2, 32, 32, 3)))
    ours, theirs = affect(images), landmarks(images)
    assert ours["landmarks"].shape == (2, 2, 8, 8, 68)
    np.testing.assert_array_equal(ours["landmarks"], theirs["landmarks"])


@pytest.mark.slow
def test_no_error_of_emotion_moves_the_landmarks_through_their_positions():
    model = EmoNet(EmoNetConfig(**TINY, geometry=True, attention=False), rngs=nnx.Rngs(0))
    model.eval()
    graphdef, params, statistics = nnx.split(model, nnx.Param, nnx.BatchStat)
    images = jnp.float32(np.random.default_rng(0).uniform(size=(1, 32, 32, 3)))

    def outputs(params, blind):
        model = nnx.merge(graphdef, params, statistics, copy=True)
        width = model.config.widths[-1]
        kernel = model.head.hidden.kernel
        kernel[...] = kernel[...].at[:width].set(0) if blind else kernel[...].at[width:].set(0)
        return model(images).emotion_logits.sum()

    slopes = lambda blind: nnx.to_flat_state(jax.grad(lambda p: outputs(p, blind))(params))
    of_trunk = lambda found: [leaf[...] for path, leaf in found if path[0] == "trunk"]
    assert not any(np.asarray(leaf).any() for leaf in of_trunk(slopes(True)))  # the positions are all that is left
    assert any(np.asarray(leaf).any() for leaf in of_trunk(slopes(False)))


def test_a_frozen_trunk_in_evaluation_mode_keeps_its_statistics_while_the_head_trains():
    model = EmoNet(EmoNetConfig(**TINY), rngs=nnx.Rngs(0))
    graphdef, params, statistics = nnx.split(model, nnx.Param, nnx.BatchStat)
    images = jnp.float32(np.random.default_rng(0).uniform(size=(4, 32, 32, 3)))

    def loss(params):
        model = nnx.merge(graphdef, params, statistics, copy=True)
        model.train()
        model.trunk.eval()
        return jnp.square(model(images)["valence_arousal"]).mean(), nnx.state(model, nnx.BatchStat)

    _, after = jax.jit(jax.grad(loss, has_aux=True))(params)
    before, after = dict(nnx.to_flat_state(statistics)), dict(nnx.to_flat_state(after))
    moved = {path[0] for path in before if not np.array_equal(before[path][...], after[path][...])}
    assert moved == {"head"}


def test_clip_network_returns_one_row_per_frame_and_no_heatmaps():
    model = ClipNetwork(ClipNetworkConfig(**TINY, head_rank=2, emotions=5), rngs=nnx.Rngs(0))
    model.eval()
    clips = jnp.float32(np.random.default_rng(0).uniform(size=(2, 3, 32, 32, 3)))
    predict = nnx.jit(lambda model, clips: model(clips))
    together, alone = predict(model, clips), predict(model, clips[1:])
    assert together["valence_arousal"].shape == (2, 3, 2) and together["emotion"].shape == (2, 3, 5)
    assert "landmarks" not in together
    np.testing.assert_allclose(together["valence_arousal"][1:], alone["valence_arousal"], atol=1e-5)
