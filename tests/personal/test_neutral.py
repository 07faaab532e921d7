import dataclasses

import numpy as np
import pytest

from affect_jax.personal.given import person_at
from affect_jax.personal.neutral import neutral_mean, one_neutral_frame, require_neutral


def test_the_neutral_face_is_the_mean_of_its_frames_and_one_of_them_is_nearest(targets):
    given = person_at(targets, 0)
    frames = given.features[:6].astype(np.float64)
    np.testing.assert_allclose(neutral_mean(given), frames.mean(0), rtol=1e-5, atol=1e-6)
    nearest = np.argmin(((frames - frames.mean(0)) ** 2).sum(1))
    np.testing.assert_array_equal(one_neutral_frame(given), given.features[nearest])


def test_a_blink_is_not_chosen(targets):
    given = person_at(targets, 0)
    features = given.features.copy()
    features[2] += 5
    chosen = one_neutral_frame(dataclasses.replace(given, features=features))
    assert np.abs(chosen - features[2]).max() > 1


def test_frames_that_are_not_neutral_change_nothing(targets):
    given = person_at(targets, 0)
    features = np.where(given.neutral[:, None] > 0, given.features, np.nan)
    spoiled = dataclasses.replace(given, features=features)
    np.testing.assert_array_equal(neutral_mean(spoiled), neutral_mean(given))
    np.testing.assert_array_equal(one_neutral_frame(spoiled), one_neutral_frame(given))


def test_source_persons_without_a_neutral_frame_are_named(sources):
    neutral = sources.given.neutral.copy()
    neutral[2:4] = 0
    without = dataclasses.replace(sources, given=dataclasses.replace(sources.given, neutral=neutral))
    message = r"source person 'c' has no neutral frame \(2 of 5 persons have none\); mark the frames"
    with pytest.raises(ValueError, match=message):
        require_neutral(without, "siamese")
    require_neutral(sources, "siamese")
