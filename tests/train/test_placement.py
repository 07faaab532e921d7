"""Placement: axes that use the available devices, rules that fit, and a network split over a second axis."""

import pathlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import PartitionSpec as P

from affect_jax.nn.network import Network, names
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.objective import Objective
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state
from affect_jax.train.step import compile_step, make_train_step

ROOT = pathlib.Path(__file__).parents[2]
KERNEL = "trunk/layers/0/kernel"  # 3 x 3 x 3 x 4
TWO_BY_FOUR = MeshConfig(data=2, fsdp=-1)


def test_only_one_file_makes_a_mesh():
    makers = set()
    for folder in ("affect_jax", "launch", "configs"):
        for path in (ROOT / folder).rglob("*.py"):
            if re.search(r"jax\.sharding|make_mesh|mesh_utils", path.read_text()):
                makers.add(str(path.relative_to(ROOT)))
    assert makers == {"affect_jax/train/placement.py"}


def test_by_default_all_devices_split_the_batch_and_every_parameter_is_whole():
    placement = Placement.of(MeshConfig())
    assert dict(placement.mesh.shape) == {"data": 8, "fsdp": 1, "time": 1} and placement.data_shards == 8
    assert placement.shardings({"kernel": np.zeros((3, 8))})["kernel"].spec == P()
    assert Placement.single().mesh.size == 1


def test_one_axis_takes_the_devices_that_remain():
    sizes = lambda config, count: tuple(Placement.of(config, jax.devices()[:count]).mesh.shape.values())
    assert sizes(TWO_BY_FOUR, 8) == (2, 4, 1) and sizes(TWO_BY_FOUR, 2) == (2, 1, 1)
    assert sizes(MeshConfig(3, 1, 2), 6) == (3, 1, 2) and sizes(MeshConfig(1, 2, -1), 8) == (1, 2, 4)


@pytest.mark.parametrize(
    "config, wanted",
    [(MeshConfig(2, 2, 1), "mesh.data=2, mesh.fsdp=2, mesh.time=1 needs 4"), (MeshConfig(fsdp=3), "a multiple of 3")],
)
def test_sizes_that_do_not_take_the_devices_there_are_refused(config, wanted):
    with pytest.raises(ValueError, match=rf"{wanted} devices, but there are 8; choose sizes whose product is 8, or -1"):
        Placement.of(config)


def test_images_travel_as_bytes_and_are_floats_in_the_unit_range_on_the_devices():
    levels = np.arange(256, dtype=np.uint8).reshape(8, 2, 16)
    placed = Placement.of(MeshConfig()).spread({"images": levels, "index": np.arange(8)})
    assert placed["images"].dtype == np.float32 and len(placed["images"].devices()) == 8
    assert placed["images"].sharding == placed["index"].sharding
    np.testing.assert_array_equal(placed["images"], np.multiply(levels, np.float32(1 / 255), dtype=np.float32))
    np.testing.assert_array_equal(placed["index"], np.arange(8))


@pytest.mark.parametrize("batch_size, devices", [(16, 8), (12, 4), (3, 1)])
def test_for_inference_as_many_devices_are_used_as_divide_the_batch(batch_size, devices):
    placement = Placement.for_batches(batch_size)
    assert placement.data_shards == devices == len(placement.spread({"a": np.zeros((batch_size, 2))})["a"].devices())


def test_a_batch_that_does_not_divide_is_refused(batches):
    with pytest.raises(ValueError, match="a batch of 12 is not divisible by 8 devices; change config.batch_size"):
        Placement.of(MeshConfig()).spread(next(batches(12)))
    with pytest.raises(ValueError, match="a batch of 5 is not divisible by 2 devices; change config.batch_size"):
        Placement.of(MeshConfig(1, 2), jax.devices()[:2]).spread(next(batches(5)))


def test_clips_are_split_along_the_batch_and_along_time():
    placement = Placement.of(MeshConfig(1, 2, 4))
    clips = np.arange(4 * 8 * 3, dtype=np.float32).reshape(4, 8, 3)
    placed = placement.spread({"clips": clips, "weight": clips[..., 0]})
    assert (placement.data_shards, placement.time_shards) == (2, 4)
    for shard in placed["clips"].addressable_shards:
        assert shard.data.shape == (2, 2, 3)
        np.testing.assert_array_equal(shard.data, clips[shard.index])
    assert placed["weight"].sharding.is_equivalent_to(placed["clips"].sharding, 2)


@pytest.mark.parametrize("shape", [(4,), (4, 6, 3)])
def test_arrays_whose_frames_cannot_be_shared_are_refused(shape):
    message = (
        r"an array of shape \(4,.*\) has no axis of frames that 4 devices can share; change data.frames or mesh.time"
    )
    with pytest.raises(ValueError, match=message):
        Placement.of(MeshConfig(1, 2, 4)).spread(np.zeros(shape, np.float32))


HEAD = {"head": {"kernel": np.zeros((6, 8))}}


@pytest.mark.parametrize(
    "rules, message",
    [
        (
            (("bias", "whole"),),
            r"no rule of mesh.rules matches parameter 'head/kernel'; add one, or end with \('\.\*', 'largest'\)",
        ),
        (((".*", 2),), r"'\.\*' splits dimension 2 of 'head/kernel', of shape \(6, 8\), over 4 devices of fsdp, which"),
        (((".*kernel", 0),), r"splits dimension 0 of 'head/kernel', of shape \(6, 8\), .* choose another dimension or"),
        ((("hed/.*", 1), (".*", "largest")), r"'hed/\.\*' matches no parameter; paths look like \['head/kernel'\]"),
        (((".*", "whole"),), "mesh.fsdp is 4, but mesh.rules split no parameter over these devices: choose a number"),
    ],
)
def test_rules_that_do_not_fit_the_parameters_are_refused(rules, message):
    placement = Placement.of(MeshConfig(2, 4, rules=rules))
    with pytest.raises(ValueError, match=message):
        placement.check(HEAD)
    Placement.of(MeshConfig(2, 4)).check(HEAD)


def test_the_first_rule_that_matches_counts_and_what_has_no_name_is_whole():
    placement = Placement.of(MeshConfig(2, 4, rules=(("head/kernel", 1), ("stem/.*", "whole"), (".*", "largest"))))
    tree = {
        "head": {"kernel": np.zeros((8, 4)), "bias": np.zeros(8)},
        "stem": {"kernel": np.zeros((8, 8))},
        "trunk": {"kernel": np.zeros((3, 3, 8, 16)), "odd": np.zeros((3, 5))},
    }
    specs = jax.tree.map(lambda place: place.spec, placement.shardings((jnp.int32(0), tree)))
    assert specs == (
        P(),
        {
            "head": {"kernel": P(None, "fsdp"), "bias": P()},
            "stem": {"kernel": P()},
            "trunk": {"kernel": P(None, None, None, "fsdp"), "odd": P()},
        },
    )
    assert jax.tree.map(lambda place: place.spec, placement.replicated().shardings(tree))["head"]["kernel"] == P()


class Run:
    """Four steps of a network on a placement, with an optimizer that keeps moments."""

    def __init__(self, placement, tiny, task, batches):
        self.placement, self.task, self.data = placement, task, batches()
        self.network, self.optimizer = Network(lambda rngs: tiny(rngs=rngs)), optax.sgd(0.1, momentum=0.9)
        state = create_state(self.network, self.optimizer, self.network.initial(jax.random.key(0)), averaged=True)
        self.state = placement.put(state)

    def go(self, steps=4):
        objective = Objective(self.network, self.task, gather=self.placement.gather)
        made = make_train_step(objective, self.optimizer, jax.random.key(1), 0.9)
        step, losses, lengths = compile_step(made, self.state, self.placement), [], []
        for _ in range(steps):
            self.state, terms = step(self.state, self.placement.spread(next(self.data)))
            losses.append(float(terms["loss"]))
            lengths.append(float(terms["gradient_norm"]))
        return losses, lengths


def arrays_of(state):
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(state)}


def test_a_network_split_over_a_second_axis_trains_as_a_whole_one(tiny, regression, batches):
    whole = Run(Placement.single(), tiny, regression, batches)
    split = Run(Placement.of(TWO_BY_FOUR), tiny, regression, batches)
    for one, other in zip(whole.go(), split.go(), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5)
    expected = arrays_of(whole.state)
    parts = {}
    for path, array in arrays_of(split.state).items():
        np.testing.assert_allclose(array, expected[path], rtol=1e-4, atol=1e-6, err_msg=path)
        if not array.sharding.is_fully_replicated:
            parts[path] = array.addressable_shards[0].data.shape
    # two kernels, their momentum and their average: each device holds a quarter
    assert len(parts) == 6 and set(parts.values()) == {(3, 3, 3, 1), (1, 2)}, parts


def test_a_checkpoint_of_a_split_network_goes_on_bit_for_bit_and_opens_on_one_device(
    tmp_path, tiny, regression, batches
):
    run = Run(Placement.of(TWO_BY_FOUR), tiny, regression, batches)
    run.go()
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(run.state, run.data.get_state())
    checkpoints.close()

    again = Run(Placement.of(TWO_BY_FOUR), tiny, regression, batches)
    again.state, place = Checkpoints(tmp_path).restore(jax.eval_shape(lambda: again.state), again.placement)
    again.data.set_state(place)
    for path, array in arrays_of(again.state).items():
        assert array.sharding == arrays_of(run.state)[path].sharding, path
    assert again.go(2) == run.go(2)
    for path, array in arrays_of(run.state).items():
        np.testing.assert_array_equal(arrays_of(again.state)[path], array, err_msg=path)

    alone = names(Checkpoints(tmp_path).restore_variables(run.network, Placement.single()))
    assert alone[KERNEL].sharding.num_devices == 1
