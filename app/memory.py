"""Returns freed memory to the operating system, after large bodies and after the start of a process."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
ARENAS = 2
"""Of glibc: each thread that finds all taken gets one of its own otherwise, and what is free in one helps no other."""
LARGE = 1 << 20
"""Bytes from which glibc takes a block from the system and gives it back when it is freed."""


def give_back_large_blocks() -> None:
    """Fix glibc's threshold: by itself it grows with the blocks that were freed, up to 32 MB, and keeps them after.

    Twelve uploads of 18 MB left 70 MB behind in one of three runs of ``tests/faults/test_soak.py``. Systems without
    glibc have no such threshold, and nothing happens there.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(_M_ARENA_MAX, ARENAS)


def settle() -> None:
    """At the end of a start: what is there by now stays, so the garbage collector passes over it from here on."""
    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
