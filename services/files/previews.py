"""The preview of an attachment: rendered once, in a separate process, and stored beside it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from weakref import WeakValueDictionary

from domain.errors import Unavailable
from domain.file_types import FileType
from services.files.sealed_files import FileLost, SealedFiles
from services.inspection.checker import FileChecker
from services.inspection.file_types import PREVIEW


class Previews:
    def __init__(self, store: SealedFiles, checker: FileChecker) -> None:
        self._store = store
        self._checker = checker
        self._drawing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(self, key: str, kind: FileType) -> bytes:
        """A JPEG at most 1600 pixels long. A file older than stored previews gets one now.

        Raises FileLost, Unavailable; InvalidInput for an image that can't be rendered.
        """
        with suppress(FileLost):
            return await self._store.get(preview_key(key))
        async with self._drawing.setdefault(key, asyncio.Lock()):
            with suppress(FileLost):
                return await self._store.get(preview_key(key))
            drawn = await self._checker.draw(await self._store.get(key), kind, PREVIEW)
            with suppress(Unavailable):
                await self._store.put(preview_key(key), drawn)
            return drawn


def preview_key(key: str) -> str:
    return f"{key}.preview"
