"""Work that is done ahead in another thread, so that decoding, face finding and the network overlap."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

POLL_SECONDS = 0.1  # how often a thread looks whether its items are still wanted

Item = TypeVar("Item")


def ahead(items: Iterable[Item], depth: int) -> Iterator[Item]:
    """Yields the items in their order; another thread takes them from `items`, up to `depth` ahead.

    An exception of `items` is raised behind the items before it. Closing this generator ends the thread and closes
    `items`, if they are a generator, before it returns.
    """
    waiting: queue.Queue = queue.Queue(depth)
    unwanted = threading.Event()
    thread = threading.Thread(target=_work, args=(items, waiting, unwanted), name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error, more = waiting.get()
            if error is not None:
                raise error
            if not more:
                return
            yield item
    finally:
        unwanted.set()
        thread.join()


def _work(items: Iterable[Item], waiting: queue.Queue, unwanted: threading.Event) -> None:
    end = (None, None, False)
    try:
        for item in items:
            _put(waiting, (item, None, True), unwanted)
            if unwanted.is_set():
                break
    # Raised again in the thread that waits.
    except BaseException as error:
        end = (None, error, False)
    finally:
        if hasattr(items, "close"):
            items.close()
    _put(waiting, end, unwanted)


def _put(waiting: queue.Queue, entry: tuple, unwanted: threading.Event) -> None:
    while not unwanted.is_set():
        try:
            return waiting.put(entry, timeout=POLL_SECONDS)
        except queue.Full:
            continue
