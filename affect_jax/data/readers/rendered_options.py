"""Options of the rendered faces."""

import dataclasses
from typing import Any

from affect_jax.data.fingerprint import ADDED_LATER
from affect_jax.data.intensity_labels import check_emotions

SPLITS = ("train", "validation", "test")
KINDS = ("stills", "clips")
LABELS = ("truth", "annotators")
DRAWING = 1  # version; incremented whenever a seed gives different images or labels
SUBJECTS_PER_SPLIT = 100_000  # offset between the subject numbers of splits, so they share no subject


@dataclasses.dataclass(frozen=True)
class RenderedConfig:
    """Options of the rendered faces."""

    root: str = ""  # unused, because nothing is read
    split: str = "train"  # train | validation | test
    kind: str = "stills"  # stills | clips
    subjects: int = 64  # faces with an identity of their own
    per_subject: int = 64  # stills, or clips of `frames` frames
    first: int = 0  # number of the first still or clip of each subject
    frames: int = 48  # per clip
    fps: float = 12.5  # frames per second; syllables occur at 3 to 6 Hz and alias below 12 fps
    size_px: int = 80  # side of the canvas; the EmoNet crop covers about 0.82 of it
    seed: int = 0  # of the subjects and of what they do
    drawing: int = DRAWING  # version of the renderer, which distinguishes stored faces and old runs
    labels: str = "truth"  # truth | annotators: the mean of three with delay and bias (clips only)
    individuality: float = 1.0  # factor of personal expressiveness (its logarithm), asymmetry and resting face
    expressiveness: float = 1.0  # factor of what faces show of what is felt; labels do not change
    rest_seconds: float = 0.0  # at the beginning of each clip, in which a face feels and says nothing
    # Emotions whose intensity is a label, from the true action units and their maxima in all faces of a subject here.
    intensities: tuple[str, ...] = dataclasses.field(default=(), metadata=ADDED_LATER)

    def __post_init__(self):
        _check(self)

    @property
    def own_split(self) -> str:
        return self.split

    def shares_subjects(self, other: Any) -> bool:
        """Whether a subject can be in both of two configs: the splits share no face."""
        return self.own_split == other.own_split


def _check(config: RenderedConfig) -> None:
    for option, allowed in (("split", SPLITS), ("kind", KINDS), ("labels", LABELS)):
        if getattr(config, option) not in allowed:
            raise ValueError(
                f"rendered faces: {option} is '{getattr(config, option)}'; choose one of {', '.join(allowed)}"
            )
    if config.drawing != DRAWING:
        raise ValueError(
            f"rendered faces: drawing is {config.drawing}, but this version of affect_jax draws {DRAWING}: the faces "
            "of that run cannot be reproduced; train again, or use the version that created it"
        )
    limits = {
        "subjects": (1, SUBJECTS_PER_SPLIT),
        "per_subject": (1, 100_000),
        "first": (0, 100_000),
        "frames": (1, 100_000),
        "size_px": (32, 1024),
        "fps": (1, 240),
        "seed": (0, 2**63 - 1),
        "individuality": (0, 3),
        "expressiveness": (0.2, 1.5),
        "rest_seconds": (0, 60),
    }
    for option, (low, high) in limits.items():
        if not low <= getattr(config, option) <= high:
            raise ValueError(
                f"rendered faces: {option} is {getattr(config, option)}; expected a number from {low} to {high}"
            )
    check_emotions(config.intensities, "rendered faces")
    if config.labels == "annotators" and config.kind == "stills":
        raise ValueError("rendered faces: labels is 'annotators', which exist for clips only; set kind to 'clips'")
