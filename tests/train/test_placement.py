"""Placement: axes that use the available devices, rules that fit, and a network sharded over a second axis."""

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
TWO_BY_FOUR = MeshConfig(axes=(("data", 2), ("model", -1)), rules=((KERNEL, (None, None, None, "model")), (".*", ())))


def test_only_one_file_makes_a_mesh():
    makers = set()
    for folder in ("affect_jax", "launch", "configs"):
        for path in (ROOT / folder).rglob("*.py"):
            if re.search(r"jax\.sharding|make_mesh|mesh_utils", path.read_text()):
                makers.add(str(path.relative_to(ROOT)))
    assert makers == {"affect_jax/train/placement.py"}


def test_by_default_all_devices_split_the_batch_and_every_parameter_is_whole():
    placement = Placement.of(MeshConfig())
    assert dict(placement.mesh.shape) == {"data": 8} and placement.data_shards == 8
    assert placement.shardings({"kernel": np.zeros(3)})["kernel"].spec == P()
    assert Placement.single().mesh.size == 1


def test_one_axis_takes_the_devices_that_remain():
    sizes = lambda config, count: tuple(Placement.of(config, jax.devices()[:count]).mesh.shape.values())
    assert sizes(TWO_BY_FOUR, 8) == (2, 4) and sizes(TWO_BY_FOUR, 2) == (2, 1)
    assert sizes(MeshConfig(axes=(("model", 2), ("data", 3))), 6) == (2, 3)


@pytest.mark.parametrize(
    "axes, wanted", [((("data", 2), ("model", 2)), "4"), ((("data", -1), ("model", 3)), "a multiple of 3")]
)
def test_axes_that_do_not_take_the_devices_there_are_refused(axes, wanted):
    with pytest.raises(ValueError, match=rf"needs {wanted} devices, but there are 8; choose sizes whose product is 8"):
        Placement.of(MeshConfig(axes=axes))


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
        Placement.of(TWO_BY_FOUR).spread(next(batches(5)))


@pytest.mark.parametrize(
    "rules, message",
    [
        ((("bias", ()),), r"no sharding rule matches parameter 'head/kernel'; add one to mesh.rules or end with \("),
        (
            ((".*", (None, None, "model")),),
            r"'\.\*' gives axes for 3 dimensions, but 'head/kernel' has shape \(6, 8\); narrow the pattern",
        ),
        (
            ((".*kernel", ("model",)),),
            r"splits dimension 0 of 'head/kernel', of shape \(6, 8\), over the 4 devices of 'model'",
        ),
        (
            (("hed/.*", (None, "model")), (".*", ())),
            r"'hed/\.\*' matches no parameter; paths look like \['head/kernel'\]",
        ),
    ],
)
def test_rules_that_do_not_fit_the_parameters_are_refused(rules, message):
    placement = Placement.of(MeshConfig(axes=TWO_BY_FOUR.axes, rules=rules))
    with pytest.raises(ValueError, match=message):
        placement.check({"head": {"kernel": np.zeros((6, 8))}})


def test_the_first_rule_that_matches_counts_and_what_has_no_name_is_replicated():
    rules = (("head/kernel", (None, "model")), (".*/kernel", ("model",)), (".*", ()))
    placement = Placement.of(MeshConfig(axes=TWO_BY_FOUR.axes, rules=rules))
    tree = {"head": {"kernel": np.zeros((6, 8)), "bias": np.zeros(8)}, "trunk": {"kernel": np.zeros((4, 3))}}
    specs = jax.tree.map(lambda place: place.spec, placement.shardings((jnp.int32(0), tree)))
    assert specs == (P(), {"head": {"kernel": P(None, "model"), "bias": P()}, "trunk": {"kernel": P("model")}})
    assert jax.tree.map(lambda place: place.spec, placement.replicated().shardings(tree))["head"]["kernel"] == P()


class Run:
    """Four steps of a network on a placement, with an optimizer that keeps moments."""

    def __init__(self, placement, tiny, task, batches):
        self.placement, self.task, self.data = placement, task, batches()
        self.network, self.optimizer = Network(lambda rngs: tiny(rngs=rngs)), optax.sgd(0.1, momentum=0.9)
        state = create_state(self.network, self.optimizer, self.network.initial(jax.random.key(0)), averaged=True)
        self.state = placement.put(state)

    def go(self, steps=4):
        made = make_train_step(Objective(self.network, self.task), self.optimizer, jax.random.key(1), 0.9)
        step, losses, lengths = compile_step(made, self.state, self.placement), [], []
        for _ in range(steps):
            self.state, terms = step(self.state, self.placement.spread(next(self.data)))
            losses.append(float(terms["loss"]))
            lengths.append(float(terms["gradient_norm"]))
        return losses, lengths


def arrays_of(state):
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(state)}


def test_a_kernel_split_over_a_second_axis_trains_as_a_whole_one(tiny, regression, batches):
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
    # the kernel, its momentum and its average: each device holds one of the four output channels
    assert len(parts) == 3 and set(parts.values()) == {(3, 3, 3, 1)}, parts


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
