"""Layers taken out of a network and put into it, by the path of their place."""

from flax import nnx


def get(network: nnx.Module, path: tuple) -> nnx.Module:
    """The module at a path of attributes and places in lists."""
    for key in path:
        network = network[key] if isinstance(key, int) else getattr(network, key)
    return network


def put(network: nnx.Module, path: tuple, layer: nnx.Module) -> None:
    """Puts `layer` where `path` leads."""
    owner, key = get(network, path[:-1]), path[-1]
    if isinstance(key, int):
        owner[key] = layer
    else:
        setattr(owner, key, layer)
