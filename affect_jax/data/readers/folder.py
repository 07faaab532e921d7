"""A folder of cropped faces, one sub-folder an emotion: `root/[split/]happy/anything.jpg`."""

import dataclasses
import pathlib

from affect_jax import emotions
from affect_jax.data.readers.rows import ListConfig, check_image_files, image_table, one_hot
from affect_jax.data.skipped import RowFault
from affect_jax.data.source import ImageFiles, unlabeled
from affect_jax.files import image_files


@dataclasses.dataclass(frozen=True)
class FolderConfig(ListConfig):
    """`split` is a sub-folder of `root`, or "" where the emotion folders lie in `root` itself."""

    split: str = ""
    label_set: str = "affectnet_8"
    check_images: bool = True  # look at both ends of every image file first

    def __post_init__(self):
        emotions.names(self.label_set)


def folder(config: FolderConfig) -> ImageFiles:
    """Faces labeled by the name of their folder, in the order of emotion and file name; the whole image is the crop.

    "Happiness" or "angry" name folders as well as "happy" and "anger". ValueError for a folder that is no emotion of
    the label set; rows of messages count the images from 1.
    """
    top = pathlib.Path(config.root) / config.split
    if not top.is_dir():
        raise FileNotFoundError(f"no folder {top}; expected one sub-folder an emotion under root/split")
    names = emotions.names(config.label_set)
    folders = [path for path in sorted(top.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    if wrong := [path.name for path in folders if emotions.canonical_name(path.name) not in names]:
        raise ValueError(
            f"{top}: folder {', '.join(wrong)} is no emotion of {config.label_set}; "
            f"expected {', '.join(names)}: rename it, move it away, or choose another label_set"
        )
    files = [
        (path, names.index(emotions.canonical_name(emotion.name)))
        for emotion in sorted(folders, key=lambda path: names.index(emotions.canonical_name(path.name)))
        for path in sorted(emotion.rglob("*"))
        if path.suffix.lower() in image_files.SUFFIXES and not path.name.startswith(".")
    ]
    kept = _whole(files, str(top), config) if config.check_images else files
    if not kept:
        raise ValueError(f"{top} holds no image; expected files such as {top}/{names[0]}/a.jpg")
    labels = unlabeled(len(kept), config.label_set, ("emotion",))
    labels["emotion"].value[:], labels["emotion"].weight[:] = one_hot([emotion for _, emotion in kept], len(names)), 1
    relative = [path.relative_to(top).as_posix() for path, _ in kept]
    table = image_table(relative, [name.rpartition(".")[0] for name in relative], labels)
    places = [f"{top}, image {row}" for row in range(1, len(kept) + 1)]
    return ImageFiles(config.label_set, table, [str(path) for path, _ in kept], places)


def _whole(files: list[tuple[pathlib.Path, int]], where: str, config: FolderConfig) -> list[tuple[pathlib.Path, int]]:
    skipped, kept = config.skipped(where), []
    looks = check_image_files([str(path) for path, _ in files])
    for row, ((path, emotion), look) in enumerate(zip(files, looks, strict=True), 1):
        if look.reason:
            skipped.refuse(str(path), row, RowFault(look.reason, f"expected a complete image at {path}"))
        else:
            kept.append((path, emotion))
    skipped.finish(len(files))
    return kept
