"""Files of an application's form: uploaded in parts, checked by content, stored encrypted, shown only to permitted
readers.

An attachment goes from uploading to ready, and from either to removed; a sweep deletes removed and unfinished ones.
Attachments don't change the application's version, so a printed form stays current when its scan is attached.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from domain.rulebook.form import FileRule
from models.applications import Application, Attachment
from services.applications.attachment_rules import AttachmentView, check_begin, check_open, rule_of, view_of
from services.applications.repository import lock_own
from services.core import permissions
from services.core.base import Actor, Deps, transaction
from services.core.due_rows import process_each
from services.core.limits import advisory_lock
from services.files import FileLost, SealedFiles, clean_name, new_key, preview_key
from services.inspection.checker import FileChecker
from services.inspection.file_types import MEDIA_TYPES, Found

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PART_MAX = 1024 * 1024
"""Bytes of one part."""
UNFINISHED_MAX = 20
"""Concurrent uploads per application; another one removes the oldest."""
UPLOAD_TTL = timedelta(hours=24)
REMOVED_TTL = timedelta(hours=1)
"""Delay of deletion, so that an upload that is just finishing does not write after it."""
SWEEP_DUE = (
    "EXISTS (SELECT 1 FROM attachment WHERE state = 'uploading' "
    "AND created_at <= $1::timestamptz - interval '24 hours' "
    "OR state = 'removed' AND removed_at <= $1::timestamptz - interval '1 hour')"
)
"""Whether ``sweep`` has work at ``$1``."""


@dataclass(frozen=True)
class Attachments:
    deps: Deps
    store: SealedFiles
    checker: FileChecker = field(default_factory=FileChecker)

    async def begin(
        self,
        actor: Actor,
        application_id: UUID,
        field: str,
        *,
        row: int = 0,
        filename: str,
        size: int,
        media_type: str = "",
        sha256: str = "",
    ) -> AttachmentView:
        """Start an upload; ``received`` of the answer says from which byte on to send.

        ``field`` is the form's code, ``records.column`` with its ``row`` for a file in a record. ``size`` in bytes;
        ``media_type`` as the browser believes, or empty. With ``sha256`` (hex) an unfinished upload of the same file is
        resumed, and the content is compared at the end. Raises InvalidInput, Conflict.
        """
        permissions.check(actor, "application.own")
        now = self.deps.now()
        async with transaction():
            application = await lock_own(actor, application_id)
            rule = self._open_rule(application, field, row)
            check_begin(rule, size, media_type, sha256)
            under_way = await Attachment.filter(
                application_id=application.id, state="uploading", removed_at=None
            ).order_by("created_at", "id")
            for upload in under_way:
                if sha256 and (upload.field, upload.row, upload.size, upload.sha256) == (field, row, size, sha256):
                    return view_of(upload)
            await self._check_room(application.id, field, row, rule)
            for old in under_way[: max(0, len(under_way) - UNFINISHED_MAX + 1)]:
                await _remove(old, self.deps)
            begun = await Attachment.create(
                pool=actor.pool,
                account_id=application.account_id,
                application_id=application.id,
                field=field,
                row=row,
                filename=clean_name(filename),
                media_type="",
                size=size,
                sha256=sha256,
                key=new_key(actor.pool, now),
                created_at=now,
            )
        return view_of(begun)

    async def append(self, actor: Actor, attachment_id: UUID, offset: int, content: bytes) -> AttachmentView:
        """Append the bytes at ``offset``. Raises Conflict ``upload_offset`` with ``received`` when they are not the
        next ones: the client continues there, whether its last part arrived twice or not at all."""
        if not 0 < len(content) <= PART_MAX:
            raise InvalidInput(f"每段应为1至{PART_MAX}字节，请更新页面后重试。", code="part_size")
        attachment = await self._get_own(actor, attachment_id)
        _check_next(attachment, offset, len(content))
        part = f"{offset:012}-{os.urandom(6).hex()}"
        await self.store.put(_part_key(attachment, part), content)
        try:
            async with transaction():
                locked = await _lock(attachment_id)
                _check_next(locked, offset, len(content))
                locked.parts = [*locked.parts, part]
                locked.received = offset + len(content)
                await locked.save(update_fields=["parts", "received"])
        except Conflict:
            with suppress(Unavailable):
                await self.store.delete(_part_key(attachment, part))
            raise
        return view_of(locked)

    async def status(self, actor: Actor, attachment_id: UUID) -> AttachmentView:
        """Progress of an upload."""
        return view_of(await self._get_own(actor, attachment_id))

    async def finish(self, actor: Actor, attachment_id: UUID) -> AttachmentView:
        """Put the parts together, look into the file and keep it; asked again, the answer is the same.

        The answer is the file that is there already where the field has the very same one.

        Raises Conflict ``upload_offset`` when bytes are missing, InvalidInput for an unacceptable file, which is then
        deleted.
        """
        attachment = await self._get_own(actor, attachment_id)
        if attachment.state != "uploading":
            return view_of(await _outcome(attachment))
        if attachment.received < attachment.size:
            raise _other_offset(attachment)
        content = await self._assemble(attachment)
        if attachment.sha256 and hashlib.sha256(content).hexdigest() != attachment.sha256:
            await self._drop_upload(attachment.id)
            raise InvalidInput("文件在传输中损坏，请重新上传。", code="file_damaged")
        return await self._accept_content(actor, attachment, content)

    async def remove(self, actor: Actor, attachment_id: UUID) -> None:
        """Remove a file from the form. Raises Conflict when the form can't be changed now."""
        attachment = await self._get_own(actor, attachment_id)
        async with transaction():
            application = await lock_own(actor, _application_id(attachment))
            locked = await _lock(attachment_id)
            if locked.state == "ready":
                self._open_rule(application, locked.field, locked.row)
            await _remove(locked, self.deps)

    async def sweep(self) -> int:
        """Remove uploads unfinished since yesterday, and delete removed ones, file and row; returns the number."""
        now = self.deps.now()
        await Attachment.filter(state="uploading", created_at__lte=now - UPLOAD_TTL).update(
            state="removed", removed_at=now - REMOVED_TTL
        )
        due = await Attachment.filter(state="removed", removed_at__lte=now - REMOVED_TTL).limit(200)
        await process_each("attachments", due, self._delete)
        return len(due)

    # ---- helpers

    def _open_rule(self, application: Application, field: str, row: int) -> FileRule:
        book = self.deps.book(application.pool)
        rule = rule_of(book, field, row)
        check_open(application, book, field)
        return rule

    async def _get_own(self, actor: Actor, attachment_id: UUID) -> Attachment:
        """Raises NotFound for another person's attachment."""
        permissions.check(actor, "application.own")
        attachment = await Attachment.get_or_none(
            id=attachment_id, pool=actor.pool, account_id=actor.account_id, application_id__not_isnull=True
        )
        if attachment is None:
            raise _unknown_attachment()
        return attachment

    async def _check_room(self, application_id: UUID, field: str, row: int, rule: FileRule) -> None:
        """Raises Conflict when a field is full. In a field for one file the new file replaces the old one."""
        there = await Attachment.filter(application_id=application_id, field=field, row=row, state="ready").count()
        if rule.count_max > 1 and there >= rule.count_max:
            raise Conflict(f"这一项最多上传{rule.count_max}个文件，请先删除一个。", code="attachments_full")

    async def _assemble(self, attachment: Attachment) -> bytes:
        content = bytearray()
        for part in attachment.parts:
            try:
                content += await self.store.get(_part_key(attachment, part))
            except FileLost:
                log.warning("part_lost", attachment=str(attachment.id))
                raise _other_offset(await _rewind(attachment.id, part)) from None
        return bytes(content)

    async def _accept_content(self, actor: Actor, attachment: Attachment, content: bytes) -> AttachmentView:
        """Check a complete file and make it ready."""
        book = self.deps.book(attachment.pool)
        rule = rule_of(book, attachment.field, attachment.row)
        try:
            seen = await self.checker.check(attachment.pool, content, rule.types)
        except InvalidInput as refusal:
            await self._drop_upload(attachment.id)
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal
        content = seen.made or content
        await self.store.put(attachment.key, content)
        if seen.thumbnail:
            await self.store.put(_thumb_key(attachment), seen.thumbnail)
            await self.store.put(preview_key(attachment.key), seen.preview)
        try:
            digest = await asyncio.to_thread(_digest, content)
            settled = await self._make_ready(actor, attachment, rule, seen, digest, len(content))
        except Conflict:
            await self._drop_upload(attachment.id)
            raise
        with suppress(Unavailable):
            await self.store.clear(_parts_folder(attachment))
        return view_of(settled)

    async def _make_ready(
        self, actor: Actor, attachment: Attachment, rule: FileRule, seen: Found, digest: str, size: int
    ) -> Attachment:
        now = self.deps.now()
        async with transaction():
            application = await lock_own(actor, _application_id(attachment))
            locked = await _lock(attachment.id)
            if locked.state != "uploading":
                return await _outcome(locked)
            self._open_rule(application, locked.field, locked.row)
            beside = await Attachment.filter(
                application_id=application.id, field=locked.field, row=locked.row, state="ready"
            ).order_by("ready_at")
            if same := [attachment for attachment in beside if attachment.sha256 == digest]:
                locked.sha256 = digest
                await locked.save(update_fields=["sha256"])
                await _remove(locked, self.deps)
                return same[0]
            await self._check_room(application.id, locked.field, locked.row, rule)
            for old in beside if rule.count_max == 1 else ():
                await _remove(old, self.deps)
            locked.state, locked.ready_at, locked.sha256 = "ready", now, digest
            locked.media_type = MEDIA_TYPES[seen.kind]
            locked.filename = clean_name(locked.filename, seen.kind)
            locked.thumb_key = _thumb_key(locked) if seen.thumbnail else ""
            locked.parts, locked.size, locked.received = [], size, size
            await locked.save()
        return locked

    async def _drop_upload(self, attachment_id: UUID) -> None:
        """Remove an upload that failed."""
        async with transaction():
            locked = await _lock(attachment_id)
            if locked.state == "uploading":
                await _remove(locked, self.deps)

    async def _delete(self, attachment: Attachment) -> None:
        """Delete the row, and the file with the last row that refers to it."""
        async with transaction():
            # two rows of one file deleted at once would each see the other, and leave the file
            await advisory_lock(f"file:{attachment.key}")
            if await Attachment.filter(key=attachment.key).exclude(id=attachment.id).exists():
                await attachment.delete()
                return
        await self.store.clear(_parts_folder(attachment))
        for key in (_thumb_key(attachment), preview_key(attachment.key), attachment.key):
            await self.store.delete(key)
        await attachment.delete()


async def _lock(attachment_id: UUID) -> Attachment:
    attachment = await Attachment.select_for_update().get_or_none(id=attachment_id)
    if attachment is None:
        raise _unknown_attachment()
    return attachment


async def _remove(locked: Attachment, deps: Deps) -> None:
    if locked.state != "removed":
        locked.state, locked.removed_at = "removed", deps.now()
        await locked.save(update_fields=["state", "removed_at"])


async def _rewind(attachment_id: UUID, lost: str) -> Attachment:
    """Discard a part that the store lost, and the parts after it."""
    async with transaction():
        locked = await _lock(attachment_id)
        if lost in locked.parts:
            locked.parts = locked.parts[: locked.parts.index(lost)]
            locked.received = int(lost.partition("-")[0])
            await locked.save(update_fields=["parts", "received"])
    return locked


async def _outcome(attachment: Attachment) -> Attachment:
    """The result of a finished upload: itself, or the identical file that existed. Raises Conflict."""
    if attachment.state == "ready":
        return attachment
    same = await Attachment.filter(
        application_id=attachment.application_id,
        field=attachment.field,
        row=attachment.row,
        state="ready",
        sha256=attachment.sha256,
    ).first()
    if not attachment.sha256 or same is None:
        raise _upload_gone()
    return same


def _check_next(attachment: Attachment, offset: int, length: int) -> None:
    if attachment.state == "ready":
        raise Conflict("这个文件已上传完成。", code="upload_finished")
    if attachment.state != "uploading":
        raise _upload_gone()
    if offset != attachment.received:
        raise _other_offset(attachment)
    if offset + length > attachment.size:
        raise InvalidInput("收到的内容超过了文件大小，请重新选择文件。", code="upload_too_long")


def _other_offset(attachment: Attachment) -> Conflict:
    return Conflict(
        f"已收到{attachment.received}字节，请从这里继续上传。",
        code="upload_offset",
        params={"received": attachment.received},
    )


def _upload_gone() -> Conflict:
    return Conflict("这次上传已取消或已过期，请重新上传。", code="upload_gone")


def _unknown_attachment() -> NotFound:
    return NotFound("没有这个文件，可能已被删除，请刷新后重试。", code="attachment_unknown")


def _application_id(attachment: Attachment) -> UUID:
    if attachment.application_id is None:
        raise _unknown_attachment()
    return attachment.application_id


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _parts_folder(attachment: Attachment) -> str:
    return f"{attachment.key}.parts"


def _part_key(attachment: Attachment, part: str) -> str:
    return f"{_parts_folder(attachment)}/{part}"


def _thumb_key(attachment: Attachment) -> str:
    return f"{attachment.key}.thumb"
