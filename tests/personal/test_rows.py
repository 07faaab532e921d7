"""Each row gets its own adapter, as if it were alone."""

import numpy as np
from adapted import make_adapter

from affect_jax.personal.rows import apply_by_row


def test_rows_equal_float64_and_do_not_depend_on_each_other():
    rng = np.random.default_rng(0)
    features, output = rng.normal(size=(6, 8)).astype(np.float32), rng.normal(size=(6, 2)).astype(np.float32)
    adapters = [make_adapter(seed) for seed in (1, 2, 1, 3, 2, 2)]
    found = apply_by_row(adapters, features, output)
    assert found.dtype == np.float32
    for place, adapter in enumerate(adapters):
        expected = output[place] * (1.0 + adapter.scale.astype(np.float64)) + adapter.bias
        expected = expected + features[place].astype(np.float64) @ adapter.weights
        np.testing.assert_allclose(found[place], expected, atol=1e-6)
    shuffled = apply_by_row(adapters[::-1], features[::-1], output[::-1])
    np.testing.assert_array_equal(shuffled[::-1], found)
