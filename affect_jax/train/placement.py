"""Placement of arrays on devices: the mesh, the sharding rule of each parameter, and batches split over the mesh.

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
from affect_jax.train.mesh_config import DATA, REMAINING, MeshConfig

# A program of its own: fused into the network, the product could be rounded differently.
_on_device_unit_range = jax.jit(unit_range)


@dataclasses.dataclass(frozen=True)
class Placement:
    """A mesh of devices, and how each parameter is sharded over it.

    `rules` are pairs of a pattern for whole parameter paths and a partition; the first that matches applies.
    """

    mesh: Mesh
    rules: tuple[tuple[re.Pattern, PartitionSpec], ...]

    @classmethod
    def of(cls, config: MeshConfig, devices: Sequence[jax.Device] | None = None) -> "Placement":
        """The placement on `devices` (by default, all); ValueError if the axes do not use exactly these."""
        devices = jax.devices() if devices is None else devices
        names = tuple(name for name, _ in config.axes)
        # With explicit axes, the default, convolutions raise ShardingTypeError.
        types = (AxisType.Auto,) * len(names)
        mesh = jax.make_mesh(axis_sizes(config, len(devices)), names, axis_types=types, devices=devices)
        return cls(mesh, tuple((re.compile(pattern), PartitionSpec(*axes)) for pattern, axes in config.rules))

    @classmethod
    def single(cls) -> "Placement":
        """Everything on one device of this process, for inference."""
        return cls.of(MeshConfig(), jax.local_devices()[:1])

    @classmethod
    def for_batches(cls, batch_size: int) -> "Placement":
        """Batches split over as many devices as divide the batch size, with replicated parameters, for inference."""
        return cls.of(MeshConfig(), jax.devices()[: math.gcd(batch_size, jax.device_count())])

    def replicated(self) -> "Placement":
        """The same mesh with all parameters replicated, for a network that the rules were not written for."""
        return dataclasses.replace(self, rules=((re.compile(".*"), PartitionSpec()),))

    @property
    def data_shards(self) -> int:
        """Number of parts that a batch is split into."""
        return self.mesh.shape[DATA]

    def shardings(self, tree: Any) -> Any:
        """A tree like `tree` with the NamedSharding of each leaf; ValueError names a parameter that does not fit.

        The name of a leaf is its path in the innermost dicts, so that the optimizer's moments are sharded like their
        parameters. Leaves without a name, such as the step or the memory of a task, are replicated.
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

    def spread(self, batch: Any) -> Any:
        """Splits a batch of host arrays along its first axis; each process passes its own part.

        Arrays of uint8 are images: on the devices, they become float32 in [0, 1].
        ValueError if the batch size is not divisible.
        """
        count = self.data_shards // jax.process_count()
        sharding = NamedSharding(self.mesh, PartitionSpec(DATA))

        def place(array: np.ndarray) -> jax.Array:
            if len(array) % count:
                raise ValueError(
                    f"a batch of {len(array)} is not divisible by {count} devices; change config.batch_size"
                )
            placed = jax.make_array_from_process_local_data(sharding, array)
            return _on_device_unit_range(placed) if array.dtype == np.uint8 else placed

        return jax.tree.map(place, batch)

    def check(self, parameters: Any) -> None:
        """Raises ValueError if a parameter does not fit its rule, or a rule matches no parameter."""
        self.shardings(parameters)
        names = [_parameter_name(path) for path, _ in jax.tree_util.tree_leaves_with_path(parameters)]
        for pattern, _ in self.rules:
            if not any(map(pattern.fullmatch, names)):
                raise ValueError(
                    f"mesh.rules: '{pattern.pattern}' matches no parameter; paths look like {sorted(names)[:3]}"
                )

    def _partition(self, name: str, shape: tuple[int, ...]) -> PartitionSpec:
        for pattern, partition in self.rules:
            if pattern.fullmatch(name):
                self._check_fit(pattern.pattern, partition, name, shape)
                return partition
        raise ValueError(f"no sharding rule matches parameter '{name}'; add one to mesh.rules or end with ('.*', ())")

    def _check_fit(self, pattern: str, partition: PartitionSpec, name: str, shape: tuple[int, ...]) -> None:
        if len(partition) > len(shape):
            raise ValueError(
                f"mesh.rules: '{pattern}' gives axes for {len(partition)} dimensions, but '{name}' has shape {shape}; "
                "narrow the pattern, or put a rule for this parameter before it"
            )
        for dimension, axis in enumerate(partition):
            if axis is not None and shape[dimension] % self.mesh.shape[axis]:
                raise ValueError(
                    f"mesh.rules: '{pattern}' splits dimension {dimension} of '{name}', of shape {shape}, over the "
                    f"{self.mesh.shape[axis]} devices of '{axis}', but it is not divisible; split another dimension, "
                    "or put a rule for this parameter before it"
                )


def axis_sizes(config: MeshConfig, devices: int) -> tuple[int, ...]:
    """The sizes of the axes, with the remaining devices assigned; ValueError if they do not use all devices."""
    sizes = [size for _, size in config.axes]
    fixed = math.prod(size for size in sizes if size != REMAINING)
    rest, left_over = divmod(devices, fixed)
    if left_over or (REMAINING not in sizes and rest != 1):
        wanted = f"a multiple of {fixed}" if REMAINING in sizes else str(fixed)
        raise ValueError(
            f"mesh.axes {config.axes} needs {wanted} devices, but there are {devices}; choose sizes whose product is "
            f"{devices}, or {REMAINING} for one axis to take all remaining devices"
        )
    return tuple(rest if size == REMAINING else size for size in sizes)


def _parameter_name(path: tuple) -> str:
    """The part of a path that names a parameter: the dict keys at its end; "" if there are none."""
    keys = path if path_name(path[-1:]) else path[:-1]  # the path of a Flax variable has an additional key, "value"
    name = itertools.takewhile(lambda key: isinstance(key, DictKey), reversed(keys))
    return path_name(tuple(reversed(list(name))))
