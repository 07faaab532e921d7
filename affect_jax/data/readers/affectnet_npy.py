"""AffectNet as distributed since 2021: `train_set|val_set`, each with `images/<id>.jpg` and four arrays per image.

`annotations/<id>_{exp,val,aro,lnd}.npy` hold expression, valence and arousal as strings in 0-d arrays, and 136
coordinates x, y, x, y ... in pixels of the image. Row numbers in messages count images in the order of their ids.
"""

import dataclasses
import functools
import io
import math
import pathlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float

from affect_jax.data.readers.affectnet_columns import FaceColumns, Listed
from affect_jax.data.readers.affectnet_faces import AffectNetFacesConfig, ListedFaces, faces
from affect_jax.data.readers.affectnet_rows import (
    EMOTIONS,
    NON_FACE,
    NOT_ANNOTATED,
    Row,
    expression,
    landmark_points,
    valence_arousal,
)
from affect_jax.data.readers.lists import READING_THREADS, existing_folder
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.texts import pack
from affect_jax.data.whereabouts import elsewhere, log_left_out, visible_files
from affect_jax.files import image_files
from affect_jax.files.kinds import is_hidden

FOLDERS = {"training": "train_set", "train": "train_set", "validation": "val_set", "val": "val_set"}
KINDS = {"exp": "expression", "val": "valence", "aro": "arousal"}
READ_AT_ONCE = 8192  # ids
LANDMARKS_END = "_lnd.npy"
PLAIN_START = b"\x93NUMPY\x01\x00"  # format version 1.0, which numpy.save writes for all such arrays


@dataclasses.dataclass(frozen=True)
class AffectNetNpyConfig(AffectNetFacesConfig):
    """`root` contains train_set and val_set; `split` is training, validation, or the name of such a folder."""

    def __post_init__(self):
        super().__post_init__()
        if self.clean == "automatic+correct":
            raise ValueError(
                "clean is 'automatic+correct', but this release of AffectNet has no manual check; choose 'automatic'"
            )

    @property
    def own_split(self) -> str:
        return FOLDERS.get(self.split, self.split)


def affectnet_npy(config: AffectNetNpyConfig) -> ListedFaces:
    """Reads the usable faces of one split, in the order of their ids.

    ValueError if too many rows are unusable; FileNotFoundError for a wrong path.
    """
    root = existing_folder(config.root, "root is the folder that contains train_set and val_set")
    top = root / config.own_split
    for folder in (top / "images", top / "annotations"):
        if not folder.is_dir():
            sets = sorted(path.parent.name for path in root.glob("*/annotations"))
            hint = elsewhere(root, lambda top: (top / config.own_split / "annotations").is_dir())
            raise FileNotFoundError(f"no folder {folder}; splits found in {root}: {', '.join(sets) or 'none'}{hint}")
    files = _list_images(top / "images")
    ids = sorted(set(files) | _list_annotated(top / "annotations"), key=lambda name: (len(name), name))
    skipped, rows, names = config.skipped(top), FaceColumns(len(ids)), []
    with ThreadPoolExecutor(READING_THREADS) as pool:  # hundreds of thousands of small files
        for start in range(0, len(ids), READ_AT_ONCE):  # a pool keeps an object for everything it is given
            some = ids[start : start + READ_AT_ONCE]
            found = pool.map(lambda name: _read(top / "annotations", name, files.get(name)), some)
            read = [(number, name, row) for number, (name, row) in enumerate(zip(some, found, strict=True), start + 1)]
            used = [(number, name, row) for number, name, row in read if _is_usable(number, name, row, top, skipped)]
            rows.add([(number, row) for number, _, row in used])
            names += [name for _, name, _ in used]
    rows.keep()
    names = pack(names)
    return faces(Listed(rows, names, names, top / "images"), len(ids), str(top), config, skipped)


def _is_usable(number: int, name: str, row: Row | RowFault, top: pathlib.Path, skipped: SkippedRows) -> bool:
    """Whether a row is usable; records it otherwise."""
    if isinstance(row, RowFault):
        skipped.refuse(f"{top}/annotations/{name}_exp.npy", number, row)
        return False
    if row.left_out:
        skipped.left_out.append((f"{top}/images/{row.path}", number, row.left_out))
    return not row.left_out


def _list_images(folder: pathlib.Path) -> dict[str, str]:
    """Lists the file names of the images by id."""
    found, others = {}, []
    for file in visible_files(folder):
        if file.suffix.lower() in image_files.SUFFIXES:
            found[file.stem] = file.name
        else:
            others.append(file)
    log_left_out(folder, {"no ending of an image": others})
    return found


def _list_annotated(folder: pathlib.Path) -> set[str]:
    """Lists the ids that have any annotation."""
    # All suffixes have the same length.
    suffixes = tuple(f"_{kind}.npy" for kind in KINDS) + (LANDMARKS_END,)
    names = [file.name for file in folder.iterdir() if file.name.endswith(suffixes) and not is_hidden(file.name)]
    return {name[: -len(suffixes[0])] for name in names}


def _read(folder: pathlib.Path, name: str, file: str | None) -> Row | RowFault:
    """Reads the row of one id; faults are returned, because they are counted in the main thread."""
    try:
        if file is None:
            raise RowFault("image is missing", f"no image for {folder}/{name}_exp.npy")
        cells = {kind: _text(f"{folder}/{name}_{kind}.npy", KINDS[kind]) for kind in KINDS}
        code = NOT_ANNOTATED if _is_not_annotated(cells["exp"]) else expression(cells["exp"])
        if code == NON_FACE:
            return Row(file, None, None, None, None, left_out=f"expression is {NON_FACE} (non-face)")
        emotion = code if 0 <= code < EMOTIONS else None
        points = _points(f"{folder}/{name}{LANDMARKS_END}")
        row = Row(file, None, points, emotion, valence_arousal(cells["val"], cells["aro"]))
        return row if row.labeled else dataclasses.replace(row, left_out="row has no label")
    except RowFault as fault:
        return fault


def _is_not_annotated(cell: str) -> bool:
    try:
        return float(cell) == NOT_ANNOTATED
    except ValueError:
        return False


def _text(path: str, kind: str) -> str:
    """Reads an array with a single string or number, as text."""
    try:
        values = _array(path)
    except FileNotFoundError:
        raise RowFault("annotation is missing", f"no {kind} at {path}") from None
    if values.dtype.kind not in "USfiu" or values.size != 1:
        raise _other_kind(path, values, "one string")
    try:
        value = values.item()
    except (ValueError, SystemError) as error:  # characters that do not exist
        raise RowFault("annotation cannot be read", f"{path}: {error}; expected a string or numbers") from error
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _points(path: str) -> Float[np.ndarray, "68 2"] | None:
    """Reads landmarks from an array; None if there is no file."""
    try:
        values = _array(path)
    except FileNotFoundError:
        return None
    try:
        return landmark_points(values.astype(np.float64).ravel())
    except (ValueError, TypeError):
        raise _other_kind(path, values, "136 numbers") from None


def _array(path: str) -> np.ndarray:
    """Reads an array file; parses the common format directly, because numpy.load evaluates each header as Python."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        start = len(PLAIN_START) + 2 + int.from_bytes(data[len(PLAIN_START) :][:2], "little")
        plain, shape, dtype = False, (), None
        if data.startswith(PLAIN_START):
            plain, shape, dtype = _header(data[len(PLAIN_START) : start])
        if not plain:
            return np.load(io.BytesIO(data), allow_pickle=False)
        return np.frombuffer(data, dtype, math.prod(shape), start)
    except Exception as error:  # NumPy reads a header as Python, and may raise almost anything on a damaged one
        raise RowFault("annotation cannot be read", f"{path}: {error}; expected a string or numbers") from error


@functools.lru_cache(maxsize=256)
def _header(data: bytes) -> tuple[bool, tuple[int, ...], np.dtype]:
    """Whether the values are in C order, shape and dtype; cached, because a million files share a few headers."""
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(io.BytesIO(data))
    if dtype.hasobject:
        raise ValueError("it contains Python objects, which are not loaded")
    if any(size < 0 for size in shape):
        raise ValueError(f"its shape is {shape}")
    return len(shape) < 2 or not fortran, shape, dtype


def _other_kind(path: str, values: np.ndarray, expected: str) -> RowFault:
    return RowFault("annotation has the wrong type", f"{path} is {values.dtype} {values.shape}, expected {expected}")
