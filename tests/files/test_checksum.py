from affect_jax.files.checksum import sha256


def test_the_published_checksum_of_abc(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-4, example of a message of one block.
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
