"""Damaged checkpoints of ours: the weights that were saved, or one sentence that names the folder."""

import pathlib

import jax
import numpy as np
import pytest
from flax import nnx
from hypothesis import strategies as st
from mutations import PROFILES, damaged_bytes, for_all, outcome

from affect_jax.nn.network import Network, names
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.optimizer import OptimizerConfig, make_optimizer
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state
from affect_jax.types import TaskVariables

pytestmark = pytest.mark.slow


class Small(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.output = nnx.Linear(12, 4, rngs=rngs)


@PROFILES
def test_a_damaged_checkpoint_is_read_as_it_was_or_named(profile, tmp_path):
    network = Network(lambda rngs: Small(rngs=rngs))
    variables = network.initial(jax.random.key(0))
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(create_state(network, make_optimizer(OptimizerConfig(), 10), variables, TaskVariables()), {})
    checkpoints.close()
    files = [path for path in sorted((tmp_path / "checkpoints" / "0" / "network").rglob("*")) if path.is_file()]
    whole = {path: path.read_bytes() for path in files}

    def read():
        found = Checkpoints(tmp_path)
        try:
            return names(found.restore_variables(network, Placement.single()))
        finally:
            found.close()

    def check(case: tuple[pathlib.Path, bytes]) -> None:
        path, data = case
        path.write_bytes(data)
        arrays = outcome(read, str(tmp_path / "checkpoints"))
        path.write_bytes(whole[path])
        if arrays is not None:
            for name, array in names(variables).items():
                np.testing.assert_array_equal(arrays[name], array)

    check((files[0], whole[files[0]]))
    for_all(profile, st.one_of([st.tuples(st.just(path), damaged_bytes(whole[path])) for path in files]), check)
