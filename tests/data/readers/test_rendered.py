"""The reader: names, splits, purity, truth, and refusals."""

import dataclasses

import numpy as np
import pytest

from affect_jax.data import store
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.render import affect, motion
from affect_jax.ops.geometry import landmark_crop

STILLS = RenderedConfig(subjects=3, per_subject=5)
CLIPS = RenderedConfig(kind="clips", subjects=2, per_subject=2, frames=10)


@pytest.fixture(scope="module")
def stills():
    return rendered(STILLS)


@pytest.fixture(scope="module")
def clips():
    return rendered(CLIPS)


def test_names_and_times(stills, clips):
    assert len(stills.examples) == 15 and len(clips.examples) == 40
    assert stills.examples[7].name == "train/subject_001/still_00002" and stills.examples[7].clip == ""
    example = clips.examples[33]
    assert (example.name, example.clip) == ("train/subject_001/clip_01/00003", "train/subject_001/clip_01")
    assert example.time_seconds == pytest.approx(3 / 12.5)
    assert len({example.name for example in clips.examples}) == 40


def test_adding_faces_does_not_change_the_first_ones(stills):
    more = rendered(dataclasses.replace(STILLS, subjects=4, per_subject=9))
    same = [example.name for example in more.examples].index(stills.examples[7].name)
    np.testing.assert_array_equal(more.image(same), stills.image(7))
    np.testing.assert_allclose(
        more.examples[same].labels["landmarks"].value, stills.examples[7].labels["landmarks"].value, atol=1e-4
    )
    longer = rendered(dataclasses.replace(CLIPS, frames=14, per_subject=1))
    np.testing.assert_array_equal(longer.image(5), rendered(CLIPS).image(5))


def test_splits_share_no_face(stills):
    other = rendered(dataclasses.replace(STILLS, split="test"))
    assert not {e.subject for e in other.examples} & {e.subject for e in stills.examples}
    assert (
        np.abs(other.examples[0].labels["landmarks"].value - stills.examples[0].labels["landmarks"].value).max() > 0.5
    )


def test_labels_follow_the_action_units(stills, clips):
    for source in (stills, clips):
        for index in (0, 9):
            labels, units = source.examples[index].labels, source.action_units(index)
            np.testing.assert_allclose(labels["valence_arousal"].value, affect.valence_arousal(units), rtol=1e-5)
            emotion, intensity = affect.emotion(units)
            assert (
                labels["emotion"].value.argmax() == emotion
                and labels["emotion"].value.sum() == 1
                and source.intensity(index) == pytest.approx(float(intensity))
            )


@pytest.mark.parametrize("size_px", [64, 160])
def test_crop_covers_its_share_of_any_canvas(size_px):
    source = rendered(dataclasses.replace(STILLS, size_px=size_px))
    assert source.image(0).shape == (size_px, size_px, 3)
    for example in source.examples:
        crop = landmark_crop(example.labels["landmarks"].value)
        assert 0.74 < crop.side_px / size_px < 0.90
        assert abs(crop.center_x_px / size_px - 0.5) < 0.06 and abs(crop.center_y_px / size_px - 0.5) < 0.06


def test_annotators_label_with_their_mean(clips):
    rated = rendered(dataclasses.replace(CLIPS, labels="annotators"))
    name = clips.examples[20].clip
    ratings = rated.annotators(name)
    assert ratings.shape == (3, 10, 2)
    labels = np.stack([e.labels["valence_arousal"].value for e in rated.examples if e.clip == name])
    np.testing.assert_allclose(labels, ratings.mean(0), atol=1e-6)
    np.testing.assert_array_equal(rated.image(20), clips.image(20))
    assert (
        np.abs(labels - np.stack([e.labels["valence_arousal"].value for e in clips.examples if e.clip == name])).max()
        > 0.01
    )


def test_affect_spreads_over_the_circumplex():
    source = rendered(RenderedConfig(subjects=20, per_subject=50))
    values = np.stack([example.labels["valence_arousal"].value for example in source.examples])
    assert (values.std(0) > 0.33).all() and (values.std(0) < 0.48).all()
    for valence_sign in (-1, 1):
        for arousal_sign in (-1, 1):
            assert ((values * (valence_sign, arousal_sign)) > 0.1).all(1).mean() > 0.05


@pytest.mark.parametrize(
    "change",
    [{"split": "dev"}, {"kind": "video"}, {"labels": "mean"}, {"subjects": 0}, {"size_px": 8}, {"fps": 0.0}]
    + [{"labels": "annotators", "kind": "stills"}, {"seed": -1}, {"individuality": 4.0}, {"expressiveness": 0.0}]
    + [{"rest_seconds": -1.0}, {"first": -1}, {"intensities": ("joy",)}, {"intensities": ("sad", "sad")}],
)
def test_wrong_option_is_named(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        rendered(dataclasses.replace(STILLS, **change))


def test_unknown_clip_is_named(stills, clips):
    with pytest.raises(ValueError, match="no clip 'train/nobody'"):
        clips.annotators("train/nobody")
    with pytest.raises(ValueError, match="clips only"):
        stills.annotators("train/subject_000")


def test_faces_of_another_renderer_version_are_rejected():
    with pytest.raises(ValueError, match="drawing is 0, but this version of affect_jax draws 1"):
        rendered(RenderedConfig(drawing=0))


def test_options_without_effect_are_named(caplog):
    rendered(dataclasses.replace(STILLS, root="data/faces", frames=20))
    assert "rendered.root is 'data/faces', which has no effect: nothing is read" in caplog.text
    assert "rendered.frames is 20, which has no effect: kind is 'stills'" in caplog.text
    caplog.clear()
    rendered(RenderedConfig(kind="clips", subjects=1, per_subject=1, frames=2, fps=10.0))
    assert not caplog.text


def test_a_clip_begins_with_a_face_at_rest_and_then_goes_on_as_without(clips):
    resting = rendered(dataclasses.replace(CLIPS, frames=40, rest_seconds=1.0))
    usual = rendered(dataclasses.replace(CLIPS, frames=40))
    times = np.array([example.time_seconds for example in resting.examples])
    units, without = (np.stack([source.action_units(row) for row in range(160)]) for source in (resting, usual))
    assert not units[times <= 1].any() and without[times <= 1].any()
    np.testing.assert_array_equal(units[times >= 1.5], without[times >= 1.5])
    labels = np.stack([example.labels["valence_arousal"].value for example in resting.examples])
    assert not labels[times <= 1].any()
    rated = rendered(dataclasses.replace(CLIPS, frames=40, rest_seconds=1.0, labels="annotators"))
    ratings = rated.annotators(clips.examples[0].clip)
    before = ratings[:, times[:40] <= 1]
    assert np.abs(before).max() < 0.45  # bias and noise of the raters only
    assert np.ptp(before, axis=1).max() < 0.4


def test_the_first_clip_can_be_a_later_one(clips):
    later = rendered(dataclasses.replace(CLIPS, per_subject=1, first=1))
    assert later.examples[10].name == "train/subject_001/clip_01/00000"
    np.testing.assert_array_equal(later.image(10), clips.image(30))


def test_expressiveness_changes_faces_and_not_labels(clips):
    less = rendered(dataclasses.replace(CLIPS, expressiveness=0.5))
    same = [example.labels["valence_arousal"].value for example in clips.examples]
    np.testing.assert_array_equal([example.labels["valence_arousal"].value for example in less.examples], same)
    felt = clips.person(0).expressiveness
    np.testing.assert_allclose(less.person(0).expressiveness[:-1], 0.5 * felt[:-1])
    strongest = int(np.argmax([clips.action_units(row).sum() for row in range(40)]))
    assert np.abs(less.image(strongest).astype(int) - clips.image(strongest)).max() > 20


def _expressions(monkeypatch, units_of):
    """Rendered faces that show these action units, by unit."""
    units = np.zeros((len(next(iter(units_of.values()))), len(affect.ACTION_UNITS)))
    for unit, values in units_of.items():
        units[:, affect.UNIT[unit]] = values
    drawn = motion.stills
    monkeypatch.setattr(motion, "stills", lambda *given: dataclasses.replace(drawn(*given), units=units))


def test_intensities_are_relative_to_what_each_subject_shows(monkeypatch):
    # Of the first subject, AU6 has the maximum 0.5 and AU12 0.8; of the second, they have 1.0 and 0.2.
    _expressions(monkeypatch, {6: [0.1, 0.5, 0.0, 1.0, 0.5, 0.0], 12: [0.8, 0.4, 0.0, 0.1, 0.2, 0.0]})
    source = rendered(dataclasses.replace(STILLS, subjects=2, per_subject=3, intensities=("happy",)))
    labels = [example.labels["intensity_happy"] for example in source.examples]
    np.testing.assert_allclose([label.value for label in labels], [[6.0], [7.5], [0], [7.5], [7.5], [0]], rtol=1e-6)
    assert all(label.weight == 1 and label.value.dtype == np.float32 for label in labels)
    assert "intensity_sad" not in source.examples[0].labels


def test_an_emotion_of_which_a_subject_moves_no_unit_is_unknown_and_named(monkeypatch, caplog):
    _expressions(monkeypatch, {6: [0.1, 0.5, 0.04, 0.02], 12: [0.8, 0.4, 0.8, 0.4]})
    source = rendered(dataclasses.replace(STILLS, subjects=2, per_subject=2, intensities=("happy",)))
    labels = [example.labels["intensity_happy"] for example in source.examples]
    assert [float(label.weight) for label in labels] == [1, 1, 0, 0]
    assert labels[2].value == 0 and labels[0].value == pytest.approx(10 * (0.1 / 0.5 + 1) / 2)
    assert (
        "rendered faces: the intensity of 'happy' is unknown for 1 of 2 people (train/subject_001), who never move "
        "its AU6"
    ) in caplog.text


def test_maxima_are_taken_over_all_clips_of_a_subject(clips):
    source = rendered(dataclasses.replace(CLIPS, intensities=("surprise", "happy")))
    units = np.stack([source.action_units(row) for row in range(40)]).reshape(2, 20, -1)
    for emotion in ("surprise", "happy"):
        chosen = units[..., [affect.UNIT[unit] for unit in affect.PROTOTYPES[emotion]]]
        highest = chosen.max(1, keepdims=True)
        label = [example.labels[f"intensity_{emotion}"] for example in source.examples]
        known = np.broadcast_to((2 * highest > 0.1).all(-1), (2, 20)).ravel()
        np.testing.assert_array_equal([float(each.weight) for each in label], known)
        expected = (10 * (chosen / np.maximum(highest, 1e-9)).mean(-1)).ravel() * known
        np.testing.assert_allclose([each.value[0] for each in label], expected, rtol=1e-5)


def test_without_intensities_labels_and_fingerprints_are_those_from_before(clips):
    assert set(clips.examples[0].labels) == {"valence_arousal", "emotion", "landmarks"}
    # The fingerprint of the version before the option existed.
    assert store.fingerprint("rendered", CLIPS) == "61334f89b6107025"
    assert store.fingerprint("rendered", dataclasses.replace(CLIPS, intensities=("happy",))) != "61334f89b6107025"
