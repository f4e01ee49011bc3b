"""Evidence (证明材料) that the office attaches to an act about a person, or a reporter to a report. Only those read it
for whom the act or report is, as it may tell of others; each has its own permission and its own record of who opened
it."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.errors import InvalidInput
from domain.file_types import FileType
from services.core.base import Deps
from services.files.names import clean_name
from services.files.sealed_files import SealedFiles, new_key
from services.inspection.checker import FileChecker
from services.inspection.file_types import MEDIA_TYPES

EVIDENCE_MAX = 10_000_000
"""Bytes."""
_TYPES: tuple[FileType, ...] = ("jpg", "png", "pdf")
_PICTURE_SIDE = 3000
"""Pixels of a picture that is drawn anew: a photographed letter stays legible."""


@dataclass(frozen=True)
class StoredEvidence:
    """A stored file; ``key`` empty: none."""

    key: str = ""
    name: str = ""
    media_type: str = ""


NO_EVIDENCE = StoredEvidence()


@dataclass(frozen=True)
class EvidenceFiles:
    deps: Deps
    store: SealedFiles
    checker: FileChecker = field(default_factory=FileChecker)

    async def keep(self, pool: str, content: bytes, filename: str, *, without_traces: bool = False) -> StoredEvidence:
        """Store a file, outside any transaction; without a row that names it, it is removed as an orphan. Raises
        InvalidInput for one that is too large, damaged or of another kind; Unavailable.

        ``without_traces``: a picture is drawn anew, without place, time and camera, and no file keeps its name.
        """
        if len(content) > EVIDENCE_MAX:
            message = f"文件过大，最大{EVIDENCE_MAX // 1_000_000}MB，请压缩后再上传。"
            raise InvalidInput(message, code="file_too_large", field="file")
        try:
            seen = await self.checker.check(pool, content, _TYPES)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal
        kind, stored, name = seen.kind, seen.made or content, filename
        if without_traces:
            name = "文件"
            if kind != "pdf":
                stored, kind = await self.checker.draw(pool, stored, kind, _PICTURE_SIDE), "jpg"
        key = new_key(pool, self.deps.now())
        await self.store.put(key, stored)
        return StoredEvidence(key, clean_name(name, kind), MEDIA_TYPES[kind])

    async def read(self, key: str) -> bytes:
        """Raises FileLost, Unavailable."""
        return await self.store.get(key)
