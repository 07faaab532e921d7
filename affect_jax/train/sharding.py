"""Where arrays live: a mesh of devices, a table from parameter path to partition, and the batch spread over it."""

import re
from collections.abc import Sequence

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from affect_jax.nn.network import path_name

Rules = Sequence[tuple[str, P]]
REPLICATED: Rules = ((r".*", P()),)


def data_mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:
    """One axis named "data" over all devices. Auto axes: explicit ones make convolutions raise ShardingTypeError."""
    devices = jax.devices() if devices is None else devices
    return jax.make_mesh((len(devices),), ("data",), axis_types=(AxisType.Auto,), devices=devices)


def shardings(tree, mesh: Mesh, rules: Rules = REPLICATED):
    """NamedSharding for every leaf; the first matching rule wins, and a path that none matches is an error."""

    def pick(path, _):
        name = path_name(path)
        for pattern, spec in rules:
            if re.fullmatch(pattern, name):
                return NamedSharding(mesh, spec)
        raise ValueError(f"no sharding rule matches parameter '{name}'; add one or end with ('.*', P())")

    return jax.tree_util.tree_map_with_path(pick, tree)


def spread(batch, mesh: Mesh):
    """A batch of host arrays, split over the mesh along its first axis; each process hands in its own part."""
    count = mesh.shape["data"] // jax.process_count()
    sharding = NamedSharding(mesh, P("data"))

    def place(array: np.ndarray) -> jax.Array:
        if len(array) % count:
            raise ValueError(f"a batch of {len(array)} does not divide over {count} devices; change config.batch_size")
        return jax.make_array_from_process_local_data(sharding, array)

    return jax.tree.map(place, batch)
