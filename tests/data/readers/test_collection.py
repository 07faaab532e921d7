import numpy as np
import pytest
from PIL import Image

from affect_jax.data.readers.collection import Collection, label_recording
from affect_jax.data.readers.traces import ClipConfig, Trace
from affect_jax.data.recordings import find_footage
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

FPS = 10.0


def trace(first, last, value):
    """Labels at 10 Hz from frame `first` to frame `last`, all of one value."""
    times = np.arange(first, last + 1) / FPS
    return Trace(times, np.full((len(times), 1), value, np.float32), np.ones(len(times)))


@pytest.fixture
def root(tmp_path):
    for name in ("ann", "bob"):
        (tmp_path / "frames" / name).mkdir(parents=True)
        for number in range(1, 21):
            Image.new("RGB", (8, 8)).save(tmp_path / "frames" / name / f"{number:05d}.png")
    return tmp_path


@pytest.fixture
def collection(root):
    return Collection("sewa", ClipConfig(str(root), fps=FPS, max_skipped_fraction=0.5), root, "labels")


def add(collection, name, traces):
    if (footage := collection.footage(name, f"{name}.csv")) is not None:
        collection.add_traces(name, footage, traces, f"{name}.csv")


def test_a_frame_without_both_dimensions_has_no_label(root):
    footage = find_footage(root, "ann", FPS)
    labels = label_recording("ann", "A", footage, {VALENCE: trace(0, 17, 0.5), AROUSAL: trace(2, 19, -0.25)}).labels
    known = (np.arange(20) >= 2) & (np.arange(20) <= 17)
    np.testing.assert_array_equal(labels["valence_arousal"].weight, known)
    np.testing.assert_array_equal(labels["valence_arousal"].value[known], np.tile([0.5, -0.25], (16, 1)))
    assert not labels["valence_arousal"].value[~known].any()


def test_a_recording_that_cannot_be_used_is_counted_by_reason(collection):
    traces = {VALENCE: trace(0, 19, 0.5), AROUSAL: trace(0, 19, 0.5)}
    add(collection, "ann", traces)
    add(collection, "eve", traces)  # has no frames
    add(collection, "bob", {VALENCE: traces[VALENCE], AROUSAL: trace(1000, 1019, 0.5)})
    assert collection.recordings.counts() == {
        "recording is missing": 1,
        "label times do not belong to the recording": 1,
    }
    with pytest.raises(ValueError, match=r"labels: recordings: 2 of 3 rows .*The first is row 2: .*frames/eve"):
        collection.source()


def test_the_others_are_one_source_with_a_subject_each(collection):
    for name in ("ann", "bob"):
        add(collection, name, {VALENCE: trace(0, 19, 0.5), AROUSAL: trace(0, 19, 0.5)})
    examples = collection.source().examples
    assert list(examples.subjects) == list(examples.clips) == ["ann"] * 20 + ["bob"] * 20


def test_the_first_reason_is_quoted_if_no_recording_can_be_used(collection, root):
    (root / "landmarks").mkdir()
    add(collection, "ann", {VALENCE: trace(0, 19, 0.5), AROUSAL: trace(0, 19, 0.5)})
    with pytest.raises(ValueError, match=r"none of the 1 recordings of labels can be used .*no landmarks at .*ann.csv"):
        collection.source()
