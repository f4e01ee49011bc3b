"""Access to an application's files: the file itself for download, or our re-encoded images."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog

from domain.errors import NotFound, Unavailable
from domain.file_types import FileType
from domain.rulebook.book import Rulebook
from models.applications import Application, Attachment
from services.applications import AttachmentView, field_of, view_of
from services.core import permissions
from services.core.base import Actor, Deps, from_row, record, rows, transaction
from services.files import FileLost, Previews, SealedFiles
from services.inspection.file_types import MEDIA_TYPES
from services.reviews.former_file import read_former_file
from services.reviews.scope import WITHDRAWN, reaches

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Form = Literal["original", "preview", "thumbnail"]

_REVIEWS = (
    "SELECT 1 FROM review_task t JOIN application p ON p.id = t.application_id "
    f"WHERE t.pool = $1 AND p.id = $3 AND (t.decided_by = $2 OR ({reaches('$4')})) LIMIT 1"
)
_REVIEWED_OF_EXPERT = (
    "SELECT DISTINCT p AS application FROM review_task t JOIN application p ON p.id = t.application_id "
    f"WHERE t.pool = $1 AND p.expert_id = $3 AND p.state <> ALL($4::text[]) "
    f"AND (t.decided_by = $2 OR ({reaches('$5')}))"
)


@dataclass(frozen=True)
class OpenedFile:
    """``media_type`` is the original's, or image/jpeg for our images."""

    content: bytes
    media_type: str
    filename: str


@dataclass(frozen=True)
class AttachmentAccess:
    """For the owner, for reviewers who have or had the task, and for the pool's administrators.

    Reviewers see the expert's file beside an application, and so the files that it held then.
    """

    deps: Deps
    store: SealedFiles
    previews: Previews

    async def open(self, actor: Actor, attachment_id: UUID, form: Form = "original") -> OpenedFile:
        """A finished file, or its image at most 1600 (preview) or 320 pixels long (thumbnail).

        Opening another person's sensitive file (an identity card) is logged. Raises NotFound, also for a file without
        image.
        """
        attachment = await self._get_attachment(actor, attachment_id)
        await self._record_opening(actor, attachment, form)
        if form == "original":
            return OpenedFile(
                await self._read_content(attachment, attachment.key), attachment.media_type, attachment.filename
            )
        if not attachment.thumb_key:
            raise NotFound("这个文件没有图片，请下载后查看。", code="no_picture")
        name = f"{attachment.filename.rpartition('.')[0]}.jpg"
        if form == "thumbnail":
            return OpenedFile(await self._read_content(attachment, attachment.thumb_key), "image/jpeg", name)
        return OpenedFile(await self._read_preview(attachment), "image/jpeg", name)

    async def get(self, actor: Actor, attachment_id: UUID) -> AttachmentView:
        """The name of a file, without opening it. Raises NotFound."""
        return view_of(await self._get_attachment(actor, attachment_id))

    async def get_for_link(self, actor: Actor, attachment_id: UUID) -> AttachmentView:
        """The same for a link to the file itself, which is logged as an opening."""
        attachment = await self._get_attachment(actor, attachment_id)
        await self._record_opening(actor, attachment, "original")
        return view_of(attachment)

    async def open_linked(self, attachment_id: UUID) -> OpenedFile:
        """The file of a signed link, also an agency's, whose holder was authorised before. Raises NotFound once
        removed."""
        attachment = await Attachment.get_or_none(id=attachment_id, state="ready")
        if attachment is None:
            raise _unknown_attachment()
        return OpenedFile(
            await self._read_content(attachment, attachment.key), attachment.media_type, attachment.filename
        )

    async def _get_attachment(self, actor: Actor, attachment_id: UUID) -> Attachment:
        attachment = await Attachment.get_or_none(id=attachment_id, pool=actor.pool, state="ready").prefetch_related(
            "application"
        )
        if attachment is None or (attachment.application is None and attachment.expert_id is None):
            raise _unknown_attachment()
        if not await self._may_read(actor, attachment) and not await self._stands_beside(actor, attachment):
            raise _unknown_attachment()
        return attachment

    async def _may_read(self, actor: Actor, attachment: Attachment) -> bool:
        """What the office itself has put into an expert's file belongs to no application."""
        if attachment.application is None:
            return actor.account_id is not None and permissions.may(actor, "application.read")
        return await may_read(actor, attachment.application, self.deps.now())

    async def _stands_beside(self, actor: Actor, attachment: Attachment) -> bool:
        """Whether an application that the actor reviews is shown beside the expert's file with this attachment."""
        expert_id = attachment.expert_id or attachment.application.expert_id
        if expert_id is None or not permissions.may(actor, "review.decide"):
            return False
        for row in await rows(
            _REVIEWED_OF_EXPERT, actor.pool, actor.account_id, expert_id, [*WITHDRAWN], self.deps.now()
        ):
            former = await read_former_file(self.deps, from_row(Application, row["application"]))
            if former is not None and attachment.id in {file.id for file in former.files}:
                return True
        return False

    async def _read_preview(self, attachment: Attachment) -> bytes:
        kind: FileType = "png" if attachment.media_type == MEDIA_TYPES["png"] else "jpg"
        try:
            return await self.previews.get(attachment.pool, attachment.key, kind)
        except FileLost as error:
            raise _lost_file_error(attachment) from error

    async def _read_content(self, attachment: Attachment, key: str) -> bytes:
        try:
            return await self.store.get(key)
        except FileLost as error:
            raise _lost_file_error(attachment) from error

    async def _record_opening(self, actor: Actor, attachment: Attachment, form: Form) -> None:
        own = attachment.account_id == actor.account_id and attachment.expert_id is None
        if own or not _is_sensitive(self.deps.book(attachment.pool), attachment.field):
            return
        async with transaction():
            await record(
                actor,
                self.deps.now(),
                "attachment.open",
                "attachment",
                attachment.id,
                field=attachment.field,
                form=form,
            )


def _unknown_attachment() -> NotFound:
    return NotFound("没有这个文件，可能已被删除，请刷新后重试。", code="attachment_unknown")


def _lost_file_error(attachment: Attachment) -> Unavailable:
    log.error("attachment_lost", attachment=str(attachment.id))
    return Unavailable("文件暂时无法读取，我们已记录，请稍后重试。", code="file_lost")


async def may_read(actor: Actor, application: Application, now: datetime) -> bool:
    """Whether the person may see an application's files: owns it, reviews it, or administrates the pool."""
    if actor.account_id is None or application.pool != actor.pool:
        return False
    if permissions.may(actor, "application.own") and application.account_id == actor.account_id:
        return True
    if permissions.may(actor, "application.read"):
        return True
    if not permissions.may(actor, "review.decide") or application.state in WITHDRAWN:
        return False
    return bool(await rows(_REVIEWS, actor.pool, actor.account_id, application.id, now))


def _is_sensitive(book: Rulebook, field: str) -> bool:
    """A field that the rulebook no longer has counts as sensitive."""
    if field.partition(".")[0] not in book.form.used():
        return True
    return field_of(book, field).sensitive or book.form.used()[field.partition(".")[0]].sensitive
