"""Recordings to view: videos whose frames show their own number, and tables about two faces in them."""

import csv
import json
import pathlib
from collections.abc import Sequence

import films
import numpy as np

from affect_jax.predict.sources import Video

LEVELS, LEAST, STEP = 15, 20, 15  # gray levels of a digit, and how far they are apart
EMOTIONS = ("neutral", "happy", "sad")
UNEVEN = tuple(np.cumsum([0, *([3000, 6000, 3000, 9000] * 14), 45000, *([3000] * 33)]).tolist())  # of 1/90000 s


def numbered_images(count: int, width: int = 96, height: int = 64) -> list[np.ndarray]:
    """Images whose left and right half say which one it is, in gray."""
    images = np.zeros((count, height, width, 3), np.uint8)
    for number, image in enumerate(images):
        image[:, : width // 2] = LEAST + STEP * (number // LEVELS)
        image[:, width // 2 :] = LEAST + STEP * (number % LEVELS)
    return list(images)


def number_of(left: float, right: float) -> int:
    """The number of the image whose halves have these gray levels."""
    return LEVELS * round((left - LEAST) / STEP) + round((right - LEAST) / STEP)


def write_video(path: pathlib.Path, ticks: Sequence[int] = UNEVEN, **options) -> list[float]:
    """Writes a video of numbered images; returns the times of its frames, as a prediction has them."""
    films.write(path, numbered_images(len(ticks)), ticks=ticks, options={"crf": "4"}, **options)
    with Video(path) as video:
        return [frame.time_seconds for frame in video]


def write_table(path: pathlib.Path, source: str, times: Sequence[float], landmarks: bool = True) -> list[dict]:
    """Writes a table about two faces, of which the second comes and goes and no frame from 20 to 29 has one."""
    rng = np.random.default_rng(3)
    rows = []
    for frame, seconds in enumerate(times):
        faces = [] if 20 <= frame < 30 else [0] if frame % 40 < 8 else [0, 1]
        keys = {"source": source, "frame": frame, "time_seconds": seconds}
        for face in faces:
            valence, arousal = np.float32(rng.uniform(-0.8, 0.8, 2))
            row = keys | {"face": face, "success": 1, "valence": valence, "arousal": arousal}
            row |= {"valence_lo": valence - np.float32(0.125), "valence_hi": valence + np.float32(0.125)}
            box = (8 + 50 * face, 10, 24, 30)
            row |= dict(zip(("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight"), box, strict=True))
            shares = np.float32(rng.dirichlet((1, 2, 1)))
            row |= {"expression": EMOTIONS[int(shares.argmax())]}
            row |= {f"p_{name}": share for name, share in zip(EMOTIONS, shares, strict=True)}
            if landmarks:
                points = np.array(box[:2]) + rng.uniform(0, 24, (68, 2)).round(2)
                row |= {f"{axis}_{n}": points[n, place] for n in range(68) for place, axis in enumerate("xy")}
            rows.append(row)
        if not faces:
            rows.append(keys | {"face": "", "success": 0})
    columns = list(rows[-1]) if rows[-1]["success"] else list(rows[0])
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    facts = {"model": "clip@7", "recording": {"start_seconds": 0.0, "clock_restarts": 0, "damage": ""}}
    path.with_suffix(".schema.json").write_text(json.dumps(facts))
    return rows
