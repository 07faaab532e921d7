"""Costs of a run: its network's, for a clip of its length."""

from affect_jax.experiment.config.options import as_dict, parse
from affect_jax.experiment.costs import network_costs
from configs import base


def test_of_a_run_the_clip_network_has_its_time_factors_more_and_a_frame_costs_about_as_much(miniature, tmp_path):
    config = miniature(tmp_path)
    image = network_costs(parse(as_dict(config)))
    sizes = {name: part for name, part in as_dict(config.model).items() if name in ("trunk", "head")}
    config.model = base.model("clip", **sizes, time={"kernel": 3, "pool": 5})
    config.data.update(frames=4, hop=2)
    clip = network_costs(parse(as_dict(config)))
    # 3 convolutions with 3 taps of time for each of 4 components, and 5 weights of each of the 8 pooled channels
    assert clip["parameters"] - image["parameters"] == 3 * 3 * 4 + 5 * 8
    assert 1 < clip["flops/frame"] / image["flops/frame"] < 1.1
