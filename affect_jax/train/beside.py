"""Long work in another thread, so that a signal is noticed meanwhile.

Python runs the handler of a signal between two of its own instructions in the main thread: during a compilation, which
takes minutes, or a read that blocks, there are none.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0  # how long work may still take once a signal has arrived
NAME = "beside"  # of the threads

Result = TypeVar("Result")


class Abandoned(Exception):
    """A signal arrived, and the work was not done GRACE_SECONDS later."""


def run(work: Callable[[], Result], stopping: Callable[[], bool]) -> Result:
    """Returns the result of `work`, or raises its exception; Abandoned if it takes too long once `stopping` is true.

    Abandoned work goes on until the process ends: use nothing that it may change.
    """
    answers: queue.SimpleQueue = queue.SimpleQueue()
    # A daemon thread, so that the process can end even if the work never does.
    threading.Thread(target=answer, args=(answers, work), name=NAME, daemon=True).start()
    return wait_for_answer(answers, stopping, GRACE_SECONDS)


def answer(answers: queue.SimpleQueue, work: Callable[[], Result]) -> None:
    """Does work, and hands its result or exception to the thread that waits for it."""
    try:
        answers.put((work(), None))
    # Raised again in the thread that waits.
    except BaseException as error:
        answers.put((None, error))


def wait_for_answer(answers: queue.SimpleQueue, stopping: Callable[[], bool], grace_seconds: float) -> Any:
    """Returns or raises what `answer` hands over; Abandoned if it takes so many seconds once `stopping` is true."""
    seconds_left = grace_seconds
    while seconds_left > 0:
        try:
            result, error = answers.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if stopping():
                seconds_left -= POLL_SECONDS
            continue
        if error is not None:
            raise error
        return result
    raise Abandoned


def is_busy() -> bool:
    """Whether abandoned work is still going on, which an orderly end of the process would disturb."""
    return any(thread.name == NAME for thread in threading.enumerate())
