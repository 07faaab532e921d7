"""Sources and targets: who is in which half, that nobody is in both, and what is refused."""

import imitated_recola
import numpy as np
import pytest
from imitated_recola import AVEC, ORIGINAL, RATERS, RECORDED
from PIL import Image

from affect_jax.data.readers.recola import RECOLAConfig, recola
from affect_jax.data.readers.recola_people import Halves, can_share, divide

NOBODY = Halves((), ())
SAMPLES = 12


def ratings(folder, name, raters=RATERS, values=0.25):
    for dimension in ("arousal", "valence"):
        path = folder / dimension / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [";".join([f"{sample / 25:.2f}"] + [f"{values:.2f}"] * len(raters)) for sample in range(SAMPLES)]
        path.write_text("time;" + " ;".join(raters) + "\n" + "\n".join(rows) + "\n")


@pytest.fixture
def released(tmp_path, write_film):
    """The layout of the original release in miniature: labels of 23 people, videos of 18."""
    for name in ORIGINAL:
        ratings(tmp_path / "RECOLA-Annotation" / "emotional_behaviour", name)
    for name in ORIGINAL[:RECORDED]:
        write_film(tmp_path / "RECOLA-Video-recordings" / f"{name}.mp4", range(0, 8 * SAMPLES, 8))
    return tmp_path


def people(root, split, **options):
    return sorted(set(recola(RECOLAConfig(str(root), split=split, **options)).examples.subjects.tolist()))


def test_the_training_and_development_sets_of_avec_are_sources_and_targets():
    names = ["dev_10", *reversed(AVEC), "test_1"]
    found = divide(names, NOBODY, lambda name: True, "labels")
    assert found.sources == tuple(f"train_{number}" for number in range(1, 10))
    assert found.targets == tuple(f"dev_{number}" for number in range(1, 11))


def test_of_the_original_release_those_with_video_are_halved_by_number(released, caplog):
    assert people(released, "sources") == ["P16", "P17", "P19", "P21", "P23", "P25", "P26", "P28", "P30"]
    assert people(released, "targets") == ["P34", "P37", "P39", "P41", "P42", "P43", "P45", "P46", "P48"]
    assert "5 of 23 people have labels but no video and are left out: P56, P58, P62, P64, P65" in caplog.text
    assert "published study" not in caplog.text
    (released / "RECOLA-Video-recordings" / "P48.mp4").unlink()
    assert len(people(released, "targets")) == 9
    assert "8 source and 9 target people; the published study had 9 and 9" in caplog.text


def test_of_a_listed_half_the_other_is_everybody_else(released):
    chosen = ("P48", "P16")
    assert people(released, "sources", sources=chosen) == sorted(chosen)
    assert people(released, "targets", sources=chosen) == sorted(set(ORIGINAL[:RECORDED]) - set(chosen))
    assert people(released, "sources", targets=chosen) == people(released, "targets", sources=chosen)
    assert people(released, "targets", sources=("P16",), targets=("P19", "P17")) == ["P17", "P19"]


@pytest.mark.parametrize(
    ("names", "listed", "message"),
    [
        (("P16", "P17"), Halves(("P1",), ()), r"sources names P1, but labels has no such labels; it has P16, P17"),
        (
            ("P16", "train_1"),
            NOBODY,
            r"labels has labels of original names \(P16\) and of AVEC's, which may be the sam",
        ),
        (("train_1", "test_1"), NOBODY, r"labels: nobody is left for the targets; set sources and targets to names"),
        (("P16", "P17"), Halves((), ("P17", "P16")), r"labels: nobody is left for the sources"),
    ],
)
def test_people_that_cannot_be_divided(names, listed, message):
    with pytest.raises(ValueError, match=message):
        divide(names, listed, lambda name: True, "labels")


def test_a_recording_named_twice_is_refused_before_anything_is_read():
    with pytest.raises(ValueError, match=r"P17 is in both sources and targets; who is adapted to must not be learned"):
        RECOLAConfig("nowhere", split="sources", sources=("P16", "P17"), targets=("P17", "P19"))
    with pytest.raises(ValueError, match=r"targets names dev_1 more than once"):
        RECOLAConfig("nowhere", split="targets", targets=("dev_1", "dev_1"))


def test_a_listed_recording_without_video_is_missing(released):
    with pytest.raises(ValueError, match=r"1 of 2 rows.*recording is missing.*P65|P65.*neither a folder"):
        people(released, "targets", targets=("P65", "P16"))


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (("sources", NOBODY), ("targets", NOBODY), False),
        (("sources", NOBODY), ("train", NOBODY), True),
        (("sources", NOBODY), ("dev", NOBODY), False),
        (("targets", NOBODY), ("dev", NOBODY), True),
        (("targets", NOBODY), ("all", NOBODY), True),
        (("train", NOBODY), ("all", NOBODY), True),
        (("train", NOBODY), ("test", NOBODY), False),
        (("sources", Halves(("P16",), ())), ("targets", Halves(("P16",), ())), False),
        (("sources", Halves(("P16",), ())), ("targets", Halves((), ("P16", "P17"))), True),
        (("sources", Halves(("P16",), ())), ("targets", Halves((), ("P17",))), False),
        (("sources", Halves(("P16",), ())), ("targets", NOBODY), True),
        (("sources", Halves(("train_1",), ())), ("dev", NOBODY), False),
        (("sources", Halves((), ("train_1",))), ("dev", NOBODY), True),
    ],
)
def test_which_splits_can_share_a_person(one, other, shared):
    assert can_share(*one, *other) == can_share(*other, *one) == shared


def test_lists_say_that_they_need_their_splits(released, caplog):
    people(released, "all", sources=("P16",), max_skipped_fraction=1.0)
    assert "recola.sources is ('P16',), which has no effect: split is 'all'" in caplog.text


def test_a_rater_that_one_recording_lacks(released, caplog):
    folder = released / "RECOLA-Annotation" / "emotional_behaviour"
    people(released, "sources")
    assert "has no ratings by" not in caplog.text
    ratings(folder, "P17", RATERS[:-1])
    people(released, "sources")
    assert caplog.text.count("has no ratings by FF3, which other recordings have: its labels are the mean of FM1") == 2
    with pytest.raises(ValueError, match=r"P17.csv has no annotator 'FF3'; choose one of FM1, FM2, FM3, FF1, FF2, or"):
        people(released, "sources", rater="FF3")
    assert len(people(released, "targets", rater="FF3")) == 9


def test_other_frame_rates(released, write_film, caplog):
    folder = released / "RECOLA-Annotation" / "emotional_behaviour"
    for dimension in ("arousal", "valence"):
        rows = "\n".join(f"{sample / 25:.2f};{sample / 100:.2f}" for sample in range(SAMPLES))
        (folder / dimension / "P16.csv").write_text(f"time;FM1\n{rows}\n")
    write_film(released / "RECOLA-Video-recordings" / "P16.mp4", range(0, 220, 11), rate=50)
    labels = recola(RECOLAConfig(str(released), split="sources", sources=("P16",))).examples.labels["valence_arousal"]
    np.testing.assert_allclose(labels.value[:, 0], np.arange(20) / 200, atol=1e-6)  # between two samples, their mean
    assert labels.weight.all()
    (released / "RECOLA-Video-recordings" / "P16.mp4").unlink()
    for number in range(1, 4):  # one image a second, though 25 are assumed
        path = released / "frames" / "P16" / f"{number:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((32, 32, 3), 80 * number, np.uint8)).save(path)
    for dimension in ("arousal", "valence"):
        rows = "\n".join(f"{sample / 25:.2f};0.25" for sample in range(51))
        (folder / dimension / "P16.csv").write_text(f"time;FM1\n{rows}\n")
    with pytest.raises(
        ValueError, match=r"the labels run from 0 to 2 s, but the recording has 0.12 s; expected seconds"
    ):
        people(released, "sources", sources=("P16",))
    assert people(released, "sources", sources=("P16",), fps=1.0) == ["P16"]
    caplog.clear()
    people(released, "sources", sources=("P16",), fps=5.0)
    assert "labels go on after the recording" in caplog.text and "taken to be 5 a second (fps)" in caplog.text


def test_the_imitation_is_read_in_both_forms(tmp_path):
    made = imitated_recola.imitate(tmp_path / "original", seconds=0.2, people=4)
    source = recola(RECOLAConfig(str(made.root), split="targets"))
    assert sorted(set(source.examples.subjects.tolist())) == ["P19", "P21"] and len(source.examples) == 10
    expected = made.ratings[2].mean(0)[:5]
    np.testing.assert_allclose(source.examples.labels["valence_arousal"].value[:5], expected, atol=1e-6)
    assert source.image(0).shape == (120, 160, 3)
    made = imitated_recola.imitate(tmp_path / "avec", "avec", seconds=0.2, people=11)
    for labels, rater, expected in (("labels/gs_1", "", made.ratings[9].mean(0)), ("", "FF2", made.ratings[9, 4])):
        options = {"labels": labels or "labels/ratings_individual", "rater": rater}
        source = recola(RECOLAConfig(str(made.root), split="targets", **options))
        assert set(source.examples.subjects.tolist()) == {"dev_1", "dev_2"}
        np.testing.assert_allclose(source.examples.labels["valence_arousal"].value[:5], expected[:5], atol=1e-6)
