"""Source persons: whose head belongs to the stored output."""

import dataclasses

import numpy as np
import pytest

from affect_jax.personal.sources import HEAD_TOLERANCE, BaseHead, Sources, head_difference


def larger(sources: Sources, factor: float, error: float) -> Sources:
    """The same persons and head with outputs `factor` times as large, of which one is off by `error`."""
    head, given = sources.head, sources.given
    output = factor * np.asarray(given.output)
    at = np.unravel_index(np.abs(output).argmax(), output.shape)
    output[at] += error
    scaled = BaseHead(head.hidden_kernel, head.hidden_bias, factor * head.output_kernel, factor * head.output_bias)
    return Sources(dataclasses.replace(given, output=output.astype(np.float32)), sources.subjects, scaled)


def test_a_head_may_differ_from_the_stored_output_by_rounding_which_is_relative_above_1(sources):
    largest = 1e4 * np.abs(sources.given.output).max()
    assert len(larger(sources, 1e4, 0.5 * HEAD_TOLERANCE * largest).subjects) == 5
    with pytest.raises(ValueError, match=r"gives outputs that differ by 0.0002 from the stored ones \(at most 0.0001"):
        larger(sources, 1e4, -2 * HEAD_TOLERANCE * largest)
    with pytest.raises(ValueError, match="features and head are of different networks: run launch.features"):
        larger(sources, 1e-2, 2 * HEAD_TOLERANCE)  # absolute, of outputs below 1
    assert head_difference(np.float32([[200, 0.5]]), np.float32([[201, 0.75]])) == 0.25
