"""AffectNet's manual and automatic annotation lists, imported EmoNet lists, and folders in the same layout.

Landmarks are in pixels as stored, so the EXIF orientation is ignored. AffectNet does not identify subjects: each image
is its own subject.
"""

import dataclasses
import pathlib
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute
from jaxtyping import Int

from affect_jax.data.readers.affectnet_columns import Listed
from affect_jax.data.readers.affectnet_faces import AffectNetFacesConfig, ListedFaces, faces
from affect_jax.data.readers.affectnet_reading import read_rows
from affect_jax.data.readers.lists import existing_folder
from affect_jax.data.texts import PACKED, pack, repeated
from affect_jax.data.whereabouts import elsewhere
from affect_jax.files.paths import is_possible

LIST_FOLDERS = ("", "Manually_Annotated_file_lists", "Automatically_annotated_file_list")
IMAGE_FOLDERS = (
    "",
    "Manually_Annotated_Images",
    "Manually_Annotated/Manually_Annotated_Images",
    "Automatically_Annotated_Images",
    "Automatically_Annotated/Automatically_Annotated_Images",
)
SPLIT_ALIASES = {"train": "training", "val": "validation"}
PLAIN_PATH = r"^(?:[^/.]+/)*[^/.]+\.[^/.]+$"  # relative, with one point: that before its ending


@dataclasses.dataclass(frozen=True)
class AffectNetConfig(AffectNetFacesConfig):
    """`split` is the file name of a list without ".csv": "training", "validation", "automatically_annotated"."""

    images: str = ""  # folder that the paths of the list are relative to; "" = search for it
    # Regular expression on file names without suffix; group 1 is the subject. "" = each image is its own subject.
    subject_pattern: str = ""

    @property
    def own_split(self) -> str:
        return SPLIT_ALIASES.get(self.split, self.split)


def affectnet(config: AffectNetConfig) -> ListedFaces:
    """Reads the usable rows of one list, in its order.

    ValueError if a required column is missing or too many rows are unusable; FileNotFoundError for a wrong path.
    """
    list_path = _find_list(config)
    skipped = config.skipped(list_path)
    rows, total = read_rows(list_path, skipped)
    images = _find_images(config, list_path, rows.paths[:100].tolist())
    names = _unique(rows.paths, rows.numbers)
    subjects = _subjects(rows.paths, config.subject_pattern)
    return faces(Listed(rows, names, subjects, images), total, str(list_path), config, skipped)


def _find_list(config: AffectNetConfig) -> pathlib.Path:
    root = existing_folder(config.root, "root is the folder with the AffectNet lists and images")
    name = config.own_split + ".csv"
    for folder in LIST_FOLDERS:
        if (root / folder / name).is_file():
            return root / folder / name
    lists = sorted({path.stem for folder in LIST_FOLDERS for path in (root / folder).glob("*.csv")})
    places = ", ".join(str(root / folder) for folder in LIST_FOLDERS)
    hint = elsewhere(root, lambda top: any((top / folder / name).is_file() for folder in LIST_FOLDERS))
    raise FileNotFoundError(f"no {name} in {places}; splits found there: {', '.join(lists) or 'none'}{hint}")


def _find_images(config: AffectNetConfig, list_path: pathlib.Path, names: list[str]) -> pathlib.Path:
    """Finds the folder that contains at least one of the first images."""
    root = pathlib.Path(config.root)
    folders = [root / folder for folder in (*IMAGE_FOLDERS, config.split)]
    if config.images:
        folders = [pathlib.Path(config.images)]
    tried = [name for name in names[:100] if is_possible(name)]
    for folder in folders:
        if not tried or any((folder / name).is_file() for name in tried):
            return folder
    if tried[0].startswith("/"):
        raise FileNotFoundError(
            f"none of the first {len(tried)} images of {list_path} (such as {tried[0]}) exists; its paths are "
            "absolute, expected paths relative to the folder of the images: remove their common beginning"
        )
    hint = elsewhere(root, lambda top: any((top / name).is_file() for name in tried[:5]), "images")
    raise FileNotFoundError(
        f"none of the first {len(tried)} images of {list_path} (such as {tried[0]}) exists in "
        f"{', '.join(map(str, folders))}; set `images` to the folder that the paths of the list are relative to{hint}"
    )


def _unique(paths: np.ndarray, numbers: Int[np.ndarray, "row"]) -> np.ndarray:
    """The paths as names; where one is there again, with the number of its row."""
    again = repeated(paths)
    if not again.any():
        return paths
    names = paths.copy()
    names[again] = [f"{paths[index]}#row{numbers[index]}" for index in np.flatnonzero(again)]
    return names


def _subjects(paths: np.ndarray, pattern: str) -> np.ndarray:
    """The subject of each image; an image that does not match the pattern is its own subject."""
    if pattern or paths.dtype != PACKED:
        return pack([_subject(path, pattern) for path in paths])
    subjects, _, _ = np.strings.partition(paths, np.array(".", PACKED))
    plain = pa.compute.match_substring_regex(pa.array(paths.astype(object), pa.string()), PLAIN_PATH)
    for index in np.flatnonzero(~plain.to_numpy(zero_copy_only=False)):
        subjects[index] = _subject(paths[index], pattern)
    return subjects


def _subject(path: str, pattern: str) -> str:
    """The subject of an image."""
    image_path = pathlib.PurePosixPath(path)
    found = re.fullmatch(pattern, image_path.stem) if pattern else None
    return found[1] if found else str(image_path.with_suffix(""))
