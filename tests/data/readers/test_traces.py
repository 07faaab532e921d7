import pytest

from affect_jax.data.readers.sewa import SEWAConfig
from affect_jax.data.readers.traces import resolve_split


def test_options_and_splits_of_readers_of_clips():
    with pytest.raises(ValueError, match=r"fps is -1.0; expected frames per second"):
        SEWAConfig(root="", fps=-1.0)
    words = {"training": "Train", "validation": "Devel"}
    assert [resolve_split(split, words) for split in ("training", "Train", "devel", "DEV", "val")] == [
        *["Train"] * 2,
        *["Devel"] * 3,
    ]
    with pytest.raises(ValueError, match="split is 'test'; choose training, validation"):
        resolve_split("test", words)
