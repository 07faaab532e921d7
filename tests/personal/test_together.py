import dataclasses

import jax
import numpy as np
import pytest

from affect_jax.personal.given import person_at
from affect_jax.personal.registry import METHODS
from affect_jax.personal.together import adapt_alone, adapt_together

KEY = jax.random.key(0)


@pytest.mark.parametrize("name", ["none", "bias_scale", "ridge", "neutral_subtraction", "prior"])
def test_together_is_one_after_another_and_who_gave_nothing_keeps_the_base(name, targets):
    method = METHODS[name]
    given = jax.tree.map(np.copy, targets)
    given.labeled[3], given.neutral[3] = 0, 0
    together = adapt_together(method, {}, given, KEY)
    for index in range(4):
        alone = adapt_alone(method, {}, person_at(given, index), KEY)
        for one, other in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(one[index], other, rtol=1e-4, atol=1e-5)
    nobody = jax.tree.map(lambda leaf: leaf[3], together)
    features, output = given.features[3], given.output[3]
    assert np.asarray(method.predict({}, nobody, features, output)).tobytes() == output.tobytes()


@pytest.mark.parametrize("name", ["bias_scale", "ridge", "neutral_subtraction", "prior"])
def test_frames_of_weight_0_change_nothing(name, targets):
    given = jax.tree.map(np.copy, targets)
    unused = (given.labeled == 0) & (given.neutral == 0)
    broken = jax.tree.map(np.copy, given)
    for leaf in (broken.features, broken.output, broken.label):
        leaf[unused] = np.nan
    broken = dataclasses.replace(broken, present=np.where(unused, 0, given.present).astype(np.float32))
    given = dataclasses.replace(given, present=broken.present)
    found = adapt_together(METHODS[name], {}, broken, KEY)
    wanted = adapt_together(METHODS[name], {}, given, KEY)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.isfinite(one).all()


def test_the_neutral_face_of_neutral_subtraction_gives_0(targets):
    method, given = METHODS["neutral_subtraction"], person_at(targets, 0)
    predicted = adapt_alone(method, {}, given, KEY).apply(given.features, given.output)
    np.testing.assert_allclose(np.asarray(predicted)[given.neutral > 0].mean(axis=0), np.zeros(2), atol=1e-6)
    np.testing.assert_allclose(
        predicted - given.output, np.broadcast_to(predicted[0] - given.output[0], (60, 2)), atol=1e-6
    )
