"""The file store: a local folder or an S3 bucket, behind the same operations."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, S3Store

from domain.errors import GatewayError, NeedsOperator, Rejected, Transient
from gateways.operator_faults import OperatorCode, OperatorCodes, OperatorFaults
from services.ports import FileEntry

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

VENDOR = "files"
"""Name in the operator's alarms."""
TIMEOUT = 30.0
"""Seconds for a whole operation, including retries of the library."""
PART = 8 * 1024 * 1024
"""Bytes: a larger file goes to a bucket in parts of this size, so that a broken connection repeats one part only."""
LISTED_AT_ONCE = 1000
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
OPERATOR: OperatorCodes = {
    "bucket": OperatorCode("there is no such bucket", account_wide=True),
    "clock": OperatorCode("our clock differs from the store's", account_wide=True),
    "denied": OperatorCode("the file store refuses our credentials", account_wide=True),
    "key": OperatorCode("the file store does not know our access key", account_wide=True),
    "quota": OperatorCode("the store's quota or our account is used up", account_wide=True),
    "region": OperatorCode("the bucket lies in another region", account_wide=True),
    "secret": OperatorCode("the file store does not take our signature", account_wide=True),
}
"""What only an operator can resolve, by our names."""
S3_CODES: Mapping[str, str] = {
    "AccessDenied": "denied",
    "AccountProblem": "quota",
    "AllAccessDisabled": "denied",
    "AuthorizationHeaderMalformed": "region",
    "InvalidAccessKeyId": "key",
    "InvalidSecurity": "denied",
    "NoSuchBucket": "bucket",
    "PermanentRedirect": "region",
    "QuotaExceeded": "quota",
    "RequestTimeTooSkewed": "clock",
    "SignatureDoesNotMatch": "secret",
    "UserDisable": "quota",
}
"""S3's error codes (Amazon's list, and Alibaba OSS' ``UserDisable``: overdue) and our names for them."""


class StoredFiles:
    """Implements the port Files.

    Every act may be repeated: a key is written with one content only, and what is gone stays gone. So a failure is
    always Transient (NeedsOperator where our settings, credentials or clock are wrong), save a missing key (Rejected
    "missing"). A key that is no path is a programming error: ValueError.
    """

    def __init__(self, store: LocalStore | S3Store, operator_faults: OperatorFaults | None = None) -> None:
        self._store = store
        self._operator_faults = operator_faults
        self._down = False

    async def put(self, key: str, content: bytes) -> None:
        async with self._translate_errors():
            in_parts = isinstance(self._store, S3Store) and len(content) > PART
            await obstore.put_async(self._store, key, content, use_multipart=in_parts, chunk_size=PART)

    async def get(self, key: str) -> bytes:
        async with self._translate_errors():
            stored_file = await obstore.get_async(self._store, key)
            return bytes(await stored_file.bytes_async())

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """The library limits the time of each part, not of the whole: a film takes longer than ``TIMEOUT``."""
        async with self._translate_errors(limited=False):
            await obstore.put_async(self._store, key, chunks, use_multipart=True, chunk_size=PART)

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        async with self._translate_errors():
            return bytes(await obstore.get_range_async(self._store, key, start=start, length=length))

    async def locate(self, key: str, ttl: timedelta) -> Path | str:
        if isinstance(self._store, LocalStore):
            return Path(str(self._store.prefix)) / key
        async with self._translate_errors():
            return await obstore.sign_async(self._store, "GET", key, ttl)

    async def delete(self, key: str) -> None:
        with _ignore_missing():
            async with self._translate_errors():
                await obstore.delete_async(self._store, key)

    async def clear(self, folder: str) -> int:
        count = 0
        batches = obstore.list(self._store, prefix=folder)
        while True:
            async with self._translate_errors():
                batch = await anext(batches, None)
            if batch is None:
                return count
            await asyncio.gather(*(self.delete(str(item["path"])) for item in batch))
            count += len(batch)

    async def walk(self) -> AsyncGenerator[Sequence[FileEntry], None]:
        batches = obstore.list(self._store, chunk_size=LISTED_AT_ONCE)
        while True:
            async with self._translate_errors():
                batch = await anext(batches, None)
            if batch is None:
                return
            yield [FileEntry(str(item["path"]), item["last_modified"]) for item in batch]

    @asynccontextmanager
    async def _translate_errors(self, *, limited: bool = True) -> AsyncIterator[None]:
        """Translates failures of the library; an outage is logged once when it begins, once when it ends."""
        try:
            async with asyncio.timeout(TIMEOUT if limited else None):
                yield
        except (BaseError, OSError, TimeoutError) as error:
            failure = _meaning(error)
            if not isinstance(failure, Rejected):
                self._note_down(error, failure)
            raise failure from error
        if self._operator_faults is not None:
            self._operator_faults.note_success(VENDOR, "", "")
        if self._down:
            self._down = False
            log.info("files_back")

    def _note_down(self, error: Exception, failure: GatewayError) -> None:
        if self._operator_faults is not None and isinstance(failure, NeedsOperator):
            self._operator_faults.note(VENDOR, "", "", failure)
        if not self._down:
            self._down = True
            log.error("files_down", error=type(error).__name__, meaning=str(failure))


@contextmanager
def _ignore_missing() -> Iterator[None]:
    """For deletion: a missing file is no error."""
    try:
        yield
    except Rejected as refusal:
        if refusal.vendor_code != "missing":
            raise


def _meaning(error: Exception) -> GatewayError:
    """Our error for a failure of the library; only the code is taken from its text, which quotes keys and addresses."""
    code = _CODE.search(str(error))
    if code and (name := S3_CODES.get(code[1])):
        return OPERATOR[name].error(name)
    if isinstance(error, FileNotFoundError):
        return Rejected("missing", "no such file in the store")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError | PermissionError):
        return OPERATOR["denied"].error("denied")
    return Transient("the file store is away")


def open_folder(folder: Path, operator_faults: OperatorFaults | None = None) -> StoredFiles:
    """Files in a folder, which is created (readable by our user alone) when missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return StoredFiles(LocalStore(str(folder), automatic_cleanup=True), operator_faults)


def open_bucket(
    bucket: str,
    *,
    region: str,
    access_key_id: str,
    secret_access_key: str,
    endpoint: str = "",
    prefix: str = "",
    operator_faults: OperatorFaults | None = None,
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
            disable_bulk_delete=True,  # Alibaba's OSS has no bulk delete; single deletions work everywhere
            config={"endpoint": endpoint} if endpoint else None,
        ),
        operator_faults,
    )
