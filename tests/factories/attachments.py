"""Files of an application's form."""

from __future__ import annotations

from uuid import UUID

from models.applications import Attachment
from services.applications.attachment_rules import AttachmentView
from services.applications.attachments import PART_MAX, Attachments
from services.core.base import Actor


async def upload_file(
    attachments: Attachments,
    actor: Actor,
    application_id: UUID,
    field: str,
    *,
    row: int = 0,
    filename: str,
    content: bytes,
) -> AttachmentView:
    """Send the whole file as a client does: in parts."""
    upload = await attachments.begin(actor, application_id, field, row=row, filename=filename, size=len(content))
    for offset in range(0, len(content), PART_MAX):
        await attachments.append(actor, upload.id, offset, content[offset : offset + PART_MAX])
    return await attachments.finish(actor, upload.id)


async def ready_attachments(application_id: UUID) -> list[Attachment]:
    return await Attachment.filter(application_id=application_id, state="ready").order_by("field", "row", "ready_at")
