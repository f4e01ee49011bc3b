"""Identifiers: UUID version 7 (RFC 9562), so that rows of one moment lie together in an index."""

from __future__ import annotations

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A random UUIDv7. Unguessable to 62 bits; its time is the machine's, never the application's clock.

    Ids of one process are in order of creation: the 12 bits behind the milliseconds go on with the time, in steps of a
    quarter of a microsecond (section 6.2, method 3). So rows with the same time have an order as well.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = milliseconds << 80 | 7 << 76 | (rest * 4096 // 1_000_000) << 64
    value |= 0b10 << 62 | int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=value)
