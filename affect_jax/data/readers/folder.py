"""A folder of cropped faces, with one subfolder per emotion: `root/[split/]happy/anything.jpg`."""

import dataclasses
import pathlib

from affect_jax import emotions
from affect_jax.data.readers.lists import ImageListConfig, check_image_files, image_table, one_hot
from affect_jax.data.skipped import RowFault
from affect_jax.data.source import ImageFiles, unlabeled
from affect_jax.data.whereabouts import elsewhere, has_hidden_part, log_left_out, visible_files, visible_folders
from affect_jax.files import image_files


@dataclasses.dataclass(frozen=True)
class FolderConfig(ImageListConfig):
    """`split` is a subfolder of `root`, or "" if the emotion folders are in `root` itself."""

    split: str = ""
    label_set: str = "affectnet_8"  # whose emotions the folders are named after

    def __post_init__(self):
        super().__post_init__()
        emotions.names(self.label_set)


def folder(config: FolderConfig) -> ImageFiles:
    """Reads faces labeled by folder name, ordered by emotion and file name; the crop is the whole image.

    Folder names such as "Happiness" or "angry" are recognized. ValueError if a folder is not an emotion of the label
    set. Row numbers in messages count the images from 1.
    """
    top = pathlib.Path(config.root) / config.split
    if not top.is_dir():
        raise FileNotFoundError(f"no folder {top}; expected one subfolder per emotion in root/split")
    names = emotions.names(config.label_set)
    folders = visible_folders(top)
    if wrong := [path.name for path in folders if emotions.canonical_name(path.name) not in names]:
        raise ValueError(
            f"{top}: folder {', '.join(wrong)} is not an emotion of {config.label_set}; "
            f"expected {', '.join(names)}: rename it, move it elsewhere, or choose another label_set"
            + _other_split(pathlib.Path(config.root), top, names)
        )
    codes = {path: names.index(emotions.canonical_name(path.name)) for path in folders}
    files, others = [], []
    for emotion in sorted(folders, key=codes.get):
        for path in sorted(emotion.rglob("*")):
            if path.is_dir() or has_hidden_part(path, emotion):
                continue
            if path.suffix.lower() in image_files.SUFFIXES:
                files.append((path, codes[emotion]))
            else:
                others.append(path)
    loose = [path for path in visible_files(top) if path.suffix.lower() in image_files.SUFFIXES]
    log_left_out(top, {"no ending of an image": others, "image in no emotion folder": loose})
    kept = _keep_usable(files, str(top), config) if config.check_images else files
    if not kept:
        hint = _other_split(pathlib.Path(config.root), top, names)
        raise ValueError(f"{top} has no images; expected files such as {top}/{names[0]}/a.jpg{hint}")
    labels = unlabeled(len(kept), config.label_set, ("emotion",))
    labels["emotion"].value[:] = one_hot([emotion for _, emotion in kept], len(names))
    labels["emotion"].weight[:] = 1
    relative = [path.relative_to(top).as_posix() for path, _ in kept]
    table = image_table(relative, [name.rpartition(".")[0] for name in relative], labels)
    places = [f"{top}, image {row}" for row in range(1, len(kept) + 1)]
    return ImageFiles(config.label_set, table, [str(path) for path, _ in kept], places)


def _other_split(root: pathlib.Path, top: pathlib.Path, names: tuple[str, ...]) -> str:
    """Says where folders of emotions lie, if not in `top`, as the end of a message."""
    has_emotions = lambda folder: any(emotions.canonical_name(path.name) in names for path in visible_folders(folder))
    if top == root and (splits := [path.name for path in visible_folders(root) if has_emotions(path)]):
        return f"; {', '.join(splits)} hold such folders: set split to {' or '.join(splits)}"
    return elsewhere(top, has_emotions)


def _keep_usable(
    files: list[tuple[pathlib.Path, int]], where: str, config: FolderConfig
) -> list[tuple[pathlib.Path, int]]:
    skipped = config.skipped(where)
    kept = []
    checks = check_image_files([str(path) for path, _ in files])
    for row, ((path, emotion), check) in enumerate(zip(files, checks, strict=True), 1):
        if check.reason:
            skipped.refuse(str(path), row, RowFault(check.reason, f"expected a complete image at {path}"))
        else:
            kept.append((path, emotion))
    skipped.finish(len(files))
    return kept
