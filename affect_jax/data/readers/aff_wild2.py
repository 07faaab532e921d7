"""Aff-Wild2 as distributed for the ABAW challenges: cropped, aligned faces, and text files with one line per frame.

`<annotations>/VA_Estimation_Challenge/Train_Set/<video>.txt` ("VA_Set/Training_Set" in 2020 and 2021) and likewise
EXPR_Recognition_Challenge; `cropped_aligned/<video>/00001.jpg` belongs to the first line after the header. Frames
without a face have no image. Valence or arousal of -5 and an expression of -1 mean "not annotated". Action units and
the joint list of the MTL challenge are not read.
Layout and codes were taken from public loaders and not tested on original files.
"""

import dataclasses
import pathlib
import re

import numpy as np
from absl import logging

from affect_jax.data.landmark_tables import picture_size
from affect_jax.data.readers.aff_wild2_lines import LABEL_SET, Lines, read_affect, read_expression
from affect_jax.data.readers.lists import ListConfig, existing_folder
from affect_jax.data.readers.traces import resolve_split
from affect_jax.data.recordings import NumberedImages, Recording, Recordings
from affect_jax.data.skipped import RowFault
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere, has_hidden_part, log_left_out, visible_files, visible_folders
from affect_jax.data.whole_images import require_crops, some_sizes

SPLITS = {"training": ("Train_Set", "Training_Set"), "validation": ("Validation_Set",)}
CHALLENGES = {
    "VA": ("VA_Estimation_Challenge", "VA_Set"),
    "EXPR": ("EXPR_Recognition_Challenge", "EXPR_Classification_Challenge", "EXPR_Set"),
}
WORDS = {"VA": ("va", "valence"), "EXPR": ("expr", "expression")}  # in the names of challenges of other years
LEVELS = ("", "*/", "*/*/")  # folders between root and those of a challenge
IMAGES = "cropped_aligned"
FEW_FRAMES, FEW_SHARE = 30, 0.02  # tolerated number of images beyond the last label of a video
FEW_IMAGES = 0.5  # the last image may be that early among the lines of a video, because frames without a face have none


@dataclasses.dataclass(frozen=True)
class AffWild2Config(ListConfig):
    """`split` is training or validation; the labels of the test videos were not released."""

    images: str = IMAGES  # folder of the images, below root
    annotations: str = ""  # folder below root with those of the challenges; "" = search for it
    challenges: tuple[str, ...] = ("VA", "EXPR")  # challenges whose labels are read
    fps: float = 30.0  # frames per second; not stored with the images, and different between videos
    allow_whole_images: bool = False  # use whole frames, although they are no face crops

    def __post_init__(self):
        resolve_split(self.split, SPLITS)
        if not self.challenges or not set(self.challenges) <= set(CHALLENGES):
            raise ValueError(f"challenges is {self.challenges}; choose from {', '.join(CHALLENGES)}")
        if not self.fps > 0:
            raise ValueError(f"fps is {self.fps}; expected frames per second, such as 30")

    @property
    def own_split(self) -> tuple[str, ...]:
        return resolve_split(self.split, SPLITS)


def aff_wild2(config: AffWild2Config) -> Recordings:
    """Reads the images of all videos of a split annotated for valence and arousal, expression, or both.

    Each video is a subject; videos of two people ("..._left", "..._right") are two subjects. ValueError if too many
    lines or videos are unusable; FileNotFoundError for a wrong path.
    """
    root = existing_folder(config.root, f"root is the folder with {IMAGES}/ and the annotations")
    images = root / config.images
    if not images.is_dir():
        hint = elsewhere(root, lambda top: (top / config.images).is_dir())
        raise FileNotFoundError(
            f"no folder {images}, expected one folder per video, such as {images}/video1/00001.jpg{hint}"
        )
    files = {kind: _files(root, config, kind, config.split) for kind in config.challenges}
    names = sorted(set().union(*files.values()))
    unknown = _unknown_folders(root, config, [kind for kind in config.challenges if not files[kind]])
    if not names:
        folders = [f"{CHALLENGES[kind][0]}/{config.own_split[0]}" for kind in config.challenges]
        raise FileNotFoundError(
            f"no annotations of split '{config.split}' in {root}, expected files such as {folders[0]}/video1.txt"
            + (f"; {unknown[0]} has another name: rename it" if unknown else "")
            + elsewhere(root, lambda top: any(_folders(top, kind, config.split) for kind in config.challenges))
        )
    lists = [folder for kind in config.challenges for folder in _folders(root / config.annotations, kind, config.split)]
    others = [path for folder in lists for path in visible_files(folder) if path.suffix != ".txt"]
    log_left_out(root, {"folder of no known challenge": unknown, "no .txt file of a video": others})
    _warn_of_shared_videos(root, config, set(names))
    rows, videos = config.skipped(root), config.skipped(f"{root}: videos")
    total, found = 0, []
    for place, name in enumerate(names, 1):
        affect = read_affect(files["VA"][name], rows) if name in files.get("VA", {}) else None
        expression = read_expression(files["EXPR"][name], rows) if name in files.get("EXPR", {}) else None
        known = [lines for lines in (affect, expression) if lines is not None]
        total += sum(len(lines.weight) for lines in known)
        try:
            found.append(_recording(name, NumberedImages(images / name, config.fps), affect, expression))
        except (FileNotFoundError, ValueError) as error:
            fault = RowFault("video has no usable images", f"{error} ({known[0].path})")
            videos.refuse(str(known[0].path), place, fault, detailed=True)
        except RowFault as fault:
            videos.refuse(str(known[0].path), place, fault, detailed=True)
    rows.finish(total)
    if not found:
        hint = elsewhere(images, lambda top: (top / names[0]).is_dir(), "images")
        raise FileNotFoundError(
            f"none of the {len(names)} videos has images in {images}, such as {images / names[0]}/00001.jpg{hint}; "
            f"the first: {videos.first}"
        )
    videos.finish(len(names))
    _require_crops(found, images, config)
    return Recordings(LABEL_SET, found)


def _require_crops(found: list[Recording], images: pathlib.Path, config: AffWild2Config) -> None:
    sizes = some_sizes(len(found), lambda index: picture_size(found[index].footage))
    how = f"use the images of {IMAGES}, which the challenges distribute"
    require_crops("aff_wild2", images, sizes, config.allow_whole_images, how)


def _folders(top: pathlib.Path, kind: str, split: str) -> list[pathlib.Path]:
    """Finds the folders of a split of a challenge, of any known year."""
    found = []
    for level in LEVELS:
        for challenge in CHALLENGES[kind]:
            for word in resolve_split(split, SPLITS):
                found += [path for path in sorted(top.glob(f"{level}{challenge}/{word}")) if path.is_dir()]
    return [folder for folder in found if not has_hidden_part(folder, top)]


def _files(root: pathlib.Path, config: AffWild2Config, kind: str, split: str) -> dict[str, pathlib.Path]:
    """Finds the label files of a split of a challenge, by video."""
    top = root / config.annotations
    folders = _folders(top, kind, split)
    if len(folders) > 1:
        found = ", ".join(path.relative_to(root).as_posix() for path in folders)
        raise ValueError(f"{top} has {kind} annotations twice: {found}; set annotations to the folder of one year")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("[!.]*.txt"))}


def _unknown_folders(root: pathlib.Path, config: AffWild2Config, missing: list[str]) -> list[pathlib.Path]:
    """Finds folders that are named like a challenge without labels, but not as in any known year."""
    known = {name for names in CHALLENGES.values() for name in names}
    top, found = root / config.annotations, []
    for folder in [
        *visible_folders(top),
        *(below for above in visible_folders(top) for below in visible_folders(above)),
    ]:
        words = re.split(r"[^a-z]+", folder.name.lower())
        if folder.name not in known and any(set(WORDS[kind]) & set(words) for kind in missing):
            found.append(folder)
    return found


def _warn_of_shared_videos(root: pathlib.Path, config: AffWild2Config, names: set[str]) -> None:
    """Warns about videos that the challenges assign to different splits."""
    for other in SPLITS:
        if SPLITS[other] != config.own_split:
            other_names = set().union(*(_files(root, config, kind, other) for kind in config.challenges))
            if shared := sorted(names & other_names):
                logging.warning(
                    "%s: of %d videos of split '%s', %d are also in '%s' of the other challenge, such as %s; "
                    "choose one of the challenges",
                    root,
                    len(names),
                    config.split,
                    len(shared),
                    other,
                    shared[0],
                )


def _recording(name: str, footage: NumberedImages, affect: Lines | None, expression: Lines | None) -> Recording:
    """Builds the recording of a video; images beyond the last label line have weight 0."""
    labels, notes = unlabeled(len(footage.numbers), LABEL_SET, ("valence_arousal", "emotion")), []
    for lines, values, weight in (
        (affect, labels["valence_arousal"].value, labels["valence_arousal"].weight),
        (expression, labels["emotion"].value, labels["emotion"].weight),
    ):
        if lines is None:
            continue
        count = len(lines.weight)
        beyond = int(footage.numbers[-1]) + 1 - count
        if beyond > FEW_FRAMES + FEW_SHARE * count:
            raise RowFault(
                "labels and images do not match",
                f"{lines.path} has {count} lines, but {footage.path(int(footage.numbers[-1]))} exists",
            )
        if -beyond > FEW_FRAMES + FEW_IMAGES * count:
            notes.append(f"{lines.path} has {count} lines, but the last image is {count + beyond}; are images missing?")
        inside = footage.numbers < count
        values[inside], weight[inside] = lines.values[footage.numbers[inside]], lines.weight[footage.numbers[inside]]
    return Recording(name, name, footage, np.arange(len(footage.numbers)), labels, tuple(notes))
