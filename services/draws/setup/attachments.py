"""Files that an agency attaches to its requests for verification: one each, removable until submission."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from domain.draws.lifecycles import DrawState
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from domain.rulebook.form import FileRule
from models.applications import Attachment
from services.applications import AttachmentView, check_begin, view_of
from services.core import permissions
from services.core.base import Actor, Deps, record, transaction
from services.draws.access import DrawAccess
from services.draws.locks import Locked, lock_own_draw
from services.draws.release_rules import check_may_apply
from services.files import FileLost, SealedFiles, clean_name, new_key
from services.inspection.checker import FileChecker
from services.inspection.file_types import MEDIA_TYPES
from services.reviews import OpenedFile

RULE = FileRule(types=("pdf", "jpg", "png"), size_max=20_000_000)
Purpose = Literal["draw", "release"]
"""The request that a file belongs to: for the draw itself, or for its release."""
_FIELDS: Mapping[Purpose, str] = {"draw": "draw_application", "release": "release_application"}
_OPEN = (DrawState.EDITING, DrawState.REFUSED)


@dataclass(frozen=True)
class DrawAttachments:
    deps: Deps
    store: SealedFiles
    access: DrawAccess
    checker: FileChecker = field(default_factory=FileChecker)

    async def check_open(self, actor: Actor, draw_id: UUID, purpose: Purpose = "draw") -> None:
        """Raises NotFound for another agency's draw, Conflict once it is submitted."""
        permissions.check(actor, "draw.edit")
        async with transaction():
            await self._lock_open_draw(actor, draw_id, purpose)

    async def attach(
        self, actor: Actor, draw_id: UUID, filename: str, content: bytes, purpose: Purpose = "draw"
    ) -> AttachmentView:
        """Upload the file; it replaces an earlier one. Raises InvalidInput, Conflict once the draw is submitted."""
        # before the upload is stored, and below again: the draw may be submitted meanwhile
        await self.check_open(actor, draw_id, purpose)
        check_begin(RULE, len(content), "", "")
        try:
            seen = await self.checker.check(actor.pool, content, RULE.types)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal
        now, content = self.deps.now(), seen.made or content
        key = new_key(actor.pool, now)
        await self.store.put(key, content)
        async with transaction():
            await self._lock_open_draw(actor, draw_id, purpose)
            await _mark_removed(draw_id, purpose, self.deps)
            attachment = await Attachment.create(
                pool=actor.pool,
                account_id=actor.account_id,
                draw_id=draw_id,
                field=_FIELDS[purpose],
                filename=clean_name(filename, seen.kind),
                media_type=MEDIA_TYPES[seen.kind],
                size=len(content),
                received=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                key=key,
                state="ready",
                created_at=now,
                ready_at=now,
            )
            await record(actor, now, "draw.attached", "draw", draw_id)
        return view_of(attachment)

    async def remove(self, actor: Actor, draw_id: UUID, purpose: Purpose = "draw") -> None:
        """Remove the file. Harmless when there is none; Conflict once the draw is submitted."""
        permissions.check(actor, "draw.edit")
        async with transaction():
            await self._lock_open_draw(actor, draw_id, purpose)
            await _mark_removed(draw_id, purpose, self.deps)

    async def find(self, actor: Actor, draw_id: UUID, purpose: Purpose = "draw") -> AttachmentView | None:
        """For the agency, verifiers, supervisors and administrators of the draw."""
        await self._check_reader(actor, draw_id)
        attachment = await _find_attachment(draw_id, purpose)
        return view_of(attachment) if attachment else None

    async def open(self, actor: Actor, draw_id: UUID, purpose: Purpose = "draw") -> OpenedFile:
        """The content of the file. Raises NotFound."""
        await self._check_reader(actor, draw_id)
        attachment = await _find_attachment(draw_id, purpose)
        if attachment is None:
            raise NotFound("这个活动没有附件。", code="no_attachment")
        try:
            content = await self.store.get(attachment.key)
        except FileLost as error:
            raise Unavailable("文件暂时无法读取，请稍后重试。", code="file_lost") from error
        return OpenedFile(content, attachment.media_type, attachment.filename)

    async def _check_reader(self, actor: Actor, draw_id: UUID) -> None:
        await self.access.get(actor, draw_id)
        if actor.role == "venue":
            raise Forbidden("申请附件只供招标人、代理机构、核验人员和监督人查看。")

    async def _lock_open_draw(self, actor: Actor, draw_id: UUID, purpose: Purpose) -> Locked:
        locked = await lock_own_draw(actor, draw_id)
        if purpose == "release":
            await check_may_apply(locked, self.deps)
            return locked
        if locked.state not in _OPEN:
            raise Conflict(f"活动{locked.state.label}，不能再更换附件。", code="not_editable")
        return locked


async def attached_name(draw_id: UUID, purpose: Purpose = "draw") -> str:
    """The name of the file of a draw's request; empty: there is none."""
    attachment = await _find_attachment(draw_id, purpose)
    return attachment.filename if attachment else ""


async def _find_attachment(draw_id: UUID, purpose: Purpose) -> Attachment | None:
    return await Attachment.get_or_none(draw_id=draw_id, field=_FIELDS[purpose], state="ready")


async def _mark_removed(draw_id: UUID, purpose: Purpose, deps: Deps) -> None:
    await Attachment.filter(draw_id=draw_id, field=_FIELDS[purpose], state="ready").update(
        state="removed", removed_at=deps.now()
    )
