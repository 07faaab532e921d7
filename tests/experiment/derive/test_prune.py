"""Components out of trained networks: equal outputs where nothing counted, and what is said where something did."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.experiment import restore
from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import growth, inflate, prune, write
from affect_jax.experiment.derive.inflated_config import InflationConfig
from affect_jax.experiment.derive.prune import prune_run
from affect_jax.experiment.network import make_builder, make_network
from affect_jax.experiment.refuse import check_network, check_start, check_trainable
from affect_jax.experiment.run import Run
from affect_jax.nn.network import Network, names, with_names

pytestmark = pytest.mark.slow  # whole runs

LAYER = "head/blocks/0/convs/"
GONE = {0: (1, 3), 1: (), 2: (0, 1, 2, 3)}  # of the 4 components of each layer; of the last one has to stay
KEPT = {0: 2, 1: 4, 2: 1}
CHANNELS = {0: 8 + 4, 1: 4 + 2, 2: 2 + 2}  # of inputs and outputs


def drawn_run(config, workdir):
    """A run whose numbers are those of no initialization, in which some components have scale 0."""
    network = Network(make_builder(options.parse(config)))
    arrays, rng = names(network.initial(jax.random.key(0))), np.random.default_rng(0)
    for name, array in arrays.items():
        if name.startswith("head/") and name.endswith(("/var", "/mean", "/bias")):
            arrays[name] = jnp.float32(rng.uniform(0.5, 2.0, array.shape))
    for layer, gone in GONE.items():
        scale = np.float32(rng.uniform(0.5, 2.0, 4) * rng.choice([-1, 1], 4))
        scale[list(gone)] = 0
        arrays[f"{LAYER}{layer}/factors/scale"] = jnp.asarray(scale)
    write.write_run(workdir, config, network, with_names(network.abstract, arrays), {})
    return workdir


@pytest.fixture(scope="module")
def sparse(miniature, tmp_path_factory):
    """Workdir of a static network with components of size 0."""
    root = tmp_path_factory.mktemp("sparse")
    return drawn_run(miniature(root), root / "static")


@pytest.fixture
def unmeasured(monkeypatch):
    """What changes is not measured, because compiling two networks for it takes most of the time."""
    monkeypatch.setattr(prune, "changes", lambda *_: {"largest_difference": 0.0})
    monkeypatch.setattr(prune, "log", lambda _: None)


def outputs(workdir, images) -> np.ndarray:
    _, network, variables, _ = restore.restore_run(workdir)
    found = jax.jit(network.predict)(variables, images)
    return np.concatenate([found["valence_arousal"], found["emotion"]], axis=-1)


def assert_smaller(workdir, found, taps):
    assert found == json.loads((workdir / "pruning.json").read_text())
    assert {int(name[-1]): layer["kept"] for name, layer in found["layers"].items()} == KEPT
    assert all(layer["of"] == 4 for layer in found["layers"].values())
    saved = sum((4 - KEPT[layer]) * (taps + CHANNELS[layer] + 1) for layer in KEPT)
    assert found["parameters"]["before"] - found["parameters"]["after"] == saved
    stored = sum(array.size for array in names(restore.restore_run(workdir)[2].trained).values())
    assert stored == found["parameters"]["after"]
    assert found["flops/frame"]["after"] < found["flops/frame"]["before"]


def test_without_components_of_size_0_a_static_network_is_smaller_and_equal(sparse, tmp_path):
    found = prune_run(sparse, tmp_path / "V", 0.0)
    assert found["largest_difference"] <= 1e-5
    assert_smaller(tmp_path / "V", found, 3 + 3)
    images = jnp.float32(np.random.default_rng(1).random((2, 32, 32, 3)))
    expected = outputs(sparse, images)
    np.testing.assert_allclose(
        outputs(tmp_path / "V", images), expected, rtol=0, atol=1e-5 * max(1, np.abs(expected).max())
    )
    assert claim.read_config(tmp_path / "V")["model"]["head"]["rank"] in KEPT.values()
    assert prune_run(sparse, tmp_path / "V", 0.0) == found


@pytest.mark.parametrize(("rule", "taps"), [("factorized", 3 + 3 + 3), ("channelwise", 3 + 3)])
def test_a_clip_network_keeps_its_factors_of_time(sparse, tmp_path, rule, taps, monkeypatch):
    monkeypatch.setattr(growth, "compare_networks", lambda *_: {"exact": True, "largest_difference": 0.0, "checks": []})
    wanted = InflationConfig(rule=rule, time_kernel=3, time_pool=3, frames=4)
    inflate.inflate_run(sparse, tmp_path / "clip", wanted)
    found = prune_run(tmp_path / "clip", tmp_path / "V", 0.0)
    assert found["largest_difference"] <= 1e-5
    assert_smaller(tmp_path / "V", found, taps)


def test_a_threshold_is_relative_to_the_largest_component(sparse, tmp_path, unmeasured):
    arrays = names(restore.restore_run(sparse)[2])
    sizes = {}
    for layer in KEPT:
        part = {
            name: np.float64(arrays[f"{LAYER}{layer}/factors/{name}"])
            for name in ("scale", "height", "width", "inputs", "outputs")
        }
        sizes[layer] = np.abs(part.pop("scale")) * np.prod([np.linalg.norm(one, axis=0) for one in part.values()], 0)
    found = prune_run(sparse, tmp_path / "V", 0.7)
    expected = {layer: max(1, int((size > 0.7 * size.max()).sum())) for layer, size in sizes.items()}
    assert {int(name[-1]): layer["kept"] for name, layer in found["layers"].items()} == expected
    assert sum(expected.values()) < sum(KEPT.values())


def test_layers_with_a_norm_after_their_first_1x1_take_it_with_them(miniature, tmp_path, unmeasured):
    source = drawn_run(miniature(tmp_path, between="norm_relu"), tmp_path / "W")
    prune_run(source, tmp_path / "V", 0.0)
    norms = ("norm/scale", "norm/bias", "norm/mean", "norm/var", "factors/height")
    before, after = (names(restore.restore_run(run)[2]) for run in (source, tmp_path / "V"))
    stay = [place for place in range(4) if place not in GONE[0]]
    for name in norms:
        np.testing.assert_array_equal(after[f"{LAYER}0/{name}"], before[f"{LAYER}0/{name}"][..., jnp.array(stay)])


def test_outputs_that_move_without_a_reason_stop_it_and_nothing_is_written(sparse, tmp_path, monkeypatch):
    monkeypatch.setattr(prune, "changes", lambda *_: {"largest_difference": float("nan")})
    with pytest.raises(
        ValueError,
        match=r"removing components of size 0 changes the outputs of .* by nan, more than 1e-05; nothing was",
    ):
        prune_run(sparse, tmp_path / "V", 0.0)
    assert not (tmp_path / "V").exists()


def test_networks_without_components_are_refused(miniature, tmp_path):
    for number, sizes in enumerate(({"rank": 0}, {"form": "tt"})):
        config = miniature(tmp_path, **sizes)
        network = make_network(options.parse(config))
        write.write_run(tmp_path / f"{number}", config, network, network.initial(jax.random.key(0)), {})
        with pytest.raises(UsageError, match="holds no factorized convolutions of form cp, whose components could be"):
            prune_run(tmp_path / f"{number}", tmp_path / "V", 0.1)


def test_what_was_pruned_is_trained_on_by_copy_with_its_own_ranks(sparse, tmp_path, unmeasured):
    prune_run(sparse, tmp_path / "V", 0.0)
    run = claim.read_options(tmp_path / "V")
    with pytest.raises(UsageError, match=r"network pruned from .*; to train it further, .*rule=copy"):
        check_trainable(Run(run, tmp_path))
    run = dataclasses.replace(run, initialize=options.InitializeConfig("copy", str(tmp_path / "V")))
    check_trainable(Run(run, tmp_path))
    check_network(Run(run, tmp_path))
    check_start(Run(run, tmp_path))
