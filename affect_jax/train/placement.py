"""Where arrays live: the mesh of devices, a rule for each parameter, and batches split over the mesh.

Only this file makes a mesh; it is handed on as a `Placement`.
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
from affect_jax.train.mesh_config import DATA, REMAINING, MeshConfig


@dataclasses.dataclass(frozen=True)
class Placement:
    """A mesh of devices, and for each parameter how it is split over them.

    `rules` are pairs of a pattern over whole parameter paths and a partition; the first that matches counts.
    """

    mesh: Mesh
    rules: tuple[tuple[re.Pattern, PartitionSpec], ...]

    @classmethod
    def of(cls, config: MeshConfig, devices: Sequence[jax.Device] | None = None) -> "Placement":
        """The placement over `devices` (all if not given); ValueError where the axes do not take exactly these."""
        devices = jax.devices() if devices is None else devices
        names = tuple(name for name, _ in config.axes)
        # Auto axes: with explicit ones, the default, a convolution raises ShardingTypeError.
        types = (AxisType.Auto,) * len(names)
        mesh = jax.make_mesh(_axis_sizes(config, len(devices)), names, axis_types=types, devices=devices)
        return cls(mesh, tuple((re.compile(pattern), PartitionSpec(*axes)) for pattern, axes in config.rules))

    @classmethod
    def single(cls) -> "Placement":
        """Everything on one device, for inference."""
        return cls.of(MeshConfig(), jax.devices()[:1])

    @classmethod
    def for_batches(cls, batch_size: int) -> "Placement":
        """Batches split over as many devices as divide them, parameters whole on each, for inference."""
        return cls.of(MeshConfig(), jax.devices()[: math.gcd(batch_size, jax.device_count())])

    def replicated(self) -> "Placement":
        """The same mesh with every parameter whole on each device: for a network that `rules` were not written for."""
        return dataclasses.replace(self, rules=((re.compile(".*"), PartitionSpec()),))

    @property
    def data_shards(self) -> int:
        """How many parts a batch is split into."""
        return self.mesh.shape[DATA]

    def shardings(self, tree: Any) -> Any:
        """A tree like `tree` with the NamedSharding of each leaf; ValueError names a parameter that does not fit.

        A leaf goes by its name in the innermost dict, so that the optimizer's moments lie where their parameters do.
        What has no name there, such as the step or the memory of a task, is replicated.
        """

        def pick(path: tuple, leaf: Any) -> NamedSharding:
            name = _parameter_name(path)
            return NamedSharding(self.mesh, self._partition(name, leaf.shape) if name else PartitionSpec())

        return jax.tree_util.tree_map_with_path(pick, tree)

    def targets(self, tree: Any) -> Any:
        """Shapes, types and shardings of `tree`, which is what restoring a checkpoint asks for."""
        target = lambda leaf, place: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place)
        return jax.tree.map(target, tree, self.shardings(tree))

    def put(self, tree: Any) -> Any:
        """`tree` on the devices."""
        return jax.device_put(tree, self.shardings(tree))

    def spread(self, batch: Any) -> Any:
        """A batch of host arrays, split along its first axis; each process hands in its own part.

        ValueError where it does not divide.
        """
        count = self.data_shards // jax.process_count()
        sharding = NamedSharding(self.mesh, PartitionSpec(DATA))

        def place(array: np.ndarray) -> jax.Array:
            if len(array) % count:
                raise ValueError(
                    f"a batch of {len(array)} does not divide over {count} devices; change config.batch_size"
                )
            return jax.make_array_from_process_local_data(sharding, array)

        return jax.tree.map(place, batch)

    def check(self, parameters: Any) -> None:
        """ValueError where a parameter does not fit its rule, or a rule is there for no parameter."""
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
                f"mesh.rules: '{pattern}' names the axes of {len(partition)} dimensions, but '{name}' has the shape "
                f"{shape}; narrow the pattern, or put a rule for this parameter before it"
            )
        for dimension, axis in enumerate(partition):
            if axis is not None and shape[dimension] % self.mesh.shape[axis]:
                raise ValueError(
                    f"mesh.rules: '{pattern}' splits dimension {dimension} of '{name}', of shape {shape}, over the "
                    f"{self.mesh.shape[axis]} devices of '{axis}', which does not divide; split another dimension, "
                    "or put a rule for this parameter before it"
                )


def _axis_sizes(config: MeshConfig, devices: int) -> tuple[int, ...]:
    """The sizes of the axes, with that of the axis that takes what remains."""
    sizes = [size for _, size in config.axes]
    fixed = math.prod(size for size in sizes if size != REMAINING)
    rest, left_over = divmod(devices, fixed)
    if left_over or (REMAINING not in sizes and rest != 1):
        wanted = f"a multiple of {fixed}" if REMAINING in sizes else str(fixed)
        raise ValueError(
            f"mesh.axes {config.axes} takes {wanted} devices, but {devices} are there; choose sizes whose product is "
            f"{devices}, or {REMAINING} for one axis, which then takes what remains"
        )
    return tuple(rest if size == REMAINING else size for size in sizes)


def _parameter_name(path: tuple) -> str:
    """The part of a path that names a parameter: the keys of dicts at its end; "" where there is none."""
    keys = path if path_name(path[-1:]) else path[:-1]  # an array that Flax holds has one more key, "value"
    named = itertools.takewhile(lambda key: isinstance(key, DictKey), reversed(keys))
    return path_name(tuple(reversed(list(named))))
