"""Access to the layers of a network by path."""

from flax import nnx


def get(network: nnx.Module, path: tuple) -> nnx.Module:
    """Returns the module at a path of attribute names and list indices."""
    for key in path:
        network = network[key] if isinstance(key, int) else getattr(network, key)
    return network


def put(network: nnx.Module, path: tuple, layer: nnx.Module) -> None:
    """Replaces the module at `path` by `layer`."""
    owner, key = get(network, path[:-1]), path[-1]
    if isinstance(key, int):
        owner[key] = layer
    else:
        setattr(owner, key, layer)
