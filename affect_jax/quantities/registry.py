"""Registry of quantities."""

from collections.abc import Iterable

from affect_jax.quantities.emotion import Emotion
from affect_jax.quantities.intensity import Intensity
from affect_jax.quantities.landmarks import Landmarks
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.valence_arousal import ValenceArousal

QUANTITIES: dict[str, Quantity] = {
    "valence_arousal": ValenceArousal(),
    "emotion": Emotion(),
    "landmarks": Landmarks(),
    "intensity_happy": Intensity("happy"),
    "intensity_sad": Intensity("sad"),
    "intensity_surprise": Intensity("surprise"),
    "intensity_fear": Intensity("fear"),
    "intensity_anger": Intensity("anger"),
    "intensity_disgust": Intensity("disgust"),
}


def quantity(name: str) -> Quantity:
    """Looks up a quantity by name; ValueError lists the known ones."""
    if name not in QUANTITIES:
        raise ValueError(f"unknown quantity '{name}'; choose one of {', '.join(sorted(QUANTITIES))}")
    return QUANTITIES[name]


def in_order(names: Iterable[str]) -> tuple[Quantity, ...]:
    """Returns the named quantities in registry order, which is also the order of columns and scores."""
    wanted = set(names)
    if unknown := sorted(wanted - set(QUANTITIES)):
        quantity(unknown[0])
    return tuple(each for name, each in QUANTITIES.items() if name in wanted)
