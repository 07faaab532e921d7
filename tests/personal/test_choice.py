import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.personal.choice import choose, for_everybody
from affect_jax.personal.given import anything, kept_frames
from affect_jax.personal.linear import Linear
from affect_jax.personal.method import LABELS

KEY = jax.random.key(1)


@dataclasses.dataclass(frozen=True)
class Truth(Linear):
    """Knows how each person shows what is felt, but for an offset that its prior adds."""

    name: str = "truth"
    needs: tuple[str, ...] = (LABELS,)

    def adapt(self, prior, given, key):
        return {"offset": prior["offset"], "known": anything(given.labeled)}

    def predict(self, prior, personal, features, output):
        return jnp.where(personal["known"] > 0, prior["truth"] + personal["offset"], output)


def test_the_best_candidate_is_chosen_and_scored_by_the_ccc_of_unlabeled_frames(sources):
    offsets = (0.5, -0.2, 0.0, 0.1)
    label = np.broadcast_to(sources.given.label, (4, *sources.given.label.shape))
    priors = {"offset": for_everybody(offsets, 5), "truth": label}
    best, scores = choose(Truth(), priors, sources, KEY)
    assert best == 2
    np.testing.assert_allclose(scores[2], 1, atol=1e-5)
    assert scores[0] < scores[1] < scores[3] < 1


def test_each_person_gets_the_prior_that_was_learned_without_it(sources):
    """Candidate 1 is right for everybody, candidate 0 for all but the last person."""
    offset = np.zeros((2, 5), np.float32)
    offset[0, 4] = 1
    label = np.broadcast_to(sources.given.label, (2, *sources.given.label.shape))
    best, scores = choose(Truth(), {"offset": offset, "truth": label}, sources, KEY)
    assert best == 1 and 0.7 < scores[0] < 0.95


def test_kept_frames_stay_in_order(sources):
    kept = np.zeros(sources.given.present.shape, bool)
    kept[0, [3, 7]] = kept[1, 5] = True
    found = kept_frames(sources.given, kept[:2], frames=4)
    np.testing.assert_array_equal(found.label[0, :2], sources.given.label[0, [3, 7]])
    np.testing.assert_array_equal(found.label[1, :1], sources.given.label[1, [5]])
    np.testing.assert_array_equal(found.present, [[1, 1, 0, 0], [1, 0, 0, 0]])
