import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.experiment.config.typed import typed
from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.contract import model_options
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from affect_jax.models.registry import MODELS

PLAIN = ("intensity_i3d", "intensity_inception")  # without sections
TRUNK = TrunkConfig(32, (4, 4, 8), depth=1)
TINY = EmoNetConfig(TRUNK, HeadConfig(blocks=2))


def parameters(model) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


@pytest.mark.parametrize(("emotions", "total", "head"), [(8, 13_963_410, 1_856_906), (5, 13_963_023, 1_856_519)])
def test_published_sizes(emotions, total, head):
    model = nnx.eval_shape(lambda: EmoNet(EmoNetConfig(emotions=emotions), rngs=nnx.Rngs(0)))
    assert (parameters(model), parameters(model.trunk), parameters(model.head)) == (total, 12_106_504, head)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_network_is_parameters_and_statistics_and_can_be_built_without_memory(name):
    module, config_class = MODELS[name]
    others = {"experts": {}, **{key: {"width": 0.0625, "input_px": 32} for key in PLAIN}}
    sections = others[name] if name in others else {"trunk": TRUNK}
    if "trunk" in sections and "landmark" not in name:
        sections["head"] = HeadConfig(blocks=2, rank=2, dropout=0.1)
    config = config_class(**sections)
    abstract = nnx.eval_shape(lambda: module(config, rngs=nnx.Rngs(0)))
    graphdef, params, statistics = nnx.split(abstract, nnx.Param, nnx.BatchStat)  # raises if anything is left over
    assert {leaf.dtype for leaf in jax.tree.leaves((params, statistics))} == {jnp.dtype("float32")}
    real = module(config, rngs=nnx.Rngs(0))
    assert nnx.graphdef(real) == graphdef


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_config_is_sections_of_plain_values(name):
    _, config_class = MODELS[name]
    plain = dataclasses.asdict(config_class())
    assert typed(config_class, plain, "model") == config_class()
    sections = [part for part in plain.values() if isinstance(part, dict)]
    values = [value for part in (plain, *sections) for value in part.values() if part is not value]
    assert sections or name in PLAIN
    assert {type(value) for value in values} <= {int, float, bool, str, tuple, dict}
    assert not any(isinstance(value, dict) for part in sections for value in part.values())


def test_a_section_given_in_part_keeps_the_defaults_of_its_network():
    assert typed(ClipNetworkConfig, {"head": {"dropout": 0.1}}, "model").head == HeadConfig(rank=64, dropout=0.1)
    with pytest.raises(ValueError, match=r"^model\.time has no option 'kernl'; did you mean model\.time\.kernel\?$"):
        typed(ClipNetworkConfig, {"time": {"kernl": 5}}, "model")
    with pytest.raises(ValueError, match=r"^model\.head is 3; expected a section of options$"):
        typed(ClipNetworkConfig, {"head": 3}, "model")
    assert "emotions" not in model_options(ClipNetworkConfig())


@pytest.mark.parametrize(
    ("config_class", "options", "message"),
    [
        (LandmarkNetworkConfig, {"trunk": {"input_px": 100}}, ".trunk: input_px is 100; with depth 4 it must be a mul"),
        (LandmarkNetworkConfig, {"trunk": {"input_px": 0}}, ".trunk: input_px is 0"),
        (LandmarkNetworkConfig, {"trunk": {"widths": (64, 128)}}, ".trunk: widths .* expected three sizes"),
        (LandmarkNetworkConfig, {"trunk": {"widths": (64, 126, 256)}}, ".trunk: .*the last two divisible by 4"),
        (LandmarkNetworkConfig, {"trunk": {"modules": 0}}, ".trunk: modules is 0 and depth 4; both must be at least 1"),
        (LandmarkNetworkConfig, {"trunk": {"depth": 0}}, ".trunk: modules is 2 and depth 0"),
        (LandmarkNetworkConfig, {"execution": "fast"}, ": execution is 'fast'; choose one of auto, direct, winograd"),
        (EmoNetConfig, {"emotions": 1}, ": emotions is 1"),
        (
            EmoNetConfig,
            {"trunk": {"input_px": 64}, "head": {"blocks": 5}},
            ": head.blocks is 5; .* the map of trunk.input_px 64 is 16 px wide: .* divisible by 2..head.blocks",
        ),
        (EmoNetConfig, {"head": {"blocks": 0}}, ".head: blocks is 0"),
        (EmoNetConfig, {"head": {"rank": -1}}, ".head: rank is -1"),
        (EmoNetConfig, {"head": {"dropout": 1.0}}, ".head: dropout is 1.0"),
        (EmoNetConfig, {"head": {"form": "svd"}}, ".head: form is 'svd'; choose one of cp, tucker, tt"),
        (EmoNetConfig, {"head": {"between": "relu"}}, ".head: between is 'relu'; choose one of linear, norm_relu"),
        (EmoNetConfig, {"head": {"ranks": (("head", 3),)}}, r".head: ranks is .*, but rank 0 keeps the kernels dense"),
        (EmoNetConfig, {"head": {"rank": 4, "ranks": ("head",)}}, ".head: .*every part needs a rank of at least 1"),
        (EmoNetConfig, {"head": {"rank": 4, "ranks": (("head", 2, 3),)}}, ".head: ranks: .* is not a part of the net"),
        (EmoNetConfig, {"head": {"rank": 4, "form": "tt", "component_dropout": 0.5}}, ".head: .*of cp kernels"),
        (
            ClipNetworkConfig,
            {"time": {"form": "3d"}},
            ".time: form is '3d'; choose one of factorized, channelwise, dense",
        ),
        (ClipNetworkConfig, {"time": {"layers": "head"}}, ".time.layers is 'head'; expected a list"),
        (ClipNetworkConfig, {"time": {"layers": (("head", "x"),)}}, r".time: layers: \('head', 'x'\) is not a part"),
        (
            ClipNetworkConfig,
            {"time": {"layers": (("head", 4),)}},
            ".time: layers: the kernel of 'head' is 4; expected an",
        ),
        (ClipNetworkConfig, {"time": {"recurrent": "lstm"}}, ".time: recurrent is 'lstm'; choose gru, conv_lstm or ''"),
        (ClipNetworkConfig, {"time": {"recurrent": "gru"}}, ".time: recurrent is 'gru' and pool is 9, but both fill"),
        (ClipNetworkConfig, {"time": {"output_average": "cold"}}, ".time: output_average is 'cold'"),
        (ClipNetworkConfig, {"time": {"output_average": "flat"}}, ".time: output_frames is 0; expected an odd number"),
        (
            ClipNetworkConfig,
            {"time": {"output_average": "flat", "output_frames": 4}},
            ".time: output_frames is 4; expected an odd number of frames, or any with causal=True",
        ),
        (ClipNetworkConfig, {"time": {"output_frames": 5}}, ".time: output_frames is 5, but output_average ''"),
        (ClipNetworkConfig, {"time": {"kernel": 4}}, ".time: kernel is 4; expected an odd number"),
        (ClipNetworkConfig, {"time": {"kernel": 0, "causal": True}}, ".time: kernel is 0"),
    ],
)
def test_invalid_sizes_are_rejected_with_a_suggestion(config_class, options, message):
    with pytest.raises(ValueError, match=f"^model{message}"):
        typed(config_class, options, "model")


def test_landmark_network_and_affect_network_share_the_names_of_the_trunk():
    names = lambda model: {path for path, _ in nnx.to_flat_state(nnx.state(model)) if path[0] == "trunk"}
    landmarks = nnx.eval_shape(lambda: LandmarkNetwork(LandmarkNetworkConfig(TRUNK), rngs=nnx.Rngs(0)))
    affect = nnx.eval_shape(lambda: EmoNet(TINY, rngs=nnx.Rngs(0)))
    assert names(landmarks) == names(affect) == set(dict(nnx.to_flat_state(nnx.state(landmarks))))


def test_affect_network_returns_the_heatmaps_of_its_trunk():
    affect = EmoNet(TINY, rngs=nnx.Rngs(0))
    landmarks = LandmarkNetwork(LandmarkNetworkConfig(TRUNK), rngs=nnx.Rngs(1))
    landmarks.trunk = affect.trunk
    affect.eval()
    images = jnp.float32(np.random.default_rng(0).uniform(size=(2, 32, 32, 3)))
    ours, theirs = affect(images), landmarks(images)
    assert ours["landmarks"].shape == (2, 2, 8, 8, 68)
    np.testing.assert_array_equal(ours["landmarks"], theirs["landmarks"])


@pytest.mark.slow
def test_the_emotion_loss_does_not_move_the_landmarks_through_their_positions():
    model = EmoNet(EmoNetConfig(TRUNK, HeadConfig(2, attention=False, geometry=True)), rngs=nnx.Rngs(0))
    model.eval()
    graphdef, params, statistics = nnx.split(model, nnx.Param, nnx.BatchStat)
    images = jnp.float32(np.random.default_rng(0).uniform(size=(1, 32, 32, 3)))

    def outputs(params, blind):
        model = nnx.merge(graphdef, params, statistics, copy=True)
        width = TRUNK.widths[-1]
        kernel = model.head.hidden.kernel
        kernel[...] = kernel[...].at[:width].set(0) if blind else kernel[...].at[width:].set(0)
        return model(images)["emotion"].sum()

    slopes = lambda blind: nnx.to_flat_state(jax.grad(lambda p: outputs(p, blind))(params))
    of_trunk = lambda found: [leaf[...] for path, leaf in found if path[0] == "trunk"]
    assert not any(np.asarray(leaf).any() for leaf in of_trunk(slopes(True)))  # the positions are all that is left
    assert any(np.asarray(leaf).any() for leaf in of_trunk(slopes(False)))


def test_a_frozen_trunk_in_evaluation_mode_keeps_its_statistics_while_the_head_trains():
    model = EmoNet(TINY, rngs=nnx.Rngs(0))
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
    model = ClipNetwork(ClipNetworkConfig(TRUNK, HeadConfig(2, rank=2), emotions=5), rngs=nnx.Rngs(0))
    model.eval()
    clips = jnp.float32(np.random.default_rng(0).uniform(size=(2, 3, 32, 32, 3)))
    predict = nnx.jit(lambda model, clips: model(clips))
    together, alone = predict(model, clips), predict(model, clips[1:])
    assert together["valence_arousal"].shape == (2, 3, 2) and together["emotion"].shape == (2, 3, 5)
    assert "landmarks" not in together
    np.testing.assert_allclose(together["valence_arousal"][1:], alone["valence_arousal"], atol=1e-5)
