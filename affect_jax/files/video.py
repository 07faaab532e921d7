"""Video files: safe opening, and the choice of the stream."""

import functools
import os
import pathlib

import av
from absl import logging

# FFmpeg's names of the video containers we accept. By default it renders text files as video, and playlists can make it
# open other files or network addresses.
CONTAINERS = (
    "mov,matroska,avi,mpeg,mpegvideo,mpegts,flv,asf,ogg,mxf,dv,h264,hevc,m4v,ivf,nut,yuv4mpegpipe,gif,apng,mjpeg"
)
OPEN_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
RAW = ("h264", "hevc", "m4v", "mjpeg", "mpegvideo")  # containers without time stamps
VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".mts", ".m2ts"),
    *(".3gp", ".3g2", ".asf", ".dv", ".vob", ".ogv", ".mxf", ".gif", ".mjpeg", ".mjpg", ".h264", ".hevc"),
)
STANDARD_INPUT = pathlib.Path("-")  # a stream that another program writes, such as YUV4MPEG2
DEFAULT_PIXELS = 5_000_000  # what FFmpeg adds to the size of a stream that the file marks as the default


def open_video(path: pathlib.Path) -> tuple[av.container.InputContainer, av.VideoStream]:
    """Opens a file and the video stream that FFmpeg would show; FileNotFoundError, or ValueError if it is not a video.

    A file that cannot be read is a ValueError too, because it is one of many in a folder or a data set.
    """
    container = _open(path)
    streams = [stream for stream in container.streams.video if not _is_cover(stream) and stream.codec_context]
    if not streams:
        container.close()
        raise ValueError(f"{path} has no video stream; expected a video (MP4, MKV, AVI, WebM...) or an image")
    chosen = max(streams, key=_preference)
    if len(streams) > 1:
        others = ", ".join(_describe(stream) for stream in streams if stream is not chosen)
        _say_once(f"{path} has {len(streams)} video streams; using {_describe(chosen)}, not {others}")
    if container.format.name in RAW:
        rate = float(chosen.average_rate or chosen.guessed_rate or 25)
        _say_once(f"{path} has no time stamps; using its frame rate of {rate:g}")
    chosen.thread_type = "AUTO"
    return container, chosen


def _preference(stream: av.VideoStream) -> int:
    """FFmpeg's order: by size, and the default stream before others of at most 5 megapixels more."""
    default = bool(stream.disposition & av.stream.Disposition.default)
    return stream.codec_context.width * stream.codec_context.height + DEFAULT_PIXELS * default


def _describe(stream: av.VideoStream) -> str:
    return f"stream {stream.index} ({stream.codec_context.width} x {stream.codec_context.height})"


@functools.lru_cache(maxsize=1024)
def _say_once(sentence: str) -> None:
    """Logs a warning the first time; readers open a file once per thread."""
    logging.warning("%s", sentence)


def open_container(path: pathlib.Path) -> av.container.InputContainer:
    """Opens a file in one of the containers that we accept; av.error.FFmpegError if it is none.

    Titles and comments in other encodings than UTF-8 are not needed, and no reason to refuse a film.
    """
    if path == STANDARD_INPUT:
        return av.open("pipe:0", options={**OPEN_OPTIONS, "protocol_whitelist": "pipe"}, metadata_errors="replace")
    return av.open(f"file:{os.path.abspath(path)}", options=OPEN_OPTIONS, metadata_errors="replace")


def _open(path: pathlib.Path) -> av.container.InputContainer:
    if path != STANDARD_INPUT and not path.is_file():
        raise FileNotFoundError(f"no file at {path}; give a video, an image or a folder of images and videos")
    try:
        return open_container(path)
    except av.error.PermissionError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}); check the permissions of the file") from error
    except av.error.FFmpegError as error:
        if path == STANDARD_INPUT:
            raise ValueError(
                f"standard input is no video that can be read in order ({error.strerror}); write YUV4MPEG2, Matroska "
                "or MPEG-TS into it: ffmpeg -i FILE -f yuv4mpegpipe - | ..."
            ) from error
        raise ValueError(
            f"{path} is neither an image nor a video that can be decoded ({error.strerror}, "
            f"{path.stat().st_size} bytes); expected JPEG, PNG, MP4, MKV, AVI, WebM... Is the file complete?"
        ) from error


def _is_cover(stream: av.VideoStream) -> bool:
    """Whether this is the cover image of an audio file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
