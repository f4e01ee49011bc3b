"""Returns freed memory to the operating system, after large bodies and after the start of a process."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
ARENAS = 2
"""Number of glibc's arenas: otherwise threads get arenas of their own, and free memory in one doesn't serve the
others."""
LARGE = 1 << 20
"""Bytes from which glibc allocates a block from the system and returns it when freed."""


def give_back_large_blocks() -> None:
    """Fix glibc's threshold, which otherwise grows with freed blocks, up to 32 MB, and then keeps such blocks.

    Twelve uploads of 18 MB left 70 MB behind in one of three runs of ``tests/faults/test_soak.py``. Systems without
    glibc have no such threshold, and nothing happens there.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(_M_ARENA_MAX, ARENAS)


def freeze_startup_objects() -> None:
    """At the end of a start: exclude all existing objects, which stay, from garbage collection."""
    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
