"""Encodes the images of a source, in several processes if there are enough of them."""

import concurrent.futures
import multiprocessing
from collections.abc import Iterator, Sequence

from absl import logging

from affect_jax.data.unreadable import BROKEN
from affect_jax.data.workers import start_worker
from affect_jax.files import image_files
from affect_jax.types import Source, UnreadableImage

CHUNK = 64  # images sent to a process at a time
WORTH_A_PROCESS = 1024  # images; a process takes a few seconds to start


def encode_images(
    source: Source, chunks: Sequence[range], encoding: str, workers: int
) -> Iterator[list[tuple[bytes, str]]]:
    """Yields the images of each chunk of indices, in order, as (bytes, ""), or (b"", reason) if unreadable."""
    if workers < 2 or sum(len(chunk) for chunk in chunks) < WORTH_A_PROCESS:
        yield from (_encode(source, encoding, chunk) for chunk in chunks)
        return
    context = multiprocessing.get_context("spawn")  # forking would copy the locks held by JAX threads
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, context, initializer=_start_worker, initargs=(source, encoding)
    )
    try:
        yield from pool.map(_encode_in_worker, chunks)
    finally:
        pool.shutdown(cancel_futures=True)


_WORKER: dict[str, object] = {}  # state of a worker process: its source and encoding


def _start_worker(source: Source, encoding: str) -> None:
    start_worker(0, 0)  # it ends with the process that writes
    _WORKER.update(source=source, encoding=encoding)


def _encode_in_worker(chunk: range) -> list[tuple[bytes, str]]:
    return _encode(_WORKER["source"], _WORKER["encoding"], chunk)


def _encode(source: Source, encoding: str, chunk: range) -> list[tuple[bytes, str]]:
    images = []
    for index in chunk:
        try:
            images.append((image_files.encode(source.image(index), encoding), ""))
        except UnreadableImage as error:
            logging.warning("%s", error)
            images.append((b"", BROKEN))
    return images
