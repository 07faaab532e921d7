"""Prediction for a file or folder: which files are images, which are videos, and where the results go."""

import collections
import pathlib

from absl import logging

from affect_jax.predict.crops import Finder
from affect_jax.predict.images import predict_images
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.result import Result
from affect_jax.files.image_files import SUFFIXES as IMAGE_SUFFIXES
from affect_jax.predict.video import predict_video

VIDEO_SUFFIXES = (
    ".mp4",
    ".m4v",
    ".mov",
    ".avi",
    ".mkv",
    ".webm",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".flv",
    ".ts",
    ".mts",
    ".gif",
)


def predict_file(
    predictor: Predictor, source: pathlib.Path, output: pathlib.Path, finder: Finder | None, overlay: bool = True
) -> Result:
    """Predicts an image, a video, or all images (in one table) and videos (in a table each) of a folder.

    Without a finder, each frame is treated as a face crop. Raises FileNotFoundError or ValueError if there is nothing
    to predict; in a folder, a broken file is listed among the problems of the result and the others are still
    predicted.
    """
    if output.exists() and not output.is_dir():
        raise ValueError(f"the output {output} is a file; expected a folder, which is created if missing")
    if source.is_dir():
        return _predict_folder(predictor, source, output, finder, overlay)
    if source.suffix.lower() not in IMAGE_SUFFIXES:
        return predict_video(predictor, source, output, source.stem, finder, overlay)
    result = predict_images(predictor, [source], output, source.stem, finder, overlay)
    if result.problems:
        for path in result.files:  # a table without rows
            path.unlink()
        raise ValueError(result.problems[0])
    return result


def _predict_folder(
    predictor: Predictor, source: pathlib.Path, output: pathlib.Path, finder: Finder | None, overlay: bool
) -> Result:
    files = sorted(path for path in source.iterdir() if path.is_file())
    images = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    videos = [path for path in files if path.suffix.lower() in VIDEO_SUFFIXES]
    if not images and not videos:
        expected = ", ".join(IMAGE_SUFFIXES + VIDEO_SUFFIXES)
        raise ValueError(
            f"the folder {source} contains neither images nor videos ({len(files)} files); expected {expected}"
        )
    stems = collections.Counter(video.stem for video in videos)
    result = Result()
    if images:
        folder_name = source.resolve().name
        stems[folder_name] += 1
        result.add(predict_images(predictor, images, output, folder_name, finder, overlay))
    for video in videos:
        stem = video.stem if stems[video.stem] == 1 else video.name  # a.mp4 and a.avi must not share a table
        try:
            result.add(predict_video(predictor, video, output, stem, finder, overlay))
        except ValueError as error:
            logging.warning("%s", error)
            result.problems.append(str(error))
    return result
