"""Numbers of each subject behind the features of its faces, or a message that says which row is wrong."""

import numpy as np
import pytest

from affect_jax.data.context import read_context
from affect_jax.data.readers.features import FeaturesConfig, features
from affect_jax.personal.stored import StoredFeatures, write_features

SUBJECTS = ("anna", "ben", "anna")


def write_table(path, text):
    path.write_text(text)
    return path


def test_each_example_gets_the_numbers_of_its_subject_in_the_order_of_the_columns(tmp_path):
    path = write_table(tmp_path / "people.csv", "age;Subject;culture\n0.5;ben;1\n\n-1,0;carl;0\n".replace(",0", ".0"))
    path.write_text(path.read_text() + "0.25;anna;2\n")
    np.testing.assert_array_equal(read_context(path, SUBJECTS), [[0.25, 2], [0.5, 1], [0.25, 2]])


def test_the_reader_of_features_puts_them_behind_the_features(tmp_path):
    drawn = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    stored = StoredFeatures(
        features=drawn,
        raw=np.zeros((3, 2), np.float32),
        labels=np.zeros((3, 2), np.float32),
        weight=np.ones(3, np.float32),
        subject=SUBJECTS,
        clip=SUBJECTS,
        face=np.zeros(3, np.int64),
        frame=np.arange(3),
        time_seconds=np.arange(3) / 25,
        network_sha256="0" * 64,
    )
    write_features(stored, tmp_path / "features")
    context = str(write_table(tmp_path / "people.csv", "subject,age\nanna,0.25\nben,0.5\n"))
    found = features(FeaturesConfig(root=str(tmp_path / "features"), context=context)).examples.features
    np.testing.assert_array_equal(found, np.concatenate([drawn, [[0.25], [0.5], [0.25]]], axis=1, dtype=np.float32))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "its columns are missing; expected a header such as subject,age"),
        ("name,age\nanna,3\n", "its columns are name, age; expected a header such as subject,age"),
        ("subject\nanna\n", "its columns are subject; expected a header"),
        ("subject,age\nanna\n", "row 2: 1 cells, but the header has 2"),
        ("subject,age\nanna,old\n", "row 2: age is 'old', which is no number"),
        ("subject,age\nanna,nan\n", "row 2: age is 'nan', which is no number"),
        ("subject,age\nanna,1\nanna,2\n", "row 3: subject 'anna' has a row already; expected one for each"),
        ("subject,age\nanna,1\n", "has no row for 1 subjects, such as 'ben'"),
    ],
)
def test_a_wrong_table_is_named_with_its_row(tmp_path, text, message):
    path = write_table(tmp_path / "people.csv", text)
    with pytest.raises(ValueError, match=message):
        read_context(path, SUBJECTS)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="the context .*people.csv does not exist; expected a header"):
        read_context(tmp_path / "people.csv", SUBJECTS)
