import dataclasses
import json
from collections.abc import Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models import certificate as module
from affect_jax.models.certificate import InflationError, compare_networks, describe, require_exact
from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.inflation import transfer
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.conv import Conv3x3
from affect_jax.types import Predictions

TRUNK = TrunkConfig(input_px=32, widths=(4, 4, 8), depth=1, modules=1)
HEAD = HeadConfig(blocks=1, rank=6)
CLIP = ClipNetworkConfig(TRUNK, HEAD, emotions=3)
NOTHING: Mapping = MappingProxyType({})


def drawn(model):
    """`model` with random statistics and factors, unlike any initialization."""
    rng = np.random.default_rng(0)
    for path, variable in nnx.to_flat_state(nnx.state(model)):
        low, high = (0.5, 2.0) if path[-1] in ("var", "scale") else (-0.3, 0.3)
        values = jnp.float32(rng.uniform(low, high, variable[...].shape))
        keep = path[-1] == "kernel" or "factors" in path
        variable[...] = variable[...] * jnp.exp(values) if keep else values
        nnx.update(model, nnx.from_flat_state([(path, variable)]))
    return model


@pytest.fixture(scope="module")
def statics() -> dict[str, EmoNet]:
    """Static networks by the form of the kernels in their head."""
    heads = {"dense": {"rank": 0}, **{form: {"form": form} for form in ("cp", "tucker", "tt")}}
    heads["norm_relu"] = {"between": "norm_relu"}
    return {name: drawn(static_of(**head)) for name, head in heads.items()}


def static_of(seed: int = 0, **head) -> EmoNet:
    """A static network with these options of its head."""
    return EmoNet(EmoNetConfig(TRUNK, dataclasses.replace(HEAD, **head), emotions=3), rngs=nnx.Rngs(seed))


def grown(source: nnx.Module, rule: str = "present", head: Mapping = NOTHING, emotions: int = 3, **time) -> ClipNetwork:
    """The clip network with these time and head options and the weights of `source`."""
    changed = dataclasses.replace(source.config.head, **head)
    clip = ClipNetwork(ClipNetworkConfig(TRUNK, changed, ClipTimeConfig(**time), emotions=emotions), rngs=nnx.Rngs(7))
    transfer(source, clip, rule)
    return clip


def outputs(model: nnx.Module, images: jax.Array) -> np.ndarray:
    model = nnx.clone(model)
    model.eval()
    predictions = nnx.jit(lambda model, images: model(images))(model, images)
    return np.concatenate([predictions["valence_arousal"], predictions["emotion"]], axis=-1)


def clip_of(seed: int, frames: int, batch: int = 1) -> jax.Array:
    return jnp.float32(np.random.default_rng(seed).uniform(size=(batch, frames, 32, 32, 3)))


def said(model: nnx.Module, maps: jax.Array) -> np.ndarray:
    """Outputs of the head for given maps, without the trunk, whose compilation takes most of the time."""
    head = nnx.clone(model.head)
    head.eval()
    logits, affect = nnx.jit(lambda head, maps: head(maps))(head, maps)
    return np.concatenate([affect, logits], axis=-1)


def maps_of(seed: int, frames: int, batch: int = 1) -> jax.Array:
    return jnp.float32(np.random.default_rng(seed).normal(size=(batch, frames, 8, 8, 16)))


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * max(1, np.abs(expected).max()))


KEPT = {
    "cp": ("cp", {}),
    "cp, causal": ("cp", {"kernel": 2, "causal": True}),
    "cp, each block its own": ("cp", {"layers": (("head/blocks/0/convs/1", 5), "head")}),
    "tucker, causal": ("tucker", {"kernel": 4, "causal": True}),
    "tt": ("tt", {}),
    "dense": ("dense", {"form": "dense"}),
    "cp, a norm after the first 1x1": ("norm_relu", {}),
    "dense out of cp": ("cp", {"form": "dense", "causal": True}),
    "channelwise": ("cp", {"form": "channelwise"}),
    "no layer, only the average": ("dense", {"layers": ()}),
}


@pytest.mark.parametrize("case", KEPT)
def test_the_inflated_network_equals_the_static_one_on_every_frame(statics, case):
    form, options = KEPT[case]
    maps = maps_of(1, 4, batch=2)
    expected = said(statics[form], maps.reshape(8, 8, 8, 16)).reshape(2, 4, 5)
    assert np.std(expected, axis=1).min() > 1e-2  # the frames do differ
    assert_same(said(grown(statics[form], **options), maps), expected)


EVERYWHERE = {
    "dense": ("dense", {"form": "dense", "layers": ("all",)}),
    "channelwise, causal": ("tt", {"form": "channelwise", "layers": ("all",), "causal": True}),
    "parts of the trunk": ("cp", {"form": "dense", "layers": (("trunk/modules/0/hourglass", 5), "trunk/block_wide")}),
}


@pytest.mark.parametrize("case", EVERYWHERE)
def test_the_trunk_can_be_inflated_too(statics, case):
    form, options = EVERYWHERE[case]
    frames = clip_of(1, 4)
    assert_same(outputs(grown(statics[form], **options), frames)[0], outputs(statics[form], frames[0]))


def test_the_mean_rule_keeps_only_what_stands_still_and_not_the_ends(statics):
    clip = grown(statics["dense"], "mean", form="dense", pool=1)
    still = jnp.repeat(maps_of(1, 1), 9, axis=1)  # the convolutions reach three frames from the ends
    expected, found = said(statics["dense"], still[0]), said(clip, still)[0]
    assert_same(found[3:6], expected[3:6])
    assert np.abs(found[0] - expected[0]).max() > 1e-2
    moving = maps_of(2, 9)
    assert np.abs(said(clip, moving)[0] - said(statics["dense"], moving[0])).max() > 1e-2


def moved(clip: ClipNetwork) -> ClipNetwork:
    """A copy whose temporal weights are random, as if they had been trained."""
    clip = nnx.clone(clip)
    for path, variable in nnx.to_flat_state(nnx.state(clip, nnx.Param)):
        if any("time" in str(key) for key in path):
            noise = jnp.float32(np.random.default_rng(3).normal(size=variable[...].shape))
            nnx.update(clip, nnx.from_flat_state([(path, variable.replace(variable[...] + 0.1 * noise))]))
    return clip


LONGER = {
    "cp": ("cp", {}, {"kernel": 5, "pool": 11}),
    "cp, causal": ("cp", {"causal": True}, {"causal": True, "kernel": 4, "pool": 12}),
    "cp, causal to centered": ("cp", {"causal": True}, {"kernel": 7, "pool": 17}),
    "channelwise": ("dense", {"form": "channelwise"}, {"form": "channelwise", "kernel": 5}),
    "tt": ("tt", {}, {"kernel": 5}),
    "tucker": ("tucker", {}, {"kernel": 5}),
    "tucker, causal to centered": ("tucker", {"causal": True}, {"kernel": 7, "pool": 17}),
    "more layers": ("cp", {"layers": ("head/blocks/0/convs/2",)}, {"layers": ("head",)}),
}


@pytest.mark.parametrize("case", LONGER)
def test_kernels_grow_longer_without_a_change(statics, case):
    form, before, after = LONGER[case]
    clip = moved(grown(statics[form], **before))
    maps = maps_of(5, 6)
    assert np.abs(said(clip, maps)[0] - said(statics[form], maps[0])).max() > 1e-2
    assert_same(said(grown(clip, **after), maps), said(clip, maps))


@pytest.mark.parametrize("case", ["cp", "tucker", "tt", "dense", "channelwise"])
def test_time_that_was_added_can_be_taken_away(statics, case):
    form = "cp" if case in ("dense", "channelwise") else case
    options = {"form": case} if case != form else {}
    back = static_of(9, rank=0) if case == "dense" else static_of(9, form=form)
    transfer(grown(statics[form], **options), back)
    maps = maps_of(1, 3)[0]
    assert_same(said(back, maps), said(statics[form], maps))


REFUSED = {
    "dense to factorized": ("dense", {}, r"'head/blocks/0/convs/0' has a dense kernel.+launch\.factorize"),
    "of another form": ("cp", {"head": {"form": "tt"}}, r"'head/blocks/0/convs/0': its kernel is cp, expected tt"),
    "of another size": ("cp", {"emotions": 5}, r"'head/output/.+' has shape \(.*5,?\) in the source, \(.*7,?\)"),
    "with a norm inside": ("cp", {"form": "2plus1"}, "BatchNorm and ReLU between its kernels.+train it from scratch"),
    "a norm into a dense kernel": (
        "norm_relu",
        {"form": "dense"},
        "head.between norm_relu., no dense kernel is equivalent to it",
    ),
    "no such part": ("cp", {"layers": ("tail",)}, "there is no 3x3 convolution in 'tail'; choose among head/"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_inflated_is_refused(statics, case):
    form, options, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        grown(statics[form], **options)


def test_time_can_be_removed_from_a_layer_with_a_norm_inside(statics):
    back = static_of(9, between="norm_relu")
    transfer(grown(statics["norm_relu"], form="channelwise"), back)
    maps = maps_of(1, 3)[0]
    assert_same(said(back, maps), said(statics["norm_relu"], maps))


def test_a_spatial_and_a_temporal_kernel_cannot_be_extended_to_more_frames(statics):
    source = ClipNetwork(dataclasses.replace(CLIP, time=ClipTimeConfig(form="2plus1")), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match=r"time.form 2plus1 has \d+ channels between its kernels for 3 frames and \d+"):
        grown(source, form="2plus1", kernel=5)


def test_a_kernel_cannot_lose_frames(statics):
    with pytest.raises(ValueError, match="does not fit into one of 3 taps"):
        grown(grown(statics["cp"], kernel=5), kernel=3)
    with pytest.raises(ValueError, match="it spans 4 frames before and 4 after the present one; 1 and 1 are fewer"):
        grown(grown(statics["cp"]), pool=3)


@pytest.mark.slow
def test_recurrent_layers_start_without_effect_and_are_named_if_they_start_from_scratch(statics):
    gru = {"recurrent": "gru", "pool": 1, "layers": ()}
    maps, clip = {"recurrent": "conv_lstm"}, clip_of(5, 4)
    for options in (gru, maps, {}):
        new, names = made(statics["cp"], **options)
        assert names == []
        np.testing.assert_allclose(outputs(new, clip), outputs(statics["cp"], clip[0])[None], atol=1e-6)
    trained = drawn(made(statics["cp"], **gru)[0])
    again, names = made(trained, **gru)
    assert names == []
    np.testing.assert_array_equal(outputs(again, clip), outputs(trained, clip))
    assert made(trained, **gru, causal=True)[1] == ["head/time_features"]


def made(source: nnx.Module, **options) -> tuple[ClipNetwork, list[str]]:
    clip = ClipNetwork(dataclasses.replace(CLIP, time=ClipTimeConfig(**options)), rngs=nnx.Rngs(0))
    return clip, transfer(source, clip)


@pytest.mark.slow
def test_the_certificate_names_every_layer_and_both_precisions(statics):
    clips = {"noise": clip_of(7, 3), "other": clip_of(8, 3)}
    record = json.loads(json.dumps(compare_networks(statics["cp"], grown(statics["cp"]), clips)))
    kinds = [(check["clip"], check["frames"], check["dtype"]) for check in record["checks"]]
    assert kinds == [(name, n, dtype) for name, n in (("noise", 3), ("other", 3)) for dtype in ("float32", "bfloat16")]
    places = {"valence_arousal", "emotion"}
    places |= {f"head/blocks/0/convs/{conv}" for conv in range(3)}
    for check in record["checks"]:
        assert set(check["differences"]) == set(check["allowed"]) == places
        if check["dtype"] == "float32":
            assert set(check["allowed"].values()) == {1e-5}
    assert record["exact"] and record["largest_difference"] <= 1e-5
    assert len(describe(record)) == 4 and "noise clip of 3 frames, bfloat16: at most" in describe(record)[1]
    require_exact(record)


def test_float32_is_compared_at_full_precision_on_devices_that_would_round_the_factors_of_a_product():
    asked = []

    class Products(nnx.Module):
        config = EmoNetConfig(TRUNK, HEAD)

        def __init__(self):
            self.layer = Conv3x3(3, 2, rngs=nnx.Rngs(0))

        def __call__(self, images):
            asked.append(str(jax.make_jaxpr(lambda images: self.layer(images))(images)))
            return Predictions(valence_arousal=self.layer(images).mean((1, 2)))

    for dtype in ("float32", "bfloat16"):
        module.layer_outputs(Products(), clip_of(0, 2), [], dtype)
        assert ("Precision.HIGHEST" in asked[-1]) == (dtype == "float32") and "conv_general_dilated" in asked[-1]


def test_the_certificate_distinguishes_the_largest_difference_from_the_place_closest_to_its_limit(statics, monkeypatch):
    # by place: the static network in float32 and in bfloat16 (twice their distance is allowed), then the clip network
    values = {"wide": (1.0, 0.5, 0.75), "narrow": (1.0, 1 - 2**-6, 1 - 3 * 2**-6)}
    kind = lambda network, dtype: 0 if dtype == "float32" else 1 + isinstance(network, ClipNetwork)
    shown = lambda network, _, __, dtype: {name: np.float32([s[kind(network, dtype)]]) for name, s in values.items()}
    monkeypatch.setattr(module, "layer_outputs", shown)
    found = compare_networks(statics["cp"], grown(statics["cp"]), {"noise": clip_of(0, 2)})
    assert found["exact"] and (found["largest_difference"], found["largest_difference_bfloat16"]) == (0, 0.25)
    line = (
        "bfloat16: at most 2.50e-01 at any of 2 places; closest to its limit is narrow with 3.12e-02, where 3.1e-02 is"
    )
    assert line in describe(found)[1]


@pytest.mark.slow
@pytest.mark.parametrize("value", [1e-2, np.nan])
def test_the_certificate_is_rejected_if_other_frames_leak_in(statics, value):
    clip = grown(statics["cp"])
    time = clip.head.blocks[0].convs[2].factors["time"]
    time[...] = time[...].at[0].add(value)
    found = compare_networks(statics["cp"], clip, {"noise": clip_of(0, 4)})
    assert not found["largest_difference"] <= 1e-5
    first = found["checks"][0]["differences"]
    assert first["head/blocks/0/convs/1"] <= 1e-5 and not first["head/blocks/0/convs/2"] <= 1e-5  # where it starts
    with pytest.raises(InflationError, match=r"differs from the static one by .+ at '.+' \(float32, noise clip of 4"):
        require_exact(found)


@pytest.mark.slow
def test_a_leak_at_the_ends_of_the_clip_is_detected(statics):
    """Only frames near the ends reach the zero padding, so a centered average over zeros would show only there."""
    clip = grown(statics["cp"])
    clip.head.time_features.offsets[...] = jnp.float32([[1, 0, 0, 0, 0, 0, 0, 0, -1]] * 8).T
    still = jnp.repeat(clip_of(1, 1), 12, axis=1)
    assert compare_networks(statics["cp"], clip, {"still": still})["exact"]  # the average continues the clip's ends
    time = clip.head.blocks[0].convs[0].factors["time"]
    time[...] = time[...].at[0].add(0.5).at[1].add(-0.5)  # sums to one: only the ends differ
    with pytest.raises(InflationError):
        require_exact(compare_networks(statics["cp"], clip, {"still": still}))


def test_making_the_clip_network_leaves_the_static_one_alone(statics):
    before = jax.tree.map(np.asarray, nnx.state(statics["cp"]))
    clip = grown(statics["cp"])
    nnx.update(clip, jax.tree.map(lambda leaf: leaf + 1, nnx.state(clip)))
    jax.tree.map(np.testing.assert_array_equal, nnx.state(statics["cp"]), before)


@pytest.fixture(scope="module", params=[False, True], ids=["centered", "causal"])
def influence(request) -> tuple[ClipTimeConfig, np.ndarray]:
    """influence[t, s]: how much frame s changes output t, for a clip network with random time factors."""
    config = ClipTimeConfig(pool=3, causal=request.param)
    model = ClipNetwork(dataclasses.replace(CLIP, time=config), rngs=nnx.Rngs(2))
    offsets = model.head.time_features.offsets
    offsets[...] = jax.random.normal(jax.random.key(1), offsets.shape)
    frames = 12
    clip = clip_of(3, frames)
    changed = [clip.at[0, s].set(1 - clip[0, s]) for s in range(frames)]
    found = outputs(model, jnp.concatenate([*changed, clip]))
    difference = np.abs(found[:-1] - found[-1]).max(-1)
    return config, difference.T


def test_an_output_depends_on_the_frames_it_should(influence):
    config, moved = influence
    reach = 8 if config.causal else 4  # three convolutions of three frames, and three frames averaged
    for t, s in np.ndindex(moved.shape):
        within = 0 <= t - s <= reach if config.causal else abs(t - s) <= reach
        assert (moved[t, s] > 1e-7) == within, (t, s, moved[t, s])


@pytest.mark.parametrize("form", ["cp", "tt"])
def test_time_factors_receive_gradients_right_after_inflation(statics, form):
    head = grown(statics[form]).head
    head.eval()
    graphdef, params, rest = nnx.split(head, nnx.Param, ...)
    maps = maps_of(4, 4)
    slope = jax.jit(jax.grad(lambda p: jnp.square(nnx.merge(graphdef, p, rest)(maps)[1]).sum()))(params)
    times = [np.asarray(leaf[...]) for path, leaf in nnx.to_flat_state(slope) if path[-1] == "time"]
    assert len(times) == 3
    assert all(np.abs(time).reshape(len(time), -1).max(1).min() > 0 for time in times)  # every tap of every layer
