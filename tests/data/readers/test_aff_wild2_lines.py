"""Files of Aff-Wild2 as spreadsheets and scripts rewrite them: the same labels on the same lines, or a named fault."""

import numpy as np
import pytest

from affect_jax import emotions
from affect_jax.data.readers.aff_wild2_lines import read_affect, read_expression
from affect_jax.data.skipped import SkippedRows

NAMES = emotions.names("aff_wild2_8")
AFFECT = "valence,arousal\n0.602,0.389\n-5,-5\n-1,1\n"
EXPRESSION = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n4\n-1\n7\n"
READERS = {"affect": (read_affect, AFFECT), "expression": (read_expression, EXPRESSION)}
REWRITTEN = {
    "as it is": lambda text: text.encode(),
    "other encoding": lambda text: text.encode("utf-16"),
    "mark at the start": lambda text: text.encode("utf-8-sig"),
    "other separator": lambda text: b"sep=;\r\n" + text.replace(",", ";").replace("\n", "\r\n").encode(),
    "other capitals": lambda text: text.upper().encode(),
    "empty columns and lines": lambda text: text.replace("\n", ",,\n").encode() + b",,\n\n",
    "an empty column below the header": lambda text: text.replace("\n", ",\n").replace(",\n", "\n", 1).encode(),
}


@pytest.mark.parametrize("form", REWRITTEN)
def test_a_rewritten_file_has_the_same_labels_on_the_same_lines(tmp_path, form):
    path = tmp_path / "video1.txt"
    path.write_bytes(REWRITTEN[form](AFFECT))
    affect = read_affect(path, SkippedRows("", 0.0, strict=True))
    np.testing.assert_allclose(affect.values, [(0.602, 0.389), (0, 0), (-1, 1)], rtol=1e-6)
    np.testing.assert_array_equal(affect.weight, [1, 0, 1])
    path.write_bytes(REWRITTEN[form](EXPRESSION))
    expression = read_expression(path, SkippedRows("", 0.0, strict=True))
    assert [NAMES[row.argmax()] for row in expression.values[[0, 2]]] == ["happy", "other"]
    np.testing.assert_array_equal(expression.weight, [1, 0, 1])


@pytest.mark.parametrize(
    ("kind", "line"), [("affect", "nan,NaN"), ("affect", "-nan(ind),#N/A"), ("expression", "nan"), ("expression", "NA")]
)
def test_a_line_without_a_value_is_no_fault_and_keeps_its_place(tmp_path, kind, line):
    read, text = READERS[kind]
    header, _, *rest = text.split("\n")
    path = tmp_path / "video1.txt"
    path.write_text("\n".join([header, line, *rest]))
    skipped = SkippedRows("", 0.0)
    assert read(path, skipped).weight.tolist() == [0, 0, 1]
    assert skipped.left_out == [(str(path), 2, "line without a value")] and not skipped.faults


@pytest.mark.parametrize("header", ["Neutral,Anger,Anger", "Neutral", "AU1,AU2"])
def test_a_header_that_does_not_name_each_expression_once_is_refused(tmp_path, header):
    (tmp_path / "video1.txt").write_text(f"{header}\n0\n")
    with pytest.raises(ValueError, match=f"video1.txt, row 1: the header is '{header}', expected the expressions"):
        read_expression(tmp_path / "video1.txt", SkippedRows("", 0.0))
