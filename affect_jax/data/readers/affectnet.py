"""AffectNet's manual and automatic annotation lists, imported EmoNet lists, and folders in the same layout.

Landmarks are in pixels as stored, so the EXIF orientation is ignored. AffectNet does not identify subjects: each image
is its own subject.
"""

import dataclasses
import pathlib
import re

from affect_jax.data.readers.affectnet_faces import AffectNetFacesConfig, Listed, ListedFaces, faces
from affect_jax.data.readers.affectnet_rows import COLUMNS, REQUIRED, Row, parse
from affect_jax.data.readers.lists import ListFile, existing_folder
from affect_jax.data.skipped import RowFault, SkippedRows
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
NOTHING_LABELED = "row has no label"


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
    numbered, total = _read_rows(list_path, skipped)
    images = _find_images(config, list_path, [row.path for _, row in numbered])
    rows, seen = [], set()
    for number, row in numbered:
        name = row.path if row.path not in seen else f"{row.path}#row{number}"
        seen.add(row.path)
        rows.append(Listed(number, name, _subject(row.path, config.subject_pattern), str(images / row.path), row))
    return faces(rows, total, str(list_path), config, skipped)


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


def _read_rows(list_path: pathlib.Path, skipped: SkippedRows) -> tuple[list[tuple[int, Row]], int]:
    """Reads the rows with their line numbers, and counts all rows."""
    rows, total, lines = [], 0, ListFile(list_path, REQUIRED, headerless=COLUMNS)
    for number, cells in lines:
        total += 1
        try:
            row = parse(lines.named(cells))
        except RowFault as fault:
            skipped.refuse(str(list_path), number, fault)
            continue
        if reason := row.left_out or ("" if row.labeled else NOTHING_LABELED):
            skipped.left_out.append((row.path, number, reason))
        else:
            rows.append((number, row))
    return rows, total


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


def _subject(path: str, pattern: str) -> str:
    """Returns the subject of an image; an image that does not match the pattern is its own subject."""
    image_path = pathlib.PurePosixPath(path)
    found = re.fullmatch(pattern, image_path.stem) if pattern else None
    return found[1] if found else str(image_path.with_suffix(""))
