"""Registry of quantities."""

from collections.abc import Collection, Iterable

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


ANY_SET = "affectnet_8"  # the columns of charted quantities do not depend on the label set


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


def charted(columns: Collection[str]) -> tuple[Quantity, ...]:
    """The quantities that are shown over time and have one of these columns, in registry order."""
    return tuple(each for each in QUANTITIES.values() if each.charted and set(each.columns(ANY_SET)) & set(columns))
