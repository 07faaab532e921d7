"""What adaptation works on: the answers of a network, on the scale of their labels.

Valence and arousal are adapted as they leave the network. Of an intensity it is the expected one, in tenths: the logits
of a head have neither a zero nor a unit, so that nothing could be subtracted from them, and no label is given in them.
Tenths go from 0 to 1, so that what is known about the sizes of corrections holds for both.
"""

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.quantities.intensity import HIGHEST, REGRESSION, Intensity
from affect_jax.quantities.registry import QUANTITIES, quantity
from affect_jax.types import ArrayLike, Label

AFFECT = "valence_arousal"


def adapted_quantities(names: Collection[str]) -> tuple[str, ...]:
    """Which quantities among some names are adapted: valence and arousal, or else intensities; () if none is."""
    if AFFECT in names:
        return (AFFECT,)
    return tuple(name for name, each in QUANTITIES.items() if name in names and isinstance(each, Intensity))


def is_intensity(names: Sequence[str]) -> bool:
    """Whether the adapted quantities are intensities."""
    return isinstance(quantity(names[0]), Intensity)


def described(names: Sequence[str]) -> str:
    """The adapted quantities in words, for messages."""
    return "valence and arousal" if AFFECT in names else ", ".join(quantity(name).description for name in names)


def output_names(names: Sequence[str]) -> tuple[str, ...]:
    """What each output is called: "valence" and "arousal", or the names of intensities."""
    return tuple(column for name in names for column in quantity(name).columns("affectnet_8"))


def count_outputs(names: Sequence[str]) -> int:
    """How many numbers are adapted: one for each intensity, two for valence and arousal."""
    return len(output_names(names))


def answer(raw: Float[ArrayLike, "*batch raw"], each: int) -> Float[ArrayLike, "*batch output"]:
    """The outputs of a head with `each` raw outputs for every one of them, such as the logits of 11 classes."""
    if each == REGRESSION:
        return raw
    # All emotions have the same heads, so any of them can say what its logits mean.
    logits = raw.reshape(*raw.shape[:-1], -1, each)
    return quantity("intensity_happy").report(logits, 0)[..., 0] / HIGHEST


def label_unit(names: Sequence[str]) -> int:
    """What labels are divided by to be on the scale of the outputs."""
    return HIGHEST if is_intensity(names) else 1


def reported(
    names: Sequence[str], output: Float[np.ndarray, "frame output"]
) -> dict[str, Float[np.ndarray, "frame value"]]:
    """The reported values of each quantity, in float64."""
    values = np.float64(output)
    if not is_intensity(names):
        return {AFFECT: np.asarray(quantity(AFFECT).report(values, 0))}
    columns = np.split(values, len(names), axis=-1)
    return {name: np.asarray(quantity(name).report(own, 0)) for name, own in zip(names, columns, strict=True)}


def labels_of(
    names: Sequence[str], labels: Float[np.ndarray, "frame output"], weight: Float[np.ndarray, "frame"]
) -> dict[str, Label]:
    """The labels of each quantity in its own unit, in float64: the inverse of what `personal.stored` reads."""
    parts = np.split(np.float64(labels) * label_unit(names), len(names), axis=-1)
    return {name: Label(own, np.float64(weight)) for name, own in zip(names, parts, strict=True)}
