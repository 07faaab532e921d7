"""AffectNet's list as spreadsheets and scripts rewrite it: the same labels, or a message that says what to do."""

import numpy as np
import pytest

from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.affectnet_rows import COLUMNS
from affect_jax.data.readers.lists import ListFile
from tests.data.readers.test_affectnet import photograph, row


@pytest.fixture
def root(tmp_path):
    photograph(tmp_path / "images" / "a.jpg")
    return tmp_path


def as_text(**changes):
    return ",".join(f'"{cell}"' for cell in row(**changes))


HEADER_LINE = ",".join(COLUMNS)


def load_text(root, text):
    (root / "training.csv").write_text(text)
    return affectnet(AffectNetConfig(str(root))).examples.labels


def test_a_list_rewritten_by_a_spreadsheet_is_the_same_list(root):
    plain = load_text(root, f"{HEADER_LINE}\n{as_text()}\n")
    rewritten = {
        "upper case": f"{HEADER_LINE.upper()}\n{as_text()}\n",
        "separator": f"sep=;\n{HEADER_LINE.replace(',', ';')}\n{as_text().replace(',', ';')}\n",
        "blank columns and rows": f"{HEADER_LINE}\n{as_text()},\n,,,\n",
        "words": f"{HEADER_LINE}\n{as_text(expression='Happiness')}\n",
    }
    for kind, text in rewritten.items():
        found = load_text(root, text)
        for name in plain:
            np.testing.assert_array_equal(found[name].value, plain[name].value, err_msg=kind)
            np.testing.assert_array_equal(found[name].weight, plain[name].weight, err_msg=kind)


@pytest.mark.parametrize("words", [("", ""), ("nan", "NaN"), ("-nan(ind)", "1.#QNAN")])
def test_no_number_in_both_is_not_annotated(root, words):
    labels = load_text(root, f"{HEADER_LINE}\n{as_text(valence=words[0], arousal=words[1])}\n")
    assert labels["valence_arousal"].weight.tolist() == [0] and labels["emotion"].weight.tolist() == [1]


def test_a_doubled_column_is_refused(root):
    with pytest.raises(ValueError, match="row 1: column valence is there more than once"):
        load_text(root, f"{HEADER_LINE},valence\n{as_text()},0.9\n")


def test_a_header_of_unknown_words_is_not_read_by_position(root):
    words = "bild,links,oben,breite,hoehe,punkte,ausdruck,erregung,valenz"
    with pytest.raises(ValueError, match="row 1: a header without known columns, found 'bild,links.*rename its col"):
        load_text(root, f"{words}\n{as_text()}\n")


def test_the_first_fault_is_quoted_where_rows_are_too_many(root):
    with pytest.raises(
        ValueError, match="The first is row 2: valence is not a number: valence is '0,5'.*decimal point"
    ):
        load_text(root, f"{HEADER_LINE}\n{as_text(valence='0,5')}\n")


def test_a_header_alone_is_named(root):
    with pytest.raises(ValueError, match="training.csv has a header but no rows; is it truncated"):
        load_text(root, f"{HEADER_LINE}\n")


def test_a_header_that_runs_on_into_the_data_is_shortened_in_the_message(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("emotion,Usage,pixel," + " ".join(["7"] * 2304) + "," + ",".join(["Training"] * 500) + "\n")
    with pytest.raises(
        ValueError, match=r"list.csv, row 1: column pixels is missing; the header has emotion"
    ) as refused:
        list(ListFile(path, ("emotion", "pixels", "Usage")))
    assert len(str(refused.value)) < 600
