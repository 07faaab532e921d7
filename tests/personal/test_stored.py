import dataclasses
import hashlib
import json
import struct

import numpy as np
import pytest

from affect_jax.convert import safetensors_writing
from affect_jax.personal.digest import network_digest
from affect_jax.personal.stored import HEAD_ARRAYS, StoredFeatures, head_output, read_features, write_features
from affect_jax.tables.feature_rows import ARRAYS, FACTS, TABLE
from affect_jax.tables.reading import read_rows

ROWS, FEATURES, HIDDEN = 7, 5, 3


def make_stored(**changes) -> StoredFeatures:
    rng = np.random.default_rng(0)
    normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    head = dict(zip(HEAD_ARRAYS, (normal(FEATURES, HIDDEN), normal(HIDDEN), normal(HIDDEN, 2), normal(2)), strict=True))
    features = normal(ROWS, FEATURES)
    weight = np.array([1, 1, 0, 1, 1, 0, 1], np.float32)
    stored = StoredFeatures(
        features=features,
        raw=head_output(head, features),
        labels=np.tanh(normal(ROWS, 2)) * weight[:, None],
        weight=weight,
        subject=("anna",) * 3 + ("ben",) * 4,
        clip=("a/1",) * 3 + ("b/1",) * 2 + ("b/2",) * 2,
        face=np.arange(ROWS) % 2,
        frame=np.array([0, 1, 2, 0, 1, 0, 1]),
        time_seconds=np.array([0, 0.04, 0.08, 0, 0.04, 0, 1 / 3]),
        network_sha256="ab" * 32,
        geometry=normal(ROWS, 4),
        head=head,
        network="static@7",
        crop="whole_frame crop_px=64",
    )
    return dataclasses.replace(stored, **changes)


@pytest.fixture
def folder(tmp_path):
    write_features(make_stored(), tmp_path / "features")
    return tmp_path / "features"


def test_features_are_read_as_they_were_written(folder):
    written, read = make_stored(path=folder), read_features(folder)
    for field in dataclasses.fields(StoredFeatures):
        one, other = getattr(written, field.name), getattr(read, field.name)
        if field.name == "head":
            assert list(one) == list(other)
            one, other = [*one.values()], [*other.values()]
        for a, b in zip(one, other, strict=True) if field.name == "head" else [(one, other)]:
            assert type(a) is type(b), field.name
            np.testing.assert_array_equal(a, b, err_msg=field.name)


def test_the_table_has_clipped_values_and_no_label_where_there_is_none(folder):
    rows, stored = read_rows(folder / TABLE), make_stored()
    assert np.abs(stored.output).max() > 1
    np.testing.assert_array_equal(rows.values["valence_arousal"], np.clip(np.float64(stored.output), -1, 1))
    np.testing.assert_array_equal(rows.labeled("valence_arousal"), stored.weight > 0)


def test_features_need_neither_geometry_nor_head(tmp_path):
    write_features(make_stored(geometry=None, head=None), tmp_path)
    read = read_features(tmp_path)
    assert read.geometry is None and read.head is None


@pytest.mark.parametrize("name", [TABLE, ARRAYS, FACTS])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"holds no complete stored features: .*{name} is missing; store the"):
        read_features(folder)


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere holds no stored features: .* is missing"):
        read_features(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [TABLE, ARRAYS])
def test_a_file_that_was_cut_off_is_refused(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-10])
    with pytest.raises(ValueError, match=f"{name} was damaged or changed after it was written; store the features"):
        read_features(folder)


def change_facts(folder, **changes):
    content = json.loads((folder / FACTS).read_text())
    (folder / FACTS).write_text(json.dumps({**content, **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network_sha256": None}, r"damaged \(network_sha256 is None\)"),
        ({"network_sha256": ""}, r"damaged \(network_sha256 is ''\)"),
        ({"version": 2}, "has version 2, but this version of affect_jax reads 1"),
        ({"sha256": {}}, "damaged"),
    ],
)
def test_facts_that_are_incomplete_are_refused(folder, changes, message):
    change_facts(folder, **changes)
    with pytest.raises(ValueError, match=message):
        read_features(folder)


def test_facts_that_are_no_json_are_refused(folder):
    (folder / FACTS).write_text("{")
    with pytest.raises(ValueError, match="features.json is damaged .not valid JSON"):
        read_features(folder)


def replace_arrays(folder, data: bytes):
    """Puts other bytes in place of the arrays, with a checksum that fits them."""
    (folder / ARRAYS).write_bytes(data)
    sums = json.loads((folder / FACTS).read_text())["sha256"]
    change_facts(folder, sha256={**sums, ARRAYS: hashlib.sha256(data).hexdigest()})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a safetensors file"),
        (b"no tensors at all", "is not a safetensors file"),
        (struct.pack("<Q", 2) + b"{}", "lacks the array features"),
        (struct.pack("<Q", 10) + b'{"a":', "header is not valid JSON"),
    ],
)
def test_arrays_that_are_damaged_although_their_checksum_fits_are_refused(folder, data, message):
    replace_arrays(folder, data)
    with pytest.raises(ValueError, match=message):
        read_features(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.zeros((ROWS - 1, FEATURES))}, r"features has shape \(6, 5\), but the table has 7 rows"),
        ({"valence_arousal": np.zeros((ROWS, 3))}, r"valence_arousal has shape \(7, 3\), expected 2 columns"),
        ({"geometry": np.zeros((3, 4))}, r"geometry has shape \(3, 4\), but the table has 7 rows"),
    ],
)
def test_arrays_that_do_not_fit_the_table_are_refused(folder, tmp_path, changes, message):
    stored = make_stored()
    arrays = {"features": stored.features, "valence_arousal": stored.output, **changes}
    safetensors_writing.write(tmp_path / "other", arrays, {})
    replace_arrays(folder, (tmp_path / "other").read_bytes())
    with pytest.raises(ValueError, match=message):
        read_features(folder)


def test_values_that_are_not_finite_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="features holds values that are not finite"):
        write_features(make_stored(features=np.full((ROWS, FEATURES), np.nan, np.float32)), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_head_that_does_not_give_the_output_is_refused(tmp_path):
    stored = make_stored()
    write_features(dataclasses.replace(stored, raw=stored.raw + np.float32(0.001)), tmp_path)
    with pytest.raises(ValueError, match="the stored head differs from the stored output by 0.001, expected at most"):
        read_features(tmp_path)


def test_the_digest_depends_on_names_shapes_dtypes_and_values_but_not_on_their_order():
    arrays = {"a": np.arange(6, dtype=np.float32), "b/c": np.ones((2, 3))}
    same = {"b/c": np.ones((2, 3)), "a": np.arange(6, dtype=np.float32)}
    others = [
        {**arrays, "a": arrays["a"].reshape(2, 3)},
        {**arrays, "a": arrays["a"].astype(np.float64)},
        {**arrays, "a": arrays["a"] + np.float32(1e-6)},
        {"a": arrays["b/c"], "b/c": arrays["a"]},
        {"a": arrays["a"]},
    ]
    digests = [network_digest(each) for each in (arrays, *others)]
    assert network_digest(same) == digests[0]
    assert len(set(digests)) == len(digests)
    assert all(len(each) == 64 for each in digests)
