"""Aff-Wild2 as distributed for the ABAW challenges: cropped, aligned faces, and text files with one line per frame.

`<annotations>/VA_Estimation_Challenge/Train_Set/<video>.txt` ("VA_Set/Training_Set" in 2020 and 2021) and likewise
EXPR_Recognition_Challenge; `cropped_aligned/<video>/00001.jpg` belongs to the first line after the header. Frames
without a face have no image. Valence or arousal of -5 and an expression of -1 mean "not annotated". Action units and
the joint list of the MTL challenge are not read.
Layout and codes were taken from public loaders and not tested on original files.
"""

import dataclasses
import pathlib

import numpy as np

from affect_jax.data.landmark_tables import picture_size
from affect_jax.data.readers.aff_wild2_folders import CHALLENGES, SPLITS, find_annotations
from affect_jax.data.readers.aff_wild2_lines import LABEL_SET, Lines, read_affect, read_expression
from affect_jax.data.readers.lists import ListConfig, existing_folder
from affect_jax.data.readers.traces import resolve_split
from affect_jax.data.recordings import NumberedImages, Recording, Recordings
from affect_jax.data.skipped import RowFault
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere
from affect_jax.data.whole_images import require_crops, some_sizes

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
    allow_whole_images: bool = False  # use whole frames, although they are not face crops

    def __post_init__(self):
        super().__post_init__()
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
    images = _images(root, config.images)
    files = find_annotations(root, config.annotations, config.challenges, config.split)
    names = sorted(set().union(*files.values()))
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


def _images(root: pathlib.Path, name: str) -> pathlib.Path:
    images = root / name
    if not images.is_dir():
        hint = elsewhere(root, lambda top: (top / name).is_dir())
        raise FileNotFoundError(
            f"no folder {images}, expected one folder per video, such as {images}/video1/00001.jpg{hint}"
        )
    return images


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
