"""The preview of an attachment: rendered once, in a separate process, and stored beside it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from domain.errors import Unavailable
from domain.file_types import FileType
from services.files.sealed_files import FileLost, SealedFiles
from services.inspection.checker import FileChecker
from services.inspection.file_types import PREVIEW


@dataclass(frozen=True)
class Previews:
    store: SealedFiles
    checker: FileChecker
    _drawing: WeakValueDictionary[str, asyncio.Lock] = field(init=False, default_factory=WeakValueDictionary)

    async def get(self, pool: str, key: str, kind: FileType) -> bytes:
        """A JPEG at most 1600 pixels long. A file older than stored previews gets one now.

        Raises FileLost, Unavailable; InvalidInput for an image that can't be rendered.
        """
        with suppress(FileLost):
            return await self.store.get(preview_key(key))
        async with self._drawing.setdefault(key, asyncio.Lock()):
            # drawn by another request while this one waited for the lock
            with suppress(FileLost):
                return await self.store.get(preview_key(key))
            preview = await self.checker.draw(pool, await self.store.get(key), kind, PREVIEW)
            with suppress(Unavailable):
                await self.store.put(preview_key(key), preview)
            return preview


def preview_key(key: str) -> str:
    return f"{key}.preview"
