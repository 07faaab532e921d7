"""RECOLA in its true layout, with rendered faces instead of people: 18 short recordings with video, labels of 23.

See it with `python tests/reference/imitated_recola.py runs/imitated_recola` (add `avec` for that layout).
"""

import dataclasses
import pathlib
import sys

import numpy as np
from jaxtyping import Float

from affect_jax.data.readers.rendered import RenderedConfig, RenderedFaces, rendered
from affect_jax.files.openface_writing import write_openface
from affect_jax.files.video_writing import write_video
from affect_jax.quantities.valence_arousal import DIMENSIONS

# Public labels of the original release; which five have no video was not found, so these are the last ones.
LABELED = (16, 17, 19, 21, 23, 25, 26, 28, 30, 34, 37, 39, 41, 42, 43, 45, 46, 48, 56, 58, 62, 64, 65)
RECORDED = 18
ORIGINAL = tuple(f"P{number}" for number in LABELED)
AVEC = tuple(f"{part}_{number}" for part in ("train", "dev") for number in range(1, 10))
RATERS = ("FM1", "FM2", "FM3", "FF1", "FF2", "FF3")
LAG_SECONDS = 1.0  # of the mean rater
FPS, SIZE_PX = 25.0, 80
HEAD = """@relation GOLDSTANDARD

@attribute Instance_name string
@attribute frameTime numeric
@attribute GoldStandard numeric


@data

"""  # as in the true files
LEFT, RIGHT, ABOVE, BELOW = 40, 40, 16, 24  # what lies around the face, in px


@dataclasses.dataclass(frozen=True)
class Imitation:
    """What was written, and what it was made of."""

    root: pathlib.Path
    names: tuple[str, ...]  # with video, in the order of the rendered people
    faces: RenderedFaces
    truth: Float[np.ndarray, "person sample 2"]  # valence and arousal every 40 ms
    ratings: Float[np.ndarray, "person rater sample 2"]


def imitate(root: pathlib.Path, form: str = "original", seconds: float = 8.0, people: int = RECORDED) -> Imitation:
    """Writes videos, landmarks as `launch.find_faces` does, and labels of "original" or "avec" form."""
    frames = round(seconds * FPS)
    clips = RenderedConfig(kind="clips", subjects=people, per_subject=1, frames=frames + 1, fps=FPS, size_px=SIZE_PX)
    faces = rendered(clips)
    names = (ORIGINAL if form == "original" else AVEC)[:people]
    videos = root / ("RECOLA-Video-recordings" if form == "original" else "videos")
    videos.mkdir(parents=True)
    truth = np.stack([example.labels["valence_arousal"].value for example in faces.examples])
    truth = truth.reshape(people, frames + 1, 2).astype(np.float64)
    ratings = np.stack([rate(values, person) for person, values in enumerate(truth)])
    for person, name in enumerate(names):
        first = person * (frames + 1)
        _write_recording(
            videos / f"{name}.mp4", root / "landmarks" / f"{name}.csv", faces, range(first, first + frames)
        )
    labels = dict(zip(names, ratings, strict=True))
    if form == "original":
        unseen = ORIGINAL[RECORDED:]
        labels |= {name: rate(truth[0], RECORDED + person) for person, name in enumerate(unseen)}
        _write_ratings(root / "RECOLA-Annotation" / "emotional_behaviour", labels)
    else:
        _write_ratings(root / "labels" / "ratings_individual", labels)
        _write_gold_standard(root / "labels" / "gs_1", labels)
    return Imitation(root, names, faces, truth, ratings)


def rate(truth: Float[np.ndarray, "sample 2"], person: int) -> Float[np.ndarray, "rater sample 2"]:
    """Six raters, who are late and differ in scale, offset and care; two decimals, as in the true files."""
    times = np.arange(len(truth)) / FPS
    ratings = []
    for rater in range(len(RATERS)):
        rng = np.random.default_rng((rater, person))
        late = times - LAG_SECONDS - 0.1 * (rater - 2.5)
        seen = np.stack([np.interp(late, times, values) for values in truth.T], axis=1)
        ratings.append(
            np.clip(seen * (0.7 + 0.1 * rater) + rng.normal(0, 0.05, 2) + rng.normal(0, 0.02, truth.shape), -1, 1)
        )
    return np.round(ratings, 2)


def _write_recording(video: pathlib.Path, table: pathlib.Path, faces: RenderedFaces, rows: range) -> None:
    around = ((ABOVE, BELOW), (LEFT, RIGHT), (0, 0))
    write_video(video, (np.pad(faces.image(row), around, mode="edge") for row in rows), FPS)
    landmarks = np.stack([faces.examples[row].labels["landmarks"].value for row in rows]) + np.float32((LEFT, ABOVE))
    count = len(rows)
    write_openface(table, landmarks, np.ones(count), [0] * count, np.arange(count) / FPS)


def _write_ratings(folder: pathlib.Path, labels: dict[str, Float[np.ndarray, "rater sample 2"]]) -> None:
    """As the author's script writes them: a blank before each separator of the header."""
    for index, dimension in enumerate(DIMENSIONS):
        (folder / dimension).mkdir(parents=True)
        for name, ratings in labels.items():
            rows = enumerate(ratings[..., index].T)
            lines = [";".join(f"{value:.2f}" for value in (sample / FPS, *row)) for sample, row in rows]
            (folder / dimension / f"{name}.csv").write_text("\n".join(["time;" + " ;".join(RATERS), *lines]) + "\n")


def _write_gold_standard(folder: pathlib.Path, labels: dict[str, Float[np.ndarray, "rater sample 2"]]) -> None:
    """The mean of the raters; that of AVEC is computed in another way."""
    for index, dimension in enumerate(DIMENSIONS):
        (folder / dimension).mkdir(parents=True)
        for name, ratings in labels.items():
            means = enumerate(ratings[..., index].mean(0))
            lines = [f"{name},{sample / FPS:g},{value:.7g}" for sample, value in means]
            (folder / dimension / f"{name}.arff").write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    imitate(pathlib.Path(sys.argv[1]), *sys.argv[2:])
