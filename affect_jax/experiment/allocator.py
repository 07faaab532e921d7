"""Settings of glibc's memory allocator."""

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # <malloc.h> of glibc


def keep_memory() -> bool:
    """Makes glibc keep the memory of freed arrays for reuse; returns whether it worked.

    Page faults took a fifth of the CPU time of a training step (docs/decisions/speed.md). In return, the process
    holds on to its peak memory. Threads keep arenas of their own, because they wait for each other in a single one.
    Call this before any thread starts. It does nothing if the environment configures the allocator itself (MALLOC_...,
    GLIBC_TUNABLES) or if the C library is not glibc.
    """
    if any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        return False
    try:
        library = ctypes.CDLL("libc.so.6")
        settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, -1))
        return all([library.mallopt(name, value) == 1 for name, value in settings])
    except (OSError, AttributeError):
        return False
