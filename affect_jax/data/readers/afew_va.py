"""AFEW-VA: 600 clips from films; every frame has valence, arousal and 68 landmarks.

Files are `001/001.json` and `001/00000.png`..., either flat or in folders 01 to 12 of fifty clips each. Valence and
arousal are integers from -10 to 10 and are divided by 10; landmarks are in pixels of the image as stored.
Source: Kossaifi et al., AFEW-VA database for valence and arousal estimation in-the-wild, IMAVIS 65, 2017.
"""

import dataclasses
import json
import pathlib

import numpy as np
from jaxtyping import Float

from affect_jax.data.belonging import check_landmarks, misplaced
from affect_jax.data.readers.lists import ImageListConfig, check_image_files, existing_folder
from affect_jax.data.readers.traces import ALL, LABEL_SET, parse_number
from affect_jax.data.recordings import NumberedImages, Recording, Recordings
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere, has_hidden_part
from affect_jax.files import image_files
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE
from affect_jax.types import LANDMARKS

SCALE = 10.0
CLIPS = ("[0-9][0-9][0-9]/*.json", "[0-9][0-9]/[0-9][0-9][0-9]/*.json")
KEYS = ("actor", "frames")


@dataclasses.dataclass(frozen=True)
class AFEWVAConfig(ImageListConfig):
    """AFEW-VA has no official split: `split` is "all", and `fold` divides it by actor."""

    split: str = ALL
    fps: float = 25.0  # frames per second; not stored with the images

    def __post_init__(self):
        super().__post_init__()
        if self.split != ALL:
            raise ValueError(
                f"split is '{self.split}', but AFEW-VA has no splits; use '{ALL}' and select a part with fold"
            )
        if not self.fps > 0:
            raise ValueError(f"fps is {self.fps}; expected frames per second, such as 25")


def afew_va(config: AFEWVAConfig) -> Recordings:
    """Reads the frames of all clips that have labels and an image; the actor is the subject.

    ValueError if too many frames or clips are unusable; FileNotFoundError for a wrong path.
    """
    root = existing_folder(config.root, "root is the folder of 001/ to 600/, or of 01/ to 12/")
    files = _clip_files(root)
    if not files:
        raise FileNotFoundError(
            f"no clips in {root}, expected files such as {root}/001/001.json or {root}/01/001/001.json"
            + elsewhere(root, lambda top: bool(_clip_files(top)))
        )
    frames, clips = config.skipped(root), config.skipped(f"{root}: clips")
    recordings, total, paths = [], 0, {}
    for row, path in enumerate(files, 1):
        try:
            if path.stem in paths:
                raise RowFault("clip occurs twice", f"{path} and {paths[path.stem]}")
            paths[path.stem] = path
            actor, labeled = _read(path)
            total += len(labeled)
            recordings.append(_recording(path, actor, labeled, config, frames))
        except RowFault as fault:
            clips.refuse(str(path), row, fault)
    frames.finish(total)
    clips.finish(len(files))
    recordings = [recording for recording in recordings if len(recording.chosen)]
    if not recordings:
        raise ValueError(f"{root} has no usable frames: {frames.counts() | clips.counts()}")
    return Recordings(LABEL_SET, recordings)


def _clip_files(root: pathlib.Path) -> list[pathlib.Path]:
    files = [path for pattern in CLIPS for path in root.glob(pattern) if not has_hidden_part(path, root)]
    return sorted(files, key=lambda path: path.stem)


def _read(path: pathlib.Path) -> tuple[str, dict[str, dict]]:
    """Reads the actor and the frames of a clip."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise RowFault("clip's JSON cannot be read", f"{path}: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("frames"), dict):
        raise RowFault("clip's JSON has no frames", f"{path}, expected an object with {', '.join(KEYS)}")
    actor = " ".join(str(content.get("actor") or "").split())
    if not actor:
        raise RowFault("clip has no actor", f'{path}, expected for example "actor": "Bruce Campbell"')
    return actor, content["frames"]


def _recording(
    path: pathlib.Path, actor: str, labeled: dict[str, dict], config: AFEWVAConfig, skipped: SkippedRows
) -> Recording:
    try:
        footage = NumberedImages(path.parent, config.fps, first=0, upright=False)
    except (FileNotFoundError, ValueError) as error:
        raise RowFault("clip has no usable images", str(error)) from None
    positions = {int(frame): index for index, frame in enumerate(footage.numbers)}
    checks = [image_files.ImageCheck("")] * len(positions)
    if config.check_images:
        checks = list(check_image_files([str(footage.path(int(frame))) for frame in footage.numbers]))
    chosen, kept = [], []
    for key, values in sorted(labeled.items()):
        try:
            index = positions.get(int(key)) if key.isdecimal() else None
            if index is None:
                raise RowFault("image is missing", f"no {key}.png in {path.parent}")
            kept.append((*_affect(values), _landmarks(values, checks[index])))
            chosen.append(index)
        except RowFault as fault:
            skipped.refuse(
                str(path), int(key) if key.isdecimal() else 0, RowFault(fault.reason, f"{fault} ({path}, frame {key})")
            )
    labels = unlabeled(len(chosen), LABEL_SET, ("valence_arousal", "landmarks"))
    affect = labels["valence_arousal"].value
    for row, (valence, arousal, points) in enumerate(kept):
        affect[row, VALENCE], affect[row, AROUSAL] = valence, arousal
        labels["landmarks"].value[row] = points
    labels["valence_arousal"].weight[:] = labels["landmarks"].weight[:] = 1
    notes = _unlikely(path, labels["landmarks"].value, [checks[index] for index in chosen])
    return Recording(path.stem, actor, footage, np.array(chosen, np.int64), labels, notes)


def _unlikely(
    path: pathlib.Path, faces: Float[np.ndarray, "face 68 2"], checks: list[image_files.ImageCheck]
) -> tuple[str, ...]:
    """Notes on landmarks that are unlikely in their images, if these were checked."""
    sizes = np.array([(check.width, check.height) for check in checks], np.float64).reshape(-1, 2)
    known = sizes.all(1)
    return tuple(check_landmarks(str(path), faces[known], sizes[known]))


def _affect(values: object) -> tuple[float, float]:
    if not isinstance(values, dict) or not {"valence", "arousal"} <= set(values):
        raise RowFault("frame has no labels", f"{str(values)[:60]}, expected arousal, landmarks and valence")
    return tuple(parse_number(name, str(values[name]), -SCALE, SCALE) / SCALE for name in ("valence", "arousal"))


def _landmarks(values: dict, check: image_files.ImageCheck) -> Float[np.ndarray, "68 2"]:
    try:
        with np.errstate(over="ignore"):  # such values are refused below
            points = np.array(values.get("landmarks"), np.float32)
    except (TypeError, ValueError, OverflowError):
        points = np.zeros(0, np.float32)
    if points.shape != (LANDMARKS, 2) or not np.isfinite(points).all():
        raise RowFault("wrong landmarks", f"shape {points.shape}, expected {LANDMARKS} (x, y) pairs in pixels")
    if (points.max(0) <= points.min(0)).any():
        raise RowFault("landmarks span no area", "all points lie on a line")
    reason = check.reason
    if not reason and check.width:
        reason = misplaced(points, None, check.width, check.height)
    if reason:
        raise RowFault(reason, f"image of {check.width} x {check.height} px")
    return points
