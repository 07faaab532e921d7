"""Damaged JSON files are named; a truncated last line of a log is left out."""

import pytest

from affect_jax.files.json_files import read_object, read_objects


@pytest.mark.parametrize(
    "content, message",
    [
        (b'{"a": 1', r"a.json is damaged \(not valid JSON: .*\); remove it"),
        (b"\xff", r"a.json is damaged \(not valid JSON: .*\); remove it"),
        (b"[1, 2]", r"a.json is damaged \(list instead of named values\); remove it"),
        (b"[" * 100_000, r"a.json is damaged \(not valid JSON: .*recursion"),
    ],
)
def test_what_is_no_object_is_named(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_object(tmp_path / "a.json", "remove it")


def test_a_truncated_last_line_is_left_out_and_another_one_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo')
    assert read_objects(path, "step") == [{"step": 1, "loss": 2.0}]
    path.write_text('{"step": 1}\n[3]\n{"step": 2}\n')
    with pytest.raises(ValueError, match=r"metrics.jsonl, row 2: expected a JSON object with .step., found '\[3\]'"):
        read_objects(path, "step")
