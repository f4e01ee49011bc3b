"""Identifiers: UUID version 7 (RFC 9562), so that rows of one moment lie together in an index."""

from __future__ import annotations

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A random UUIDv7. Unguessable to 74 bits; its time is the machine's, never the application's clock."""
    value = int.from_bytes(os.urandom(16), "big") & ~(0xFFFF_FFFF_FFFF << 80)
    value |= (time.time_ns() // 1_000_000) << 80
    value = (value & ~(0xF << 76)) | (7 << 76)
    value = (value & ~(0x3 << 62)) | (2 << 62)
    return UUID(int=value)
