"""What a network that gains or loses time takes over from the one before, option by option."""

import json

import pytest

from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive.inflated_config import InflationConfig, inflate_config
from configs import quickstart


@pytest.fixture
def static(tmp_path):
    return written(tmp_path / "static", options.as_dict(quickstart.get_config("static")))


def written(folder, config):
    claim.claim(folder, config)
    return folder


def time_of(config):
    time = config["model"]["time"]
    data = {name: config["data"][name] for name in ("frames", "hop")}
    return {**time, "layers": tuple(time["layers"]), **data}


GIVEN = InflationConfig("channelwise", ("all",), 4, 1, "gru", "flat", 6, True, 48)
TIME = {
    "form": "channelwise",
    "layers": ("all",),
    "kernel": 4,
    "pool": 1,
    "recurrent": "gru",
    "output_average": "flat",
    "output_frames": 6,
    "causal": True,
    "frames": 48,
    "hop": 0,
}
FIRST = {
    "form": "factorized",
    "layers": ("head",),
    "kernel": 3,
    "pool": 9,
    "recurrent": "",
    "output_average": "",
    "output_frames": 0,
    "causal": False,
    "frames": 16,
    "hop": 0,
}


def test_a_static_network_gets_what_is_given_and_else_what_comes_first(static):
    assert time_of(inflate_config(static, GIVEN)) == TIME
    assert time_of(inflate_config(static, InflationConfig())) == FIRST


def test_a_network_over_time_keeps_what_is_not_given(static, tmp_path):
    config = inflate_config(static, GIVEN)
    config["data"]["hop"] = 24
    clip = written(tmp_path / "clip", config)
    assert time_of(inflate_config(clip, InflationConfig())) == {**TIME, "hop": 24}
    assert time_of(inflate_config(clip, InflationConfig(time_kernel=6))) == {**TIME, "kernel": 6, "hop": 24}
    assert time_of(inflate_config(clip, InflationConfig(recurrent="", output_average=""))) == {
        **TIME,
        "recurrent": "",
        "output_average": "",
        "output_frames": 0,
        "hop": 24,
    }
    warm = {**TIME, "output_average": "warm", "output_frames": 0, "hop": 24}
    assert time_of(inflate_config(clip, InflationConfig(output_average="warm"))) == warm
    shorter = inflate_config(clip, InflationConfig(frames=16))
    assert time_of(shorter) == {**TIME, "frames": 16, "hop": 0}  # a hop of 24 does not fit 16 frames
    options.parse(shorter)


def test_patterns_of_parts_do_not_outlive_the_parts(static):
    config = json.loads((static / "config.json").read_text())
    config |= {"frozen": "trunk/.*", "fixed_statistics": "trunk/.*"}
    kernels = "head/blocks/0/convs/./kernel"  # channelwise it is .../convs/./space/kernel
    config["optimizer"]["learning_rate_multipliers"] = [[kernels, 0.1]]
    (static / "config.json").write_text(json.dumps(config))
    for growth in (InflationConfig(rule="channelwise"), InflationConfig(rule="i3d")):
        made = inflate_config(static, growth)
        assert (made["frozen"], made["fixed_statistics"], made["optimizer"]["learning_rate_multipliers"]) == (
            "",
            "",
            (),
        )


def test_a_trunk_alone_grows_in_the_form_that_its_kernels_can_take(tmp_path):
    trunk = written(tmp_path / "landmarks", options.as_dict(quickstart.get_config("landmarks")))
    model = inflate_config(trunk, InflationConfig())["model"]
    time = {"form": "channelwise", "layers": ("trunk",), "kernel": 3, "causal": False}
    assert (model["name"], model["time"]) == ("landmark_clip", time)
    with pytest.raises(UsageError, match="--recurrent=gru has no effect on this network$"):
        inflate_config(trunk, InflationConfig(recurrent="gru"))
    with pytest.raises(UsageError, match="already holds a static network 'landmarks'"):
        inflate_config(trunk, InflationConfig(rule="static"))


def test_the_axes_of_the_mesh_stay_and_rules_for_the_parameters_that_were_there_go(static):
    config = options.as_dict(quickstart.get_config("static"))
    config["mesh"] = {"data": -1, "fsdp": 2, "time": 1, "rules": (("head/.*", 0), (".*", "largest"))}
    (static / "config.json").unlink()
    mesh = options.parse(inflate_config(written(static, config), InflationConfig())).mesh
    assert (mesh.data, mesh.fsdp, mesh.rules) == (-1, 2, ((".*", "largest"),))


def test_frames_of_layers_that_are_not_temporal_are_refused(static):
    with pytest.raises(UsageError, match="--time_kernel=5 has no effect: no layer is temporal"):
        inflate_config(static, InflationConfig(layers=(), time_kernel=5))
    assert time_of(inflate_config(static, InflationConfig(layers=(), time_pool=5)))["layers"] == ()
