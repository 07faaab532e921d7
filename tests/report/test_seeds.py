import numpy as np
import pytest

from affect_jax.metrics.seeds import t_interval
from affect_jax.report.seeds import aggregate_seeds, format_interval


def test_interval_of_a_hand_worked_case():
    # mean 2, sample standard deviation 1, t(0.975, 2) = 4.302653: half-width 4.302653 / sqrt(3)
    mean, half = t_interval(np.array([1.0, 2.0, 3.0]))
    assert mean == 2 and half == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    assert np.isnan(t_interval(np.array([1.0]))[1])


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = [abs(mean) <= half for mean, half in (t_interval(rng.normal(size=3)) for _ in range(2000))]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.02)


def test_differences_are_taken_seed_by_seed():
    rows = [
        {"run": "000", "label": "all", "seed": 0, "ccc": 0.5},
        {"run": "001", "label": "less", "seed": 0, "ccc": 0.4},
        {"run": "002", "label": "all", "seed": 1, "ccc": 0.8},
        {"run": "003", "label": "less", "seed": 1, "ccc": 0.7},
        {"run": "004", "label": "less", "seed": 2, "state": "diverged"},
    ]
    first, second = aggregate_seeds(rows, ["label"], ["ccc"])
    assert first == {"label": "all", "runs": 2, "ccc": format_interval([0.5, 0.8])}
    assert second["ccc"] == format_interval([0.4, 0.7]) and second["runs"] == 3
    assert second["ccc, difference"] == "-0.100 ± 0.000"  # though each mean is uncertain by more than 1
    assert format_interval([0.25]) == "0.250" and format_interval([]) == ""
