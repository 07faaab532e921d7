"""Differences between two systems by subject."""

import numpy as np
import pytest

from affect_jax.metrics.paired import paired_difference


def test_pairing_removes_what_subjects_have_in_common():
    rng = np.random.default_rng(0)
    names = [f"subject_{number}" for number in range(100)]
    common, gain = rng.normal(0.5, 0.3, 100), rng.normal(0.02, 0.03, 100)
    before = dict(zip(names, common, strict=True))
    after = dict(zip(reversed(names), (common + gain)[::-1], strict=True))  # in another order
    found = paired_difference(after, before, draws=4000)
    error = 1.96 * gain.std() / np.sqrt(100)
    np.testing.assert_allclose([found.mean, found.better], [gain.mean(), (gain > 0).mean()], rtol=1e-12)
    np.testing.assert_allclose([found.low, found.high], [gain.mean() - error, gain.mean() + error], atol=8e-4)
    assert found.excludes_zero and found.subjects == 100
    assert not paired_difference(before, before).excludes_zero


def test_a_subject_of_only_one_system_is_named():
    with pytest.raises(ValueError, match="'ben' has no score with the baseline; a paired difference needs both"):
        paired_difference({"anna": 0.1, "ben": 0.2}, {"anna": 0.1})
    with pytest.raises(ValueError, match="subject 'ben' has no score with the compared system"):
        paired_difference({"anna": 0.1}, {"anna": 0.1, "ben": 0.2})
