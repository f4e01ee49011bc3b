"""Access to an application's files: the file itself for download, or our re-encoded images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog

from domain.errors import NotFound, Unavailable
from domain.file_types import FileType
from domain.rulebook.book import Rulebook
from models.applications import Application, Attachment
from services.applications import AttachmentView, field_of, view_of
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction
from services.files import FileLost, Previews, SealedFiles
from services.inspection.file_types import MEDIA_TYPES
from services.reviews.scope import REACHES, WITHDRAWN

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Form = Literal["original", "preview", "thumbnail"]

_REVIEWS = (
    "SELECT 1 FROM review_task t JOIN application p ON p.id = t.application_id "
    f"WHERE t.pool = $1 AND p.id = $3 AND (t.decided_by = $2 OR ({REACHES})) LIMIT 1"
)


@dataclass(frozen=True)
class OpenedFile:
    """``media_type`` is the original's, or image/jpeg for our images."""

    content: bytes
    media_type: str
    filename: str


@dataclass(frozen=True)
class AttachmentAccess:
    """For the owner, for reviewers who have or had the task, and for the pool's administrators."""

    deps: Deps
    store: SealedFiles
    previews: Previews

    async def open(self, actor: Actor, attachment_id: UUID, form: Form = "original") -> OpenedFile:
        """A finished file, or its image at most 1600 (preview) or 320 pixels long (thumbnail).

        Opening another person's sensitive file (an identity card) is logged. Raises NotFound, also for a file without
        image.
        """
        found = await self._find(actor, attachment_id)
        await self._note(actor, found, form)
        if form == "original":
            return OpenedFile(await self._read(found, found.key), found.media_type, found.filename)
        if not found.thumb_key:
            raise NotFound("这个文件没有图片，请下载后查看。", code="no_picture")
        name = f"{found.filename.rpartition('.')[0]}.jpg"
        if form == "thumbnail":
            return OpenedFile(await self._read(found, found.thumb_key), "image/jpeg", name)
        return OpenedFile(await self._preview(found), "image/jpeg", name)

    async def find(self, actor: Actor, attachment_id: UUID) -> AttachmentView:
        """The name of a file, without opening it. Raises NotFound."""
        return view_of(await self._find(actor, attachment_id))

    async def hand_out(self, actor: Actor, attachment_id: UUID) -> AttachmentView:
        """The same for a link to the file itself, which is logged as an opening."""
        found = await self._find(actor, attachment_id)
        await self._note(actor, found, "original")
        return view_of(found)

    async def linked(self, attachment_id: UUID) -> OpenedFile:
        """The file of a signed link, also an agency's, whose holder was authorised before. Raises NotFound once
        removed."""
        found = await Attachment.get_or_none(id=attachment_id, state="ready")
        if found is None:
            raise _unknown()
        return OpenedFile(await self._read(found, found.key), found.media_type, found.filename)

    async def _find(self, actor: Actor, attachment_id: UUID) -> Attachment:
        found = await Attachment.get_or_none(id=attachment_id, pool=actor.pool, state="ready").prefetch_related(
            "application"
        )
        if found is None or found.application is None or not await may_read(actor, found.application):
            raise _unknown()
        return found

    async def _preview(self, found: Attachment) -> bytes:
        kind: FileType = "png" if found.media_type == MEDIA_TYPES["png"] else "jpg"
        try:
            return await self.previews.get(found.key, kind)
        except FileLost as error:
            raise _lost(found) from error

    async def _read(self, found: Attachment, key: str) -> bytes:
        try:
            return await self.store.get(key)
        except FileLost as error:
            raise _lost(found) from error

    async def _note(self, actor: Actor, found: Attachment, form: Form) -> None:
        if found.account_id == actor.account_id or not _sensitive(self.deps.book(found.pool), found.field):
            return
        async with transaction():
            await record(
                actor, self.deps.now(), "attachment.open", "attachment", found.id, field=found.field, form=form
            )


def _unknown() -> NotFound:
    return NotFound("没有这个文件，可能已被删除，请刷新后重试。", code="attachment_unknown")


def _lost(found: Attachment) -> Unavailable:
    log.error("attachment_lost", attachment=str(found.id))
    return Unavailable("文件暂时无法读取，我们已记录，请稍后重试。", code="file_lost")


async def may_read(actor: Actor, application: Application) -> bool:
    """Whether the person may see an application's files: owns it, reviews it, or administrates the pool."""
    if actor.account_id is None or application.pool != actor.pool:
        return False
    if permissions.may(actor, "application.own") and application.account_id == actor.account_id:
        return True
    if permissions.may(actor, "application.read"):
        return True
    if not permissions.may(actor, "review.decide") or application.state in WITHDRAWN:
        return False
    return bool(await rows(_REVIEWS, actor.pool, actor.account_id, application.id))


def _sensitive(book: Rulebook, field: str) -> bool:
    """A field that the rulebook no longer has counts as sensitive."""
    if field.partition(".")[0] not in book.form.used():
        return True
    return field_of(book, field).sensitive or book.form.used()[field.partition(".")[0]].sensitive
