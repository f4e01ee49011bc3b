"""The file store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class FileEntry:
    """A store's own data about a file. ``written_at`` is by the store's clock."""

    key: str
    written_at: datetime


class Files(Protocol):
    """Where attachments and documents are kept: a folder or an S3 bucket. Keys are ours, random, with slashes."""

    async def put(self, key: str, content: bytes) -> None: ...

    async def get(self, key: str) -> bytes:
        """Raises Rejected("missing") for an absent key."""
        ...

    async def delete(self, key: str) -> None:
        """Harmless for an absent key."""
        ...

    async def clear(self, folder: str) -> int:
        """Delete every key below ``folder/``; returns how many there were."""
        ...

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """As ``put``, for content too large for memory; nothing exists until all of it has arrived."""
        ...

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """``length`` bytes from ``start`` on, fewer at the end of the file. Raises as ``get``."""
        ...

    async def locate(self, key: str, ttl: timedelta) -> Path | str:
        """The source from which a web server or a browser gets a large file itself: a local path, or a URL valid for
        ``ttl``."""
        ...

    def walk(self) -> AsyncIterator[Sequence[FileEntry]]:
        """All entries, batch by batch and in any order; concurrent changes may be missed."""
        ...
