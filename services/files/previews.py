"""The picture that stands for an attachment on screens: drawn once, in a process of its own, and kept beside it."""

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
        """A JPEG at most 1600 pixels long. A file that came before previews were kept gets one now.

        Raises FileLost, Unavailable; InvalidInput for a picture that can't be drawn.
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
