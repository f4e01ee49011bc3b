"""Encrypted files under random names; outages of the store are raised as refusals."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.clock import local
from domain.errors import GatewayError, Rejected, Unavailable
from services.core.crypto import Keyring
from services.ports import FileEntry, Files

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class FileLost(Exception):
    """The store lacks a file to which a row refers."""


def new_key(pool: str, now: datetime) -> str:
    """``demo/2026/11/`` and 32 random hex digits, which don't reveal the owner."""
    return f"{pool}/{local(now):%Y/%m}/{os.urandom(16).hex()}"


@dataclass(frozen=True)
class SealedFiles:
    """Encrypted files. The ciphertext is bound to the file's key, so that two files can't be exchanged in the store.

    Every method raises Unavailable during an outage; never call one inside a transaction.
    """

    files: Files
    keys: Keyring

    async def put(self, key: str, content: bytes) -> None:
        async with _errors_of_service():
            await self.files.put(key, self.keys.seal_file(content, f"file:{key}"))

    async def get(self, key: str) -> bytes:
        """Raises FileLost, and SealBroken for a file that was tampered with."""
        async with _errors_of_service():
            sealed = await self.files.get(key)
        return self.keys.open_file(sealed, f"file:{key}")

    async def delete(self, key: str) -> None:
        async with _errors_of_service():
            await self.files.delete(key)

    async def clear(self, folder: str) -> None:
        """Delete everything below ``folder/``."""
        async with _errors_of_service():
            await self.files.clear(folder)

    async def walk(self) -> AsyncGenerator[Sequence[FileEntry], None]:
        """All entries of the store, batch by batch."""
        async with _errors_of_service():
            async for batch in self.files.walk():
                yield batch


@asynccontextmanager
async def _errors_of_service() -> AsyncIterator[None]:
    try:
        yield
    except Rejected as error:
        if error.vendor_code == "missing":
            raise FileLost from error
        raise Unavailable("文件服务暂时不可用，请稍后重试。", code="files_away") from error
    except GatewayError as error:
        raise Unavailable("文件服务暂时不可用，请稍后重试。", code="files_away") from error
