"""Data prepared beforehand is what training reads, and nothing is read from its origin again."""

import numpy as np
import pytest

from affect_jax.data.registry import READERS
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.data import open_training_source, training_batches
from affect_jax.experiment.prepare_data import prepare_data
from affect_jax.experiment.refuse import refuse
from affect_jax.experiment.run import Run


def test_training_takes_prepared_data_without_its_reader(miniature, tmp_path, monkeypatch):
    config = miniature(tmp_path)
    config.data.store = ""
    direct = open_training_source(options.parse(config), tmp_path)
    config.data.store = str(tmp_path / "deep" / "store")
    faces = prepare_data(config)
    assert faces == {"train.rendered": len(direct.examples), "evaluations.validation": 8}
    monkeypatch.setitem(READERS, "rendered", (None, READERS["rendered"][1]))  # cannot be called any more
    assert prepare_data(config) == faces
    stored = open_training_source(options.parse(config), tmp_path)
    for index in range(len(direct.examples)):
        np.testing.assert_array_equal(stored.image(index), direct.image(index))


def stored_crops(config, **stored):
    config.data.stored.update(crop_px=40, margin=1.7, **stored)
    config.augment.update(shift=0.05, scale=0.25, rotation_degrees=13.5)
    return config


@pytest.mark.parametrize(("encoding", "most"), [("png", 1.0), ("jpeg", 3.0)])
def test_batches_of_stored_crops_are_nearly_those_of_the_images(miniature, tmp_path, encoding, most):
    config = stored_crops(miniature(tmp_path), encoding=encoding)
    config.data.store = ""
    config.data.stored.crop_px = 0
    direct = options.parse(config)
    config = stored_crops(miniature(tmp_path), encoding=encoding)
    faces = prepare_data(config)
    stored = options.parse(config)
    batches = []
    for each in (direct, stored):
        source = open_training_source(each, tmp_path)
        assert len(source.examples) == faces["train.rendered"]
        stream = training_batches(each, source, tmp_path)
        first = next(stream)
        again = training_batches(each, source, tmp_path)
        again.set_state({"next_index": 1})
        second, resumed = next(stream), next(again)
        np.testing.assert_array_equal(second.inputs.images, resumed.inputs.images)
        batches += [first, second]
    for one, other in zip(batches[:2], batches[2:], strict=True):
        np.testing.assert_array_equal(one.index, other.index)
        np.testing.assert_allclose(one.labels["landmarks"].value, other.labels["landmarks"].value, atol=1e-3)
        assert np.abs(one.inputs.images.astype(float) - other.inputs.images).mean() < most


def test_the_report_is_written_and_damage_is_named(miniature, tmp_path):
    config = miniature(tmp_path)
    prepare_data(config)
    (report, *_) = sorted((tmp_path / "data").glob("*/report.txt"))
    assert "faces: 8; 0 more were skipped" in report.read_text()
    (shard,) = report.parent.glob("*array_record-00000")
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(UsageError, match="array_record-00000 is damaged: its checksum is not that"):
        prepare_data(config)


def test_a_store_without_checksums_is_used_as_it_is(miniature, tmp_path, caplog):
    config = miniature(tmp_path)
    faces = prepare_data(config)
    for path in (tmp_path / "data").glob("*/shards.json"):
        path.unlink()
    with caplog.at_level("INFO"):
        assert prepare_data(config) == faces
    assert "has no checksums: it was written by an earlier version; remove it to have them" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.stored.margin": 1.2}, r"data.stored.margin is 1.2, but augment reaches 1.61 times as far as the crop"),
        (
            {"data.stored.crop_px": 16},
            "data.stored.crop_px is 16, but the network takes 32 px: its images wou",
        ),
        ({"crop.warp": "emonet"}, "crop.warp is 'emonet', which resamples the image itself; set data.stored.crop_px=0"),
        ({"data.store": ""}, "data.stored.crop_px is 40, but there is no store; set data.store"),
    ],
)
def test_stored_crops_that_do_not_fit_the_run_are_refused(miniature, tmp_path, changes, message):
    config = stored_crops(miniature(tmp_path))
    config.update_from_flattened_dict(changes)
    with pytest.raises(UsageError, match=message):
        prepare_data(config)
    with pytest.raises(UsageError, match=message):
        refuse(Run(options.parse(config), tmp_path))


def test_without_a_store_nothing_would_be_kept(miniature, tmp_path):
    config = miniature(tmp_path)
    config.data.store = ""
    with pytest.raises(UsageError, match="data.store is empty, so nothing would be kept; set --config.data.store=DIR"):
        prepare_data(config)
