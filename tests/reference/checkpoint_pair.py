"""The checkpoints of a network with eight weights at steps 1, which is the best, and 2, and damage to their files."""

import pathlib

import jax
import optax
from flax import nnx

from affect_jax.nn.network import Network
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.state import TrainState, create_state

NETWORK = Network(lambda rngs: nnx.Linear(3, 2, rngs=rngs))
STATE = create_state(NETWORK, optax.adam(0.1), NETWORK.initial(jax.random.key(0)))


def state_of(step: int) -> TrainState:
    """The state that is saved at a step."""
    return jax.tree.map(lambda leaf: leaf + step, STATE)


def save_pair(workdir: pathlib.Path) -> None:
    """Saves both checkpoints."""
    checkpoints = Checkpoints(workdir, "score")
    for step in (1, 2):
        checkpoints.save(state_of(step), {"epoch": step}, {"score": -float(step)}, {"steps": step})
    checkpoints.close()


def change_byte(path: pathlib.Path, place: float = 0.5) -> None:
    """Changes a bit of a file, at `place` of its length; an empty file becomes a byte long."""
    data = bytearray(path.read_bytes()) or bytearray(1)
    data[int(place * (len(data) - 1))] ^= 1
    path.write_bytes(data)
