"""Labels of BIDS out of flags and names of files."""

import pytest

from affect_jax.tables.formats.bids_names import bids_name, bids_names


@pytest.mark.parametrize(
    ("source", "flags", "folder", "file"),
    [
        ("sub-01_task-rest_video.mp4", {}, "sub-01/beh", "sub-01_task-rest_desc-affect_physio.json"),
        (
            "sub-A7_ses-02_task-talk_acq-gopro_run-3.mkv",
            {},
            "sub-A7/ses-02/beh",
            "sub-A7_ses-02_task-talk_acq-gopro_run-3_desc-affect_physio.json",
        ),
        ("task-rest_run-2_sub-01.mp4", {}, "sub-01/beh", "sub-01_task-rest_run-2_desc-affect_physio.json"),
        ("sub-01_task-rest_run-b.mp4", {}, "sub-01/beh", "sub-01_task-rest_desc-affect_physio.json"),  # no number
        (
            "film.mp4",
            {"participant": "P12", "task": "film"},
            "sub-P12/beh",
            "sub-P12_task-film_desc-affect_physio.json",
        ),
        (
            "sub-01_task-rest.mp4",  # flags come before names, and may be written as in a name
            {"participant": "sub-02"},
            "sub-02/beh",
            "sub-02_task-rest_desc-affect_physio.json",
        ),
    ],
)
def test_labels_come_from_the_name_or_from_flags(source, flags, folder, file):
    name = bids_name(source, **flags)
    assert (name.folder.as_posix(), name.file("physio.json")) == (folder, file)
    stem = file.removesuffix("_desc-affect_physio.json")
    assert name.file("physio.tsv.gz", face=4) == f"{stem}_recording-face4_desc-affect_physio.tsv.gz"
    assert name.file("beh.tsv", face=4) == f"{stem}_desc-affectface4_beh.tsv"


@pytest.mark.parametrize(
    ("source", "flags", "message"),
    [
        (
            "film.mp4",
            {},
            "film.mp4: the layout of BIDS needs the label of its participant and task; give --participant and --task, "
            "or name the file like sub-01_task-interview_video.mp4",
        ),
        ("sub-01.mp4", {}, "sub-01.mp4: the layout of BIDS needs the label of its task; give --task, or name the file"),
        ("mysub-01_task-a.mp4", {}, "the label of its participant; give --participant, or name"),
        ("sub-ä_task-a.mp4", {}, "the label of its participant; give --participant, or name"),
        (
            "film.mp4",
            {"participant": "../x", "task": "a"},
            "--participant=../x is no label of BIDS; use letters and digits only",
        ),
        (
            "film.mp4",
            {"participant": "1", "task": "a b"},
            "--task=a b is no label of BIDS; use letters and digits only",
        ),
    ],
)
def test_what_gives_no_labels_is_refused(source, flags, message):
    with pytest.raises(ValueError) as caught:
        bids_name(source, **flags)
    assert message in str(caught.value)


def test_two_recordings_of_one_name_are_refused():
    names = ("sub-01_task-a_left.mp4", "sub-01_task-a_run-2.mp4", "sub-01_task-a_right.mp4")
    assert len(bids_names(names[:2])) == 2
    with pytest.raises(ValueError) as caught:
        bids_names(names)
    assert str(caught.value) == (
        "sub-01_task-a_left.mp4 and sub-01_task-a_right.mp4 would both be sub-01_task-a in the layout of BIDS; tell "
        "them apart in their names, by _run-1 and _run-2 for example"
    )
