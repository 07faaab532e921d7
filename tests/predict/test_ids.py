"""Names of files in tables: as they are, or hashed."""

import hashlib
import hmac
import json
import pathlib

import pytest

from affect_jax.files.video import STANDARD_INPUT
from affect_jax.predict.files import predict_file
from affect_jax.predict.ids import Ids
from affect_jax.predict.options import Options

KEY = b"sixteen bytes or more"


def test_an_id_is_the_beginning_of_the_hash_that_the_scheme_names():
    name = "Jane Döe.mp4"
    path = pathlib.Path("/films") / name
    assert Ids().source(path) == name and Ids().scheme == ""
    unkeyed, keyed = Ids(True), Ids(True, KEY)
    assert unkeyed.source(path) == f"id-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    assert keyed.source(path) == f"id-{hmac.new(KEY, name.encode(), 'sha256').hexdigest()[:16]}"
    assert unkeyed.scheme == "the first 16 hexadecimal digits of SHA-256 of the file name, without a key"
    assert keyed.scheme.endswith(f"with the key whose SHA-256 begins with {hashlib.sha256(KEY).hexdigest()[:8]}")
    assert Ids(True).source(STANDARD_INPUT) == Ids().stem("-") == "stdin"


def test_keys_that_protect_nothing_are_refused():
    with pytest.raises(ValueError, match="hash_key has no effect without hash_ids; give both or neither"):
        Ids(False, KEY)
    with pytest.raises(ValueError, match="the key of the hashes has 3 bytes; expected at least 16"):
        Ids(True, b"abc")


def test_nothing_that_is_written_holds_the_name(make_predictor, write_video, tmp_path):
    source = tmp_path / "jane_doe.mp4"
    write_video(source, [100] * 5, [3000 * frame for frame in range(5)])
    result = predict_file(make_predictor(), source, tmp_path / "out", None, Options(ids=Ids(True, KEY)))
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert set(written) == set(result.files) and len(written) == 4
    for path in written:
        assert "jane" not in path.name and b"jane" not in path.read_bytes()
    (schema,) = [path for path in written if path.name.endswith(".schema.json")]
    assert json.loads(schema.read_text())["recording"]["source_ids"] == Ids(True, KEY).scheme
