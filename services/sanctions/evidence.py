"""Evidence (证明材料) of an act against an expert. Only the office reads it, since it may tell of others."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from domain.errors import InvalidInput, NotFound, Unavailable
from domain.rulebook.form import FileRule
from services.applications import check_begin
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.files import FileLost, SealedFiles, clean_name, new_key
from services.inspection.checker import FileChecker
from services.inspection.file_types import MEDIA_TYPES
from services.reviews import OpenedFile
from services.sanctions.sanctions import find_sanction

RULE = FileRule(types=("pdf", "jpg", "png"), size_max=10_000_000)


@dataclass(frozen=True)
class EvidenceFiles:
    deps: Deps
    store: SealedFiles
    checker: FileChecker = field(default_factory=FileChecker)

    async def keep(self, actor: Actor, filename: str, content: bytes) -> list[dict[str, str]]:
        """Store a file; what a sanction holds of it. Nothing for an empty file, as a browser sends it where none was
        chosen. Raises InvalidInput for another kind or a damaged one, Unavailable."""
        check(actor, "expert.manage")
        if not content:
            return []
        try:
            check_begin(RULE, len(content), "", "")
            seen = await self.checker.check(actor.pool, content, RULE.types)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal
        key = new_key(actor.pool, self.deps.now())
        await self.store.put(key, seen.made or content)  # never inside a transaction; without a row it is an orphan
        return [{"key": key, "filename": clean_name(filename, seen.kind), "media_type": MEDIA_TYPES[seen.kind]}]

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
            content = await self.store.get(stored["key"])
        except FileLost as error:
            raise Unavailable("文件暂时无法读取，请稍后重试。", code="file_lost") from error
        return OpenedFile(content, stored["media_type"], stored["filename"])
