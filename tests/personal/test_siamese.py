import dataclasses

import jax
import numpy as np
import pytest

from affect_jax.personal import folds, siamese
from affect_jax.personal.siamese import Siamese, SiamesePrior

KEY = jax.random.key(0)


def personalize(prior, given):
    method = Siamese()
    adapt = lambda own: method.predict(prior, method.adapt(prior, own, KEY), own.features, own.output)
    return np.asarray(jax.jit(jax.vmap(adapt))(given))


def test_a_face_is_compared_with_one_neutral_face_of_the_person(head, targets):
    """The head of the usual person returns the first two features, here of the difference to the neutral face."""
    usual = np.float32([0.1, -0.2, 0, 0, 0])
    found = personalize(SiamesePrior(head, usual), targets)
    for person in range(4):
        frames = targets.features[person].astype(np.float64)
        center = frames[:6].mean(0)
        chosen = frames[np.argmin(((frames[:6] - center) ** 2).sum(1))]
        np.testing.assert_allclose(found[person], (frames - chosen + usual)[:, :2], rtol=1e-4, atol=1e-5)


def test_only_neutral_frames_count_and_without_any_the_base_network_remains(head, targets):
    prior, method = SiamesePrior(head, np.zeros(5, np.float32)), Siamese()
    neutral = targets.neutral[..., None] > 0
    spoiled = dataclasses.replace(
        targets, features=np.where(neutral, targets.features, np.nan), label=np.full_like(targets.label, np.nan)
    )
    one, other = (jax.vmap(lambda own: method.adapt(prior, own, KEY))(given) for given in (targets, spoiled))
    np.testing.assert_array_equal(one.features, other.features)
    nobody = targets.neutral.copy()
    nobody[1] = 0
    found = personalize(prior, dataclasses.replace(targets, neutral=nobody))
    assert found[1].tobytes() == targets.output[1].tobytes()
    assert np.abs(found[0] - targets.output[0]).max() > 0.01


@pytest.mark.slow
def test_a_neutral_face_removes_the_resting_face_of_strangers(monkeypatch, sources, targets):
    monkeypatch.setattr(folds, "HEAD_STOPS", (300,))
    monkeypatch.setattr(siamese, "STOPS", (0, 100))
    prior = Siamese().learn(sources, KEY)
    error = lambda predicted: np.mean((predicted - targets.label) ** 2)
    assert error(personalize(prior, targets)) < 0.5 * error(targets.output)


def test_sources_need_neutral_faces(sources):
    given = dataclasses.replace(sources.given, neutral=np.zeros_like(sources.given.neutral))
    with pytest.raises(ValueError, match="method 'siamese' compares with a neutral face, but source person 'a' has"):
        Siamese().learn(dataclasses.replace(sources, given=given), KEY)
