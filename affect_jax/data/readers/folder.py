"""A folder of faces, with one subfolder per emotion: `root/[split/]happy/anything.jpg`.

If there is a folder `root/[split/]landmarks` (of `launch.find_faces`, or in the form of CK+), faces are cropped by its
files, such as landmarks/happy/anything_landmarks.txt, and images without a face are left out.
"""

import dataclasses
import pathlib
from collections.abc import Sequence

from affect_jax import emotions
from affect_jax.data.image_source import ImageFiles
from affect_jax.data.landmark_files import FOLDER as LANDMARKS
from affect_jax.data.readers.affectnet_faces import ListedFaces
from affect_jax.data.readers.landmarked import Place, Usable, check_usable, usable_images
from affect_jax.data.readers.lists import ImageListConfig, image_table, one_hot
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere, has_hidden_part, log_left_out, visible_files, visible_folders
from affect_jax.files import image_files


@dataclasses.dataclass(frozen=True)
class FolderConfig(ImageListConfig):
    """`split` is a subfolder of `root`, or "" if the emotion folders are in `root` itself."""

    split: str = ""
    label_set: str = "affectnet_8"  # whose emotions the folders are named after
    allow_whole_images: bool = False  # use whole pictures without landmarks, although they are not face crops

    def __post_init__(self):
        super().__post_init__()
        emotions.names(self.label_set)


def folder(config: FolderConfig) -> ImageFiles:
    """Reads faces labeled by folder name, ordered by emotion and file name.

    Folder names such as "Happiness" or "angry" are recognized. Without landmarks the crop is the whole image.
    ValueError if a folder is not an emotion of the label set, or if most images plainly are not face crops. Row numbers
    in messages count the images from 1.
    """
    root = pathlib.Path(config.root)
    top = root / config.split
    if not top.is_dir():
        hint = elsewhere(root, lambda folder: (folder / config.split).is_dir()) if config.split else ""
        raise FileNotFoundError(f"no folder {top}; expected one subfolder per emotion in root/split{hint}")
    names = emotions.names(config.label_set)
    folders = emotion_folders(top)
    if wrong := [path.name for path in folders if emotions.canonical_name(path.name) not in names]:
        raise ValueError(
            f"{top}: folder {', '.join(wrong)} is not an emotion of {config.label_set}; "
            f"expected {', '.join(names)}: rename it, move it elsewhere, or choose another label_set"
            + _other_split(root, top, names)
        )
    codes = {path: names.index(emotions.canonical_name(path.name)) for path in folders}
    images = images_of(top, sorted(folders, key=codes.get))
    place = Place("folder", top, top, landmark_folder(top), upright=True)
    skipped = config.skipped(str(top))
    usable = usable_images(images, place, config, skipped)
    skipped.finish(len(images))
    if not len(usable.kept):
        hint = _other_split(root, top, names)
        if images:
            raise ValueError(f"{top} has no usable images: {skipped.counts()}")
        raise ValueError(f"{top} has no images; expected files such as {top}/{names[0]}/a.jpg{hint}")
    check_usable(images, usable, place, config.allow_whole_images)
    return _source([images[index] for index in usable.kept], usable, codes, place, config)


def landmark_folder(top: pathlib.Path) -> pathlib.Path | None:
    """Returns the folder of the landmarks; None if there is none."""
    return top / LANDMARKS if (top / LANDMARKS).is_dir() else None


def emotion_folders(top: pathlib.Path) -> list[pathlib.Path]:
    """Lists the folders that should be named after emotions: all but that of the landmarks."""
    return [path for path in visible_folders(top) if path.name != LANDMARKS]


def images_of(top: pathlib.Path, folders: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    """Lists the images in folders of emotions and below, and warns about other files."""
    images, others = [], []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_dir() or has_hidden_part(path, folder):
                continue
            (images if path.suffix.lower() in image_files.SUFFIXES else others).append(path)
    loose = [path for path in visible_files(top) if path.suffix.lower() in image_files.SUFFIXES]
    log_left_out(top, {"no ending of an image": others, "image in no emotion folder": loose})
    return images


def _source(
    kept: list[pathlib.Path], usable: Usable, codes: dict[pathlib.Path, int], place: Place, config: FolderConfig
) -> ImageFiles:
    located = usable.landmarks is not None
    labels = unlabeled(len(kept), config.label_set, ("emotion", "landmarks") if located else ("emotion",))
    relative = [path.relative_to(place.top) for path in kept]
    named = [codes[place.top / path.parts[0]] for path in relative]
    labels["emotion"].value[:] = one_hot(named, len(emotions.names(config.label_set)))
    labels["emotion"].weight[:] = 1
    if located:
        labels["landmarks"].value[:] = usable.landmarks
        labels["landmarks"].weight[:] = 1
    names = [path.as_posix() for path in relative]
    table = image_table(names, [name.rpartition(".")[0] for name in names], labels)
    places = [f"{place.top}, image {index + 1}" for index in usable.kept]
    make = ListedFaces if located else ImageFiles
    return make(config.label_set, table, [str(path) for path in kept], places)


def _other_split(root: pathlib.Path, top: pathlib.Path, names: tuple[str, ...]) -> str:
    """Says where folders of emotions lie, if not in `top`, as the end of a message."""
    has_emotions = lambda folder: (
        folder.name != LANDMARKS
        and any(emotions.canonical_name(path.name) in names for path in visible_folders(folder))
    )
    if top == root and (splits := [path.name for path in visible_folders(root) if has_emotions(path)]):
        return f"; {', '.join(splits)} hold such folders: set split to {' or '.join(splits)}"
    return elsewhere(top, has_emotions)
