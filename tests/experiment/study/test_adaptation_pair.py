"""Source and target people of one network: what is refused before anything is computed."""

import dataclasses

import numpy as np
import pytest
from imitated_people import FRAMES, NEUTRAL_SECONDS, people

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study.adaptation import compare_adaptation
from affect_jax.experiment.study.adaptation_pair import draw, read_pair
from affect_jax.personal.protocol import Protocol
from affect_jax.personal.stored import write_features


def test_other_people_or_a_longer_neutral_segment_are_another_part(folders):
    sources, targets = folders
    digests = [
        read_pair(sources[0], targets[0], 3.0, 0).digest,
        read_pair(sources[0], targets[0], 4.0, 0).digest,
        read_pair(sources[0], targets[0], 3.0, 1).digest,
        read_pair(sources[1], targets[1], 3.0, 0).digest,
    ]
    assert len(set(digests)) == 4
    assert read_pair(sources[0], targets[0], 3.0, 0).digest == digests[0]


@pytest.mark.parametrize("labeled, words", [(0, "0 labeled frames"), (1, "1 labeled frame")])
def test_a_target_person_without_labels_to_score_is_named(folders, tmp_path, labeled, words):
    pair = read_pair(folders[0][0], folders[1][0], NEUTRAL_SECONDS, 0)
    scored = np.flatnonzero(draw(pair.people[1], Protocol("random"), 0).scored)
    stored = people("test", 0)
    weight = stored.weight.copy()
    weight[FRAMES : 2 * FRAMES] = 0
    weight[FRAMES + scored[:labeled]] = 1
    write_features(dataclasses.replace(stored, weight=weight), tmp_path / "targets")
    message = rf"targets: subject 'test/1' has {words} to score \(protocol 'random'\), expected at least 2; store the"
    with pytest.raises(UsageError, match=message):
        compare_adaptation(folders[0][:1], [tmp_path / "targets"], tmp_path / "output")
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    "seconds, message",
    [
        (float("nan"), "--neutral_seconds=nan: expected seconds, 0 if there is no neutral segment"),
        (float("inf"), "--neutral_seconds=inf: expected seconds"),
        (-1.0, "--neutral_seconds=-1: expected seconds"),
        (
            1e9,
            r"targets_0: subject 'test/0', with --neutral_seconds=1e\+09: a recording of 120 frames leaves 0 to score",
        ),
        (50.0, "targets_0: subject 'test/0', with --neutral_seconds=50: a recording of 120 frames leaves 0 to score"),
    ],
)
def test_a_neutral_segment_that_leaves_nothing_is_refused(folders, tmp_path, seconds, message):
    with pytest.raises(UsageError, match=message):
        compare_adaptation(folders[0][:1], folders[1][:1], tmp_path / "output", neutral_seconds=seconds)
    assert not (tmp_path / "output").exists()


def test_there_is_a_neutral_segment_only_if_it_has_a_length(folders):
    assert read_pair(folders[0][0], folders[1][0], NEUTRAL_SECONDS, 0).has_neutral
    assert not read_pair(folders[0][0], folders[1][0], 0.0, 0).has_neutral
