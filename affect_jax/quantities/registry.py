"""Every quantity by name."""

from collections.abc import Iterable

from affect_jax.quantities.emotion import Emotion
from affect_jax.quantities.landmarks import Landmarks
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.valence_arousal import ValenceArousal

QUANTITIES: dict[str, Quantity] = {
    "valence_arousal": ValenceArousal(),
    "emotion": Emotion(),
    "landmarks": Landmarks(),
}


def quantity(name: str) -> Quantity:
    """The quantity of that name; ValueError lists those that exist."""
    if name not in QUANTITIES:
        raise ValueError(f"unknown quantity '{name}'; choose one of {', '.join(sorted(QUANTITIES))}")
    return QUANTITIES[name]


def in_order(names: Iterable[str]) -> tuple[Quantity, ...]:
    """The named quantities in the order of the registry, which is that of columns and scores."""
    wanted = set(names)
    if unknown := sorted(wanted - set(QUANTITIES)):
        quantity(unknown[0])
    return tuple(each for name, each in QUANTITIES.items() if name in wanted)
