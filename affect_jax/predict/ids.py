"""Names of files in tables and on outputs: as they are, or as hashes that do not reveal them."""

import dataclasses
import hashlib
import hmac
import os
import pathlib

from affect_jax.files.kinds import printable
from affect_jax.files.video import STANDARD_INPUT

DIGITS = 16  # hexadecimal; among a million names, two share theirs with a probability of 3e-8
SHORTEST_KEY_BYTES = 16


@dataclasses.dataclass(frozen=True)
class Ids:
    """What a file is called in a table, and in the names of its outputs.

    Without a key, whoever guesses a name can check the guess; with one, only who has the key.
    """

    hashed: bool = False
    key: bytes = b""

    def __post_init__(self):
        if self.key and not self.hashed:
            raise ValueError("hash_key has no effect without hash_ids; give both or neither")
        if self.key and len(self.key) < SHORTEST_KEY_BYTES:
            raise ValueError(f"the key of the hashes has {len(self.key)} bytes; expected at least {SHORTEST_KEY_BYTES}")

    def source(self, path: pathlib.Path) -> str:
        """The cell of the column source."""
        if path == STANDARD_INPUT:
            return "stdin"
        return self._hash(path.name) if self.hashed else path.name

    def stem(self, name: str) -> str:
        """The beginning of the names of the files that are written for one called so."""
        if name == STANDARD_INPUT.name:
            return "stdin"
        return self._hash(name) if self.hashed else name

    def title(self, path: pathlib.Path) -> str:
        """A title of plots."""
        return self.source(path) if self.hashed else printable(path.name)

    @property
    def scheme(self) -> str:
        """How names become ids, for the schema beside a table; "" if they stay names. It reveals no key."""
        if not self.hashed:
            return ""
        what = f"the first {DIGITS} hexadecimal digits of"
        if not self.key:
            return f"{what} SHA-256 of the file name, without a key"
        fingerprint = hashlib.sha256(self.key).hexdigest()[:8]
        return f"{what} HMAC-SHA256 of the file name, with the key whose SHA-256 begins with {fingerprint}"

    @property
    def facts(self) -> dict[str, str]:
        """What the schema beside a table says about its names; nothing if they stay as they are."""
        return {"source_ids": self.scheme} if self.hashed else {}

    def _hash(self, name: str) -> str:
        data = os.fsencode(name)
        digest = hmac.new(self.key, data, "sha256") if self.key else hashlib.sha256(data)
        return f"id-{digest.hexdigest()[:DIGITS]}"
