"""Images of a source, encoded, by several processes where that is worth their start."""

import concurrent.futures
import multiprocessing
from collections.abc import Iterator, Sequence

from absl import logging

from affect_jax.data.crops import BROKEN
from affect_jax.files import image_files
from affect_jax.types import Source, UnreadableImage

CHUNK = 64  # images handed to a process at a time
WORTH_A_PROCESS = 1024  # images; a process takes a few seconds to start


def encode_images(
    source: Source, chunks: Sequence[range], encoding: str, workers: int
) -> Iterator[list[tuple[bytes, str]]]:
    """The images of each chunk of indices, in order, as (bytes, ""); (b"", reason) for unreadable ones."""
    if workers < 2 or sum(len(chunk) for chunk in chunks) < WORTH_A_PROCESS:
        yield from (_encode(source, encoding, chunk) for chunk in chunks)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of JAX's threads
    pool = concurrent.futures.ProcessPoolExecutor(workers, context, initializer=_adopt, initargs=(source, encoding))
    try:
        yield from pool.map(_encode_adopted, chunks)
    finally:
        pool.shutdown(cancel_futures=True)


_ADOPTED: dict[str, object] = {}  # of a worker process: the source it draws from


def _adopt(source: Source, encoding: str) -> None:
    _ADOPTED.update(source=source, encoding=encoding)


def _encode_adopted(chunk: range) -> list[tuple[bytes, str]]:
    return _encode(_ADOPTED["source"], _ADOPTED["encoding"], chunk)


def _encode(source: Source, encoding: str, chunk: range) -> list[tuple[bytes, str]]:
    images = []
    for index in chunk:
        try:
            images.append((image_files.encode(source.image(index), encoding), ""))
        except UnreadableImage as error:
            logging.warning("%s", error)
            images.append((b"", BROKEN))
    return images
