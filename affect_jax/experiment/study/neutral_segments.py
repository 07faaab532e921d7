"""Whether people have a neutral segment, and whether they look neutral in it."""

import pathlib
from collections.abc import Sequence

import numpy as np
from absl import logging

from affect_jax.personal.outputs import label_unit
from affect_jax.personal.people import Person

STILL = 0.5  # intensity of which the nearest class is no longer 0


def require_neutral_segments(people: Sequence[Person], folder: pathlib.Path, neutral_seconds: float) -> None:
    """ValueError without a neutral segment, and for a person who is not seen in theirs."""
    if not neutral_seconds:
        raise ValueError(
            "--neutral_seconds=0: there is no neutral segment, by which people are calibrated; give the seconds at the "
            "beginning of each recording in which they look neutral"
        )
    for person in people:
        if not person.neutral.any():
            raise ValueError(
                f"{folder}: subject '{person.name}' has no frame in the first {neutral_seconds:g} s of a recording, "
                "where the neutral face is expected; give a larger --neutral_seconds, or store the features without "
                "this person"
            )


def warn_of_faces_that_move(people: Sequence[Person], quantities: Sequence[str]) -> None:
    """Warns of people whose labels in the neutral segment are not neutral; the labels are used for nothing else."""
    for person in people:
        resting = person.neutral & person.known
        shown = person.label[resting].max(initial=0.0) * label_unit(quantities)
        if shown >= STILL:
            logging.warning(
                "%s is not neutral in the neutral segment: labels reach %.1f there, and in %.0f %% of its frames %g or "
                "more; calibration takes that for a neutral face",
                person.name,
                shown,
                100 * np.mean(person.label[resting].max(-1) * label_unit(quantities) >= STILL),
                STILL,
            )
