"""Checksums of files."""

import hashlib
import pathlib


def sha256(path: pathlib.Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
