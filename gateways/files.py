"""The file store: a folder of ours, or an S3 bucket, behind the same few acts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import obstore
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, S3Store

from domain.errors import Rejected, Transient

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TIMEOUT = 30.0
"""Seconds for a whole act, retries of the library included."""


class StoredFiles:
    """Implements the port Files.

    Every act may be repeated: a key is written with one content only, and what is gone stays gone. So a failure is
    always Transient, save what repeating can't mend: a missing key (Rejected "missing") and refused credentials
    (Rejected "denied"). A key that is no path is a mistake of ours: ValueError.
    """

    def __init__(self, store: LocalStore | S3Store) -> None:
        self._store = store
        self._down = False

    async def put(self, key: str, content: bytes) -> None:
        async with self._spoken_to():
            await obstore.put_async(self._store, key, content, use_multipart=False)

    async def get(self, key: str) -> bytes:
        async with self._spoken_to():
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())

    async def delete(self, key: str) -> None:
        async with self._spoken_to():
            try:
                await obstore.delete_async(self._store, key)
            except FileNotFoundError:
                return

    async def clear(self, folder: str) -> int:
        async with self._spoken_to():
            count = 0
            async for batch in obstore.list(self._store, prefix=folder):
                keys = [str(item["path"]) for item in batch]
                try:
                    await obstore.delete_async(self._store, keys)
                except FileNotFoundError:  # somebody else clears at the same time
                    continue
                count += len(keys)
            return count

    @asynccontextmanager
    async def _spoken_to(self) -> AsyncIterator[None]:
        """What a failure means; an outage is logged once down, once back."""
        try:
            async with asyncio.timeout(TIMEOUT):
                yield
        except FileNotFoundError as error:
            raise Rejected("missing", "no such file in the store") from error
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            self._note_down(error)
            raise Rejected("denied", "the file store refuses our credentials") from error
        except (BaseError, OSError, TimeoutError) as error:
            self._note_down(error)
            raise Transient("the file store is away") from error
        if self._down:
            self._down = False
            log.info("files_back")

    def _note_down(self, error: BaseException) -> None:
        if not self._down:
            self._down = True
            log.error("files_down", error=type(error).__name__)


def open_folder(folder: Path) -> StoredFiles:
    """Files in a folder, which is made (readable by us alone) when missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return StoredFiles(LocalStore(str(folder), automatic_cleanup=True))


def open_bucket(
    bucket: str, *, region: str, access_key_id: str, secret_access_key: str, endpoint: str = "", prefix: str = ""
) -> StoredFiles:
    """Files in a bucket. ``endpoint`` for other makers' S3 (Alibaba OSS, MinIO); an http one is for tests."""
    return StoredFiles(
        S3Store(
            bucket,
            prefix=prefix or None,
            region=region or "us-east-1",
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": "20s", "connect_timeout": "4s"},
            retry_config={"max_retries": 2},
            disable_bulk_delete=True,  # Alibaba's OSS has no bulk delete; single ones work everywhere
            config={"endpoint": endpoint} if endpoint else None,
        )
    )
