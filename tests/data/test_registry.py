"""What all readers have in common, whoever adds one."""

import dataclasses

import pytest

from affect_jax.data.registry import READERS
from affect_jax.experiment import build
from affect_jax.experiment.data_options import SourceConfig
from affect_jax.experiment.errors import UsageError

FROM_FILES = sorted(set(READERS) - {"rendered"})


@pytest.mark.parametrize("name", FROM_FILES)
def test_a_wrong_root_is_wrong_usage_and_the_message_names_it(name, tmp_path):
    reader, config = READERS[name]
    root = str(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        reader(config(root=root))
    with pytest.raises(UsageError, match=r"nowhere.*; \S+|nowhere.*expected"):
        build.source(SourceConfig(name, config(root=root)), "affectnet_8")


@pytest.mark.parametrize("name", FROM_FILES)
def test_every_reader_counts_what_it_skips_and_can_be_strict(name):
    fields = {field.name for field in dataclasses.fields(READERS[name][1])}
    assert {"root", "split", "strict", "max_skipped_fraction", "skipped_csv"} <= fields
