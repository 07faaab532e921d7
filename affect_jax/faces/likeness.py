"""Whether two faces can be of one person, by their geometry: a rough check that notices gross mistakes only.

Press photographs of 209 people (578 of LFW, turned by less than 25 degrees): 8 % of the pairs of one person differ by
more than `FAR`, and 32 % of the pairs of two people.
"""

import numpy as np
from jaxtyping import Float

FAR = 1.5
# Standard deviations between these photographs, in the order of `geometry_signature.NAMES`.
SPREAD = np.array([0.02, 0.032, 0.067, 0.07, 0.073, 0.015, 0.031, 0.035, 0.036, 0.011])


def difference(first: Float[np.ndarray, "10"], second: Float[np.ndarray, "10"]) -> float:
    """Root mean square of the differences of two geometries, in standard deviations between photographs of people."""
    return float(np.sqrt(np.mean(((first - second) / SPREAD) ** 2)))
