"""Trajectories of people over the time of a common stimulus, at one rate, whatever the rate of their recordings."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from affect_jax.metrics.bootstrap import ratio
from affect_jax.tables.people import Recording

LEAST_SEEN = 0.5  # of a bin in which a face has to be seen
LEAST_PEOPLE = 0.8  # of all people who have to be seen in a bin, or it is not compared


@dataclasses.dataclass(frozen=True)
class Trajectories:
    """Values of all people in bins of time from the start of their recordings."""

    seconds: Float[np.ndarray, "bin"]  # of the start of each bin
    values: Float[np.ndarray, "person bin column"]  # means over the bin; NaN where the person is not seen
    rate: float  # bins per second

    def complete(self, column: int) -> tuple[Bool[np.ndarray, "person"], Float[np.ndarray, "kept bin"]]:
        """People with enough bins for types, and their trajectories; gaps are filled along time from both sides."""
        values = self.values[:, :, column]
        kept = (~np.isnan(values)).mean(1) >= LEAST_PEOPLE
        filled = values[kept].copy()
        for row in filled:
            known = np.flatnonzero(~np.isnan(row))
            row[:] = np.interp(np.arange(len(row)), known, row[known])
        return kept, filled


def resample(recording: Recording, rate: float, bins: int) -> Float[np.ndarray, "bin column"]:
    """Means over bins of 1 / rate seconds of what a recording shows, each frame until the next; NaN where not seen.

    A frame that reaches into two bins counts in both, by its share. A bin counts if the face is seen in half of it.
    """
    columns = recording.values.shape[1]
    if not len(recording.starts):
        return np.full((bins, columns), np.nan)
    stops = recording.starts + recording.seconds
    knots = np.maximum.accumulate(np.stack([recording.starts, stops], 1).ravel())
    edges = np.arange(bins + 1) / rate
    integral = lambda amounts: np.diff(np.interp(edges, knots, np.insert(np.repeat(amounts.cumsum(), 2), 0, 0)[:-1]))
    seen = integral(recording.seconds)
    enough = seen >= LEAST_SEEN / rate * (1 - 1e-9)
    found = np.full((bins, columns), np.nan)
    for column, values in enumerate(recording.values.T):
        found[enough, column] = integral(values * recording.seconds)[enough] / seen[enough]
    return found


def trajectories(people: Sequence[Sequence[Recording]], rate: float) -> Trajectories:
    """The trajectories of people, over the bins in which at least 80 % of them are seen, whatever their group.

    Several recordings of a person are averaged. ValueError if people are too rarely seen at the same time.
    """
    longest = max(recording.whole_seconds for recordings in people for recording in recordings)
    bins = max(1, int(np.floor(longest * rate + 1e-6)))
    values = []
    for recordings in people:
        each = np.stack([resample(recording, rate, bins) for recording in recordings])
        values.append(ratio(np.nansum(each, 0), (~np.isnan(each)).sum(0)))
    found = np.stack(values)
    seen = (~np.isnan(found)).all(2).mean(0) >= LEAST_PEOPLE
    if seen.sum() < 2:
        raise ValueError(
            f"at hardly any time are {LEAST_PEOPLE:.0%} of the people seen together, of recordings up to "
            f"{longest:.1f} s; trajectories need recordings of one common stimulus, from its start"
        )
    stop = int(np.flatnonzero(seen)[-1]) + 1
    found[:, ~seen] = np.nan
    return Trajectories(np.arange(stop) / rate, found[:, :stop], rate)
