"""Where files are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class FileEntry:
    """What a store tells of a file of its own accord. ``written_at`` is by the store's own clock."""

    key: str
    written_at: datetime


class Files(Protocol):
    """Where attachments and documents are kept: a folder or an S3 bucket. Keys are ours, random, with slashes."""

    async def put(self, key: str, content: bytes) -> None: ...

    async def get(self, key: str) -> bytes:
        """Raises Rejected("missing") for a key that is not there."""
        ...

    async def delete(self, key: str) -> None:
        """Harmless when it is not there."""
        ...

    async def clear(self, folder: str) -> int:
        """Delete every key below ``folder/``; how many there were."""
        ...

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """As ``put``, for what is too large for memory; nothing is there until all of it came."""
        ...

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """``length`` bytes from ``start`` on, fewer at the end of the file. Raises as ``get``."""
        ...

    async def locate(self, key: str, ttl: timedelta) -> Path | str:
        """Where a web server or a browser gets a large file itself: a path of this machine, or a URL for ``ttl``."""
        ...

    def walk(self) -> AsyncIterator[Sequence[FileEntry]]:
        """Everything there is, batch by batch and in any order; what comes or goes meanwhile may be left out."""
        ...
