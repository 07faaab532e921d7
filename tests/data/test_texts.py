import pickle

import numpy as np

from affect_jax.data.texts import PACKED, join, pack, repeated

WORDS = ["images/a_name_of_more_than_fifteen_letters.jpg", "", "ü", "b"]


def test_packed_strings_are_the_strings():
    packed = pack(WORDS)
    assert packed.dtype == PACKED and packed.tolist() == WORDS and pack(packed) is packed
    assert pickle.loads(pickle.dumps(packed)).tolist() == WORDS  # as a worker gets them
    assert pack([]).tolist() == []


def test_a_file_name_that_is_not_unicode_stays_what_it_is():
    odd = ["a", "caf\udce9.jpg"]
    assert pack(odd).dtype == object and pack(odd).tolist() == odd
    assert join([pack(["x"]), pack(odd)]).tolist() == ["x", *odd]


def test_joined_columns():
    one = pack(WORDS)
    assert join([one]) is one and join([]).tolist() == []
    assert join([one, pack(["q"])]).tolist() == [*WORDS, "q"] and join([one, pack(["q"])]).dtype == PACKED


def test_repeated_strings_are_found_with_colliding_hashes(monkeypatch):
    words = pack(["a", "b", "a", "c", "b", "a"])
    expected = [False, False, True, False, True, True]
    np.testing.assert_array_equal(repeated(words), expected)
    monkeypatch.setitem(repeated.__globals__, "hash", lambda text: 7)
    np.testing.assert_array_equal(repeated(words), expected)
