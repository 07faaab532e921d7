"""What all readers have in common, whoever adds one."""

import dataclasses
import math

import pytest

from affect_jax.data.registry import READERS
from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.data import open_source

FROM_FILES = sorted(set(READERS) - {"rendered", "features"})  # of other people
SYNONYMS = {  # first words for one split, then a word for another
    "action_units": (("all",), None),
    "aff_wild2": (("training", "Train"), "validation"),
    "affectnet": (("validation", "val"), "automatically_annotated"),
    "affectnet_npy": (("training", "train", "train_set"), "val"),
    "afew_va": (("all",), None),
    "ck_plus": (("public_test", "validation"), "all"),
    "features": (("all", ""), None),
    "fer2013": (("private_test", "test", "PrivateTest"), "val"),
    "ferplus": (("public_test", "validation", "val"), "test"),
    "folder": (("train",), "training"),  # folders of these names would be two
    "omg": (("validation", "val", "Dev"), "training"),
    "raf_db": (("test", "validation"), "train"),
    "recola": (("validation", "devel", "DEV"), "all"),
    "rendered": (("train",), "test"),
    "sewa": (("training", "train", "TRAIN"), "dev"),
}


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_reader_knows_which_words_are_one_split(name):
    own = lambda word: READERS[name][1](root="somewhere", split=word).own_split
    same, other = SYNONYMS[name]
    assert {own(word) for word in same} == {own(same[0])}
    assert other is None or own(other) != own(same[0])


@pytest.mark.parametrize("name", FROM_FILES)
def test_a_wrong_root_is_a_usage_error_that_names_it(name, tmp_path):
    reader, config = READERS[name]
    root = str(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        reader(config(root=root))
    with pytest.raises(UsageError, match=r"nowhere.*; \S+|nowhere.*expected"):
        open_source(SourceConfig(name, config(root=root)), "affectnet_8")


@pytest.mark.parametrize("name", FROM_FILES)
def test_every_reader_counts_what_it_skips_and_can_be_strict(name):
    fields = {field.name for field in dataclasses.fields(READERS[name][1])}
    assert {"root", "split", "strict", "max_skipped_fraction", "skipped_csv"} <= fields


@pytest.mark.parametrize("name", FROM_FILES)
def test_no_reader_takes_a_share_of_skipped_rows_beyond_all_of_them(name):
    for share in (-0.1, 1.5, math.nan):
        with pytest.raises(ValueError, match=f"max_skipped_fraction is {share}; expected a number from 0 to 1"):
            READERS[name][1](root="somewhere", max_skipped_fraction=share)
