"""Video files: safe opening, and frames as upright images."""

import os
import pathlib

import av
import numpy as np
from jaxtyping import UInt8

# FFmpeg's names of the video containers we accept. By default it renders text files as video, and playlists can make it
# open other files or network addresses.
CONTAINERS = "mov,matroska,avi,mpeg,mpegvideo,mpegts,flv,asf,ogg,mxf,dv,h264,hevc,m4v,ivf,nut,yuv4mpegpipe,gif,apng"
OPEN_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}


def open_video(path: pathlib.Path) -> tuple[av.container.InputContainer, av.VideoStream]:
    """Opens a file and its first video stream; FileNotFoundError, or ValueError if it is not a video."""
    container = _open(path)
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        container.close()
        raise ValueError(f"{path} has no video stream; expected a video (MP4, MKV, AVI, WebM...) or an image")
    streams[0].thread_type = "AUTO"
    return container, streams[0]


def pixels(frame: av.VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
    """Converts a frame to RGB, applying the rotation stored in the file."""
    image = frame.to_ndarray(format="rgb24")
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image


def _open(path: pathlib.Path) -> av.container.InputContainer:
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}; give a video, an image or a folder of images and videos")
    try:
        return av.open(f"file:{os.path.abspath(path)}", options=OPEN_OPTIONS)
    except av.error.FFmpegError as error:
        raise ValueError(
            f"{path} is neither an image nor a video that can be decoded ({error.strerror}, "
            f"{path.stat().st_size} bytes); expected JPEG, PNG, MP4, MKV, AVI, WebM... Is the file complete?"
        ) from error


def _is_cover(stream: av.VideoStream) -> bool:
    """Whether this is the cover image of an audio file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
