"""How the C library keeps memory."""

import ctypes
import os

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8  # <malloc.h> of glibc
CHUNK = 1 << 28  # bytes taken from the system at a time


def keep_memory() -> bool:
    """Lets glibc keep the memory of large arrays instead of giving it back after each use; returns whether it does.

    Page faults took a fifth of the processor time of a training step (BUILD_NOTES.md); the price is that a process
    holds what it once needed at most. To be called before threads start. Where the environment has settings of its own
    (MALLOC_..., GLIBC_TUNABLES), or the C library is another one, nothing happens.
    """
    if any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        return False
    try:
        library = ctypes.CDLL("libc.so.6")
        settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, -1), (M_TOP_PAD, CHUNK), (M_ARENA_MAX, 1))
        return all([library.mallopt(name, value) == 1 for name, value in settings])
    except (OSError, AttributeError):
        return False
