import jax
import numpy as np

from affect_jax.personal.labeled import gather_labeled
from affect_jax.personal.low_rank import RANK, LowRank, merge


def test_merged_is_unmerged(head, targets):
    rng = np.random.default_rng(0)
    given = jax.tree.map(lambda leaf: leaf[0], targets)
    start = LowRank().start(head, gather_labeled(given), jax.random.key(0))
    assert not np.any(start["hidden_up"]) and np.any(start["hidden_down"])
    learned = {name: rng.normal(size=array.shape).astype(np.float32) for name, array in start.items()}
    of = {name: np.float64(array) for name, array in (vars(head) | learned).items()}
    features = np.float64(given.features)
    hidden = features @ of["hidden_kernel"] + features @ of["hidden_down"] @ of["hidden_up"] + of["hidden_bias"]
    hidden = np.maximum(hidden, 0)
    output = (
        hidden @ of["output_kernel"] + hidden @ of["output_down"] @ of["output_up"] + of["output_bias"] + of["bias"]
    )
    np.testing.assert_allclose(merge(head, learned)(given.features), output, rtol=1e-4, atol=1e-4)


def test_what_is_learned_has_few_numbers(head, targets):
    given = jax.tree.map(lambda leaf: leaf[0], targets)
    start = LowRank().start(head, gather_labeled(given), jax.random.key(0))
    features, hidden = head.hidden_kernel.shape
    assert sum(array.size for array in start.values()) == RANK * (features + hidden) + RANK * (hidden + 2) + 2
