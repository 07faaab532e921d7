"""Prediction for a file or folder: which files are images, which are videos, and where the results go."""

import collections
import errno
import pathlib

from absl import logging

from affect_jax.files.image_files import SUFFIXES as IMAGE_SUFFIXES
from affect_jax.files.kinds import describe_left_out, is_hidden, is_image, printable
from affect_jax.files.video import STANDARD_INPUT, VIDEO_SUFFIXES
from affect_jax.predict.crops import MakeTracks
from affect_jax.predict.images import predict_images
from affect_jax.predict.options import Options
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.result import Result
from affect_jax.predict.video import predict_video

OF_ALL_FILES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # errors that the next file would meet too


def predict_file(
    predictor: Predictor,
    source: pathlib.Path,
    output: pathlib.Path,
    make_tracks: MakeTracks | None,
    options: Options,
) -> Result:
    """Predicts an image, a video, or all images (in one table) and videos (in a table each) of a folder.

    Whether a file is an image or a video is decided by its content where its name leaves it open. Without
    `make_tracks`, each frame is treated as a face crop. Raises FileNotFoundError or ValueError if there is nothing to
    predict; in a folder, a broken file is listed among the problems of the result and the others are still predicted.
    Sub-folders are not entered. Stopped if `options.stopping`; the same call goes on then, as after a kill.
    """
    result = _predict_file(predictor, source, output, make_tracks, options)
    result.files = list(dict.fromkeys(result.files))  # films share the summary
    for journal in result.journals:
        journal.unlink(missing_ok=True)
    return result


def _predict_file(
    predictor: Predictor,
    source: pathlib.Path,
    output: pathlib.Path,
    make_tracks: MakeTracks | None,
    options: Options,
) -> Result:
    if output.exists() and not output.is_dir():
        raise ValueError(f"the output {output} is a file; expected a folder, which is created if missing")
    if source != STANDARD_INPUT and not source.exists():
        raise FileNotFoundError(f"no file at {source}; give a video, an image or a folder of images and videos")
    if source.is_dir():
        return _predict_folder(predictor, source, output, make_tracks, options)
    found = list_files(source)
    _check_export(predictor, options, found)
    try:
        if found.videos:
            return predict_video(predictor, source, output, options.ids.stem(source.stem), make_tracks, options)
        result = predict_images(predictor, [source], output, options.ids.stem(source.stem), make_tracks, options)
    except OSError as error:
        raise _explain(error, source) from error
    if result.problems and not result.frames:
        for path in [*result.files, *result.journals]:  # a table without rows
            path.unlink()
        raise ValueError(result.problems[0])
    return result


def _check_export(predictor: Predictor, options: Options, found: "Folder") -> None:
    names = lambda paths: [options.ids.source(path) for path in paths]
    options.export.check(names(found.videos), names(found.images), options.include, predictor.quantities)


def _is_image(path: pathlib.Path) -> bool:
    try:
        return is_image(path)
    except OSError:  # the reader of videos says why
        return False


def _explain(error: OSError, source: pathlib.Path) -> Exception:
    """The error of one file in words, if it can be put better."""
    if error.errno != errno.ENAMETOOLONG:
        return error
    length = len(printable(source.stem).encode())
    return ValueError(
        f"{source}: the results cannot be written, their names would be too long ({length} bytes without "
        "their endings); rename the file"
    )


class Folder:
    """The files of a folder by what they are."""

    def __init__(self):
        self.images: list[pathlib.Path] = []
        self.videos: list[pathlib.Path] = []
        self.left_out: list[pathlib.Path] = []
        self.subfolders: list[str] = []
        self.problems: list[str] = []

    @classmethod
    def of(cls, folder: pathlib.Path) -> "Folder":
        """Sorts the entries of a folder."""
        found = cls()
        for path in sorted(folder.iterdir()):
            if is_hidden(path.name):
                continue
            if path.is_dir():
                found.subfolders.append(printable(path.name))
            else:
                found._sort_in(path)
        return found

    def _sort_in(self, path: pathlib.Path) -> None:
        suffix = path.suffix.lower()
        candidate = not suffix or suffix in IMAGE_SUFFIXES + VIDEO_SUFFIXES
        try:
            if not (candidate and path.is_file()):
                self.left_out.append(path)
            elif is_image(path):
                self.images.append(path)
            elif suffix:
                self.videos.append(path)
            else:
                self.left_out.append(path)
        except OSError as error:
            self.problems.append(f"{path} cannot be read ({error.strerror}); check the permissions of the file")

    def describe_rest(self) -> str:
        """Names what is not predicted; "" if nothing."""
        parts = []
        if self.left_out:
            parts.append(f"left out: {describe_left_out(self.left_out)}")
        if self.subfolders:
            names = ", ".join(self.subfolders[:5]) + ", ..." * (len(self.subfolders) > 5)
            parts.append(f"sub-folders are not entered ({len(self.subfolders)}: {names})")
        return "; ".join(parts)


def list_files(source: pathlib.Path) -> Folder:
    """The images and videos of a folder, as `open_folder` does, or the one file that is given."""
    if source.is_dir():
        return open_folder(source)
    image = source != STANDARD_INPUT and _is_image(source)
    found = Folder()
    (found.images if image else found.videos).append(source)
    return found


def open_folder(source: pathlib.Path) -> Folder:
    """The files of a folder; ValueError if none of them can be predicted, a warning if some cannot."""
    folder = Folder.of(source)
    rest = folder.describe_rest()
    if not folder.images and not folder.videos and not folder.problems:
        expected = ", ".join(IMAGE_SUFFIXES + VIDEO_SUFFIXES)
        raise ValueError(
            f"the folder {source} contains neither images nor videos ({rest or '0 files'}); expected {expected}"
        )
    if rest:
        logging.warning("%s: %s", source, rest)
    return folder


def _predict_folder(
    predictor: Predictor,
    source: pathlib.Path,
    output: pathlib.Path,
    make_tracks: MakeTracks | None,
    options: Options,
) -> Result:
    folder = open_folder(source)
    _check_export(predictor, options, folder)
    stems = collections.Counter(video.stem for video in folder.videos)
    result = Result()
    for problem in folder.problems:
        result.refuse(problem)
    if folder.images:
        name = source.resolve().name
        stems[name] += 1
        try:
            stem = options.ids.stem(name)
            result.add(predict_images(predictor, folder.images, output, stem, make_tracks, options))
        except OSError as error:
            raise _explain(error, source) from error
    for video in folder.videos:
        # a.mp4 and a.avi must not share a table.
        stem = options.ids.stem(video.stem if stems[video.stem] == 1 else video.name)
        try:
            result.add(predict_video(predictor, video, output, stem, make_tracks, options))
        except ValueError as error:
            result.refuse(str(error))
        except OSError as error:
            if error.errno in OF_ALL_FILES:
                raise
            result.refuse(str(_explain(error, video)))
    return result
