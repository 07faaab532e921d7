"""Reader of NumPy's .npz files: arrays by name, such as a TensorFlow checkpoint saved with `numpy.savez`."""

import pathlib
import zipfile

import numpy as np
from jaxtyping import Shaped

from affect_jax.convert.torch_archive import DAMAGED, MAX_UNPACKED_RATIO


def is_npz(path: pathlib.Path) -> bool:
    """Whether a zip archive holds arrays and nothing else."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except DAMAGED:
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def read(path: pathlib.Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Reads the arrays by name, without pickles; ValueError says what is wrong with the file."""
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > MAX_UNPACKED_RATIO * max(path.stat().st_size, 2**20):
            raise ValueError(f"{path}: unpacks to {unpacked} bytes, too many for its own size; refused")
        with np.load(path, allow_pickle=False) as found:
            for name in found.files:
                try:
                    arrays[name] = found[name]
                except ValueError as error:
                    raise ValueError(f"{path}, array '{name}': {error}") from None
    except DAMAGED as error:
        raise ValueError(f"{path}: a damaged or incomplete archive ({error}); is the download incomplete?") from None
    return arrays
