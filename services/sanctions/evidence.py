"""Evidence (证明材料) of an act against an expert. Only the office reads it, since it may tell of others."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.errors import NotFound, Unavailable
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.files import EvidenceFiles, FileLost
from services.reviews import OpenedFile
from services.sanctions.sanctions import find_sanction


@dataclass(frozen=True)
class SanctionEvidence:
    deps: Deps
    files: EvidenceFiles

    async def keep(self, actor: Actor, filename: str, content: bytes) -> list[dict[str, str]]:
        """Store a file; what a sanction holds of it. Nothing for an empty file, as a browser sends it where none was
        chosen. Raises InvalidInput for another kind or a damaged one, Unavailable."""
        check(actor, "expert.manage")
        if not content:
            return []
        stored = await self.files.keep(actor.pool, content, filename)
        return [{"key": stored.key, "filename": stored.name, "media_type": stored.media_type}]

    async def open(self, actor: Actor, sanction_id: UUID) -> OpenedFile:
        """The access is logged. Raises NotFound, Unavailable."""
        check(actor, "expert.manage")
        sanction = await find_sanction(actor, sanction_id)
        if not sanction.files:
            raise NotFound("这项处理没有证明材料。", code="no_evidence")
        [stored] = sanction.files
        async with transaction():
            await record(actor, self.deps.now(), "sanction.evidence", "expert", sanction.expert_id)
        try:
            content = await self.files.read(stored["key"])
        except FileLost as error:
            raise Unavailable("文件暂时无法读取，请稍后重试。", code="file_lost") from error
        return OpenedFile(content, stored["media_type"], stored["filename"])
