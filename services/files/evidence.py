"""Evidence (证明材料) that the office attaches to an act about a person. Only the office reads it, since it may tell of
others; each act has its own permission and its own record of who opened it."""

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

    async def keep(self, pool: str, content: bytes, filename: str) -> StoredEvidence:
        """Store a file, outside any transaction; without a row that names it, it is removed as an orphan. Raises
        InvalidInput for one that is too large, damaged or of another kind; Unavailable."""
        if len(content) > EVIDENCE_MAX:
            message = f"文件过大，最大{EVIDENCE_MAX // 1_000_000}MB，请压缩后再上传。"
            raise InvalidInput(message, code="file_too_large", field="file")
        try:
            seen = await self.checker.check(pool, content, _TYPES)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal
        key = new_key(pool, self.deps.now())
        await self.store.put(key, seen.made or content)
        return StoredEvidence(key, clean_name(filename, seen.kind), MEDIA_TYPES[seen.kind])

    async def read(self, key: str) -> bytes:
        """Raises FileLost, Unavailable."""
        return await self.store.get(key)
