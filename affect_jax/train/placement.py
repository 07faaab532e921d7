"""Placement of arrays on devices: the mesh, how each parameter is split, and batches split over the mesh.

Meshes are created only in this file, and passed on as a `Placement`.
"""

import dataclasses
import itertools
import math
import re
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jax.tree_util import DictKey

from affect_jax.nn.network import path_name
from affect_jax.ops.image import unit_range
from affect_jax.train.mesh_config import AXES, DATA, FSDP, LARGEST, TIME, WHOLE, MeshConfig, axis_sizes

# A program of its own: fused into the network, the product could be rounded differently.
_on_device_unit_range = jax.jit(unit_range)


@dataclasses.dataclass(frozen=True)
class Placement:
    """A mesh of devices, and how each parameter is split over its axis `fsdp`.

    `rules` are pairs of a pattern for whole parameter paths and what is split (see `MeshConfig`); the first that
    matches applies.
    """

    mesh: Mesh
    rules: tuple[tuple[re.Pattern, str | int], ...]

    @classmethod
    def of(cls, config: MeshConfig, devices: Sequence[jax.Device] | None = None) -> "Placement":
        """The placement on `devices` (by default, all); ValueError if the axes do not use exactly these."""
        devices = jax.devices() if devices is None else devices
        # With explicit axes, the default, convolutions raise ShardingTypeError.
        types = (AxisType.Auto,) * len(AXES)
        mesh = jax.make_mesh(axis_sizes(config, len(devices)), AXES, axis_types=types, devices=devices)
        return cls(mesh, tuple((re.compile(pattern), split) for pattern, split in config.rules))

    @classmethod
    def single(cls) -> "Placement":
        """Everything on one device of this process, for inference."""
        return cls.of(MeshConfig(), jax.local_devices()[:1])

    @classmethod
    def for_batches(cls, batch_size: int) -> "Placement":
        """Batches split over as many devices as divide the batch size, with whole parameters, for inference."""
        return cls.of(MeshConfig(), jax.devices()[: math.gcd(batch_size, jax.device_count())])

    def replicated(self) -> "Placement":
        """The same mesh with all parameters whole, for a network that the rules were not written for."""
        return dataclasses.replace(self, rules=((re.compile(".*"), WHOLE),))

    @property
    def data_shards(self) -> int:
        """Number of parts that a batch is split into."""
        return self.mesh.shape[DATA] * self.mesh.shape[FSDP]

    @property
    def time_shards(self) -> int:
        """Number of parts that each clip is split into."""
        return self.mesh.shape[TIME]

    @property
    def split(self) -> tuple[int, int]:
        """Both of these, as networks know them (`nn.execution.Execution`)."""
        return self.data_shards, self.time_shards

    def shardings(self, tree: Any) -> Any:
        """A tree like `tree` with the NamedSharding of each leaf; ValueError names a parameter that does not fit.

        The name of a leaf is its path in the innermost dicts, so that the optimizer's moments are split like their
        parameters. Leaves without a name, such as the step or the memory of a task, are whole.
        """

        def pick(path: tuple, leaf: Any) -> NamedSharding:
            name = _parameter_name(path)
            return NamedSharding(self.mesh, self._partition(name, leaf.shape) if name else PartitionSpec())

        return jax.tree_util.tree_map_with_path(pick, tree)

    def targets(self, tree: Any) -> Any:
        """Shapes, dtypes and shardings of `tree`, as needed to restore a checkpoint."""
        target = lambda leaf, place: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place)
        return jax.tree.map(target, tree, self.shardings(tree))

    def put(self, tree: Any) -> Any:
        """Puts `tree`, which all processes pass alike, on the devices."""
        if jax.process_count() == 1:
            return jax.device_put(tree, self.shardings(tree))
        # device_put would refuse restored arrays, and compare all others in a program for each shape.
        hosted = lambda leaf, place: jax.make_array_from_callback(leaf.shape, place, np.asarray(leaf).__getitem__)
        return jax.tree.map(hosted, tree, self.shardings(tree))

    def gather(self, tree: Any) -> Any:
        """In a program: the arrays of `tree`, whole on each device; so are the gradients that flow back through it.

        A network is computed with whole parameters only. Left to choose, XLA's partitioner exchanges activations
        instead, and for some layouts its gradients were wrong: docs/decisions/mesh.md.
        """
        if self.mesh.shape[FSDP] == 1:
            return tree
        return jax.lax.with_sharding_constraint(tree, NamedSharding(self.mesh, PartitionSpec()))

    def spread(self, batch: Any) -> Any:
        """Splits a batch of host arrays along its first axis; each process passes its own part.

        With devices along `time`, the second axis of every array is that of the frames, and is split as well.
        Arrays of uint8 are images: on the devices, they become float32 in [0, 1].
        ValueError if the batch or the clips cannot be divided.
        """
        count = self.data_shards // jax.process_count()

        def place(array: np.ndarray) -> jax.Array:
            if len(array) % count:
                raise ValueError(
                    f"a batch of {len(array)} is not divisible by {count} devices; change config.batch_size"
                )
            placed = jax.make_array_from_process_local_data(self._of_batches(array.shape), array)
            return _on_device_unit_range(placed) if array.dtype == np.uint8 else placed

        return jax.tree.map(place, batch)

    def _of_batches(self, shape: tuple[int, ...]) -> NamedSharding:
        rows = (DATA, FSDP)
        if self.time_shards == 1:
            return NamedSharding(self.mesh, PartitionSpec(rows))
        if len(shape) < 2 or shape[1] % self.time_shards:
            raise ValueError(
                f"an array of shape {shape} has no axis of frames that {self.time_shards} devices can share; "
                "change data.frames or mesh.time"
            )
        return NamedSharding(self.mesh, PartitionSpec(rows, TIME))

    def check(self, parameters: Any) -> None:
        """Raises ValueError if a parameter does not fit its rule, a rule matches none, or nothing is split."""
        shardings = self.shardings(parameters)
        names = [_parameter_name(path) for path, _ in jax.tree_util.tree_leaves_with_path(parameters)]
        for pattern, _ in self.rules:
            if not any(map(pattern.fullmatch, names)):
                raise ValueError(
                    f"mesh.rules: '{pattern.pattern}' matches no parameter; paths look like {sorted(names)[:3]}"
                )
        size = self.mesh.shape[FSDP]
        if size > 1 and all(place.is_fully_replicated for place in jax.tree.leaves(shardings)):
            raise ValueError(
                f"mesh.fsdp is {size}, but mesh.rules split no parameter over these devices: choose a number that "
                "divides a dimension of the kernels, or set mesh.fsdp to 1 and give the devices to mesh.data"
            )

    def _partition(self, name: str, shape: tuple[int, ...]) -> PartitionSpec:
        for pattern, split in self.rules:
            if pattern.fullmatch(name):
                dimension = self._dimension(pattern.pattern, split, name, shape)
                return PartitionSpec() if dimension is None else PartitionSpec(*[None] * dimension, FSDP)
        raise ValueError(f"no rule of mesh.rules matches parameter '{name}'; add one, or end with ('.*', '{LARGEST}')")

    def _dimension(self, pattern: str, split: str | int, name: str, shape: tuple[int, ...]) -> int | None:
        """The dimension of a parameter that is split; None for none."""
        size = self.mesh.shape[FSDP]
        divisible = [dimension for dimension, length in enumerate(shape) if length and length % size == 0]
        if split == WHOLE or size == 1:
            return None
        if split == LARGEST:
            # Of vectors, such as biases and the arrays of norms, a device saves less than their exchange costs.
            return max(divisible, key=shape.__getitem__) if divisible and len(shape) > 1 else None
        if split not in divisible:
            raise ValueError(
                f"mesh.rules: '{pattern}' splits dimension {split} of '{name}', of shape {shape}, over {size} devices "
                f"of fsdp, which cannot divide it; choose another dimension or '{LARGEST}', or put a rule for this "
                "parameter before it"
            )
        return split


def _parameter_name(path: tuple) -> str:
    """The part of a path that names a parameter: the dict keys at its end; "" if there are none."""
    keys = path if path_name(path[-1:]) else path[:-1]  # the path of a Flax variable has an additional key, "value"
    name = itertools.takewhile(lambda key: isinstance(key, DictKey), reversed(keys))
    return path_name(tuple(reversed(list(name))))
