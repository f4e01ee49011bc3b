"""Files of an application's form."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.applications.own import ApplicationPath
from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, PoolPath
from services.applications import PART_MAX, AttachmentView

api = Api(
    "attachments",
    "附件",
    """\
Files are sent in parts, so that a bad line costs one part and not the file: begin, then `PUT` each part at the offset
that `received` names, then complete. A 409 `upload_offset` says in `params.received` where to go on. What a file is
shows in its content, not its name: pictures must decode to the end, a PDF may not be locked, run or carry anything.
Pictures come back as the service drew them.""",
)


class AttachmentPath(PoolPath):
    attachment_id: UUID


class PartPath(AttachmentPath):
    offset: int = Field(ge=0, le=50_000_000, description="Byte from which on this part goes", examples=[0])


class BeginIn(Input):
    field: str = Field(
        min_length=1, max_length=80, description="Code of the field; `records.column` in a record", examples=["photo"]
    )
    row: int = Field(0, ge=0, le=49, description="Row of a record, for `records.column`")
    filename: str = Field(min_length=1, max_length=200, examples=["照片.jpg"])
    size: int = Field(ge=0, le=2**31 - 1, description="Bytes", examples=[184_320])
    media_type: str = Field("", max_length=100, description="As the phone believes", examples=["image/jpeg"])
    sha256: str = Field(
        "", max_length=64, description="Hex; with it an unfinished upload of the same file goes on where it stopped"
    )


@api.post("/applications/{application_id}/attachments", "开始上传", action="application.own", status=201)
async def begin(call: Call, path: ApplicationPath, body: BeginIn) -> AttachmentView:
    """Announce a file. Type and size are checked before any byte is sent; `received` is the offset to begin at."""
    return await call.services.applications.attachments.begin(
        call.actor,
        path.application_id,
        body.field,
        row=body.row,
        filename=body.filename,
        size=body.size,
        media_type=body.media_type,
        sha256=body.sha256,
    )


async def _check_own(call: Call, path: AttachmentPath) -> None:
    await call.services.applications.attachments.status(call.actor, path.attachment_id)


@api.put(
    "/attachments/{attachment_id}/parts/{offset}",
    "上传一段",
    action="application.own",
    content_max=PART_MAX,
    guard=_check_own,
)
async def append(call: Call, path: PartPath, content: bytes) -> AttachmentView:
    """The bytes from `offset` on, at most 1 MB; 256 KB suits a phone."""
    return await call.services.applications.attachments.append(call.actor, path.attachment_id, path.offset, content)


@api.post("/attachments/{attachment_id}/completion", "完成上传", action="application.own", keyed="service")
async def complete(call: Call, path: AttachmentPath) -> AttachmentView:
    """Join the parts and check the content; a repetition changes nothing."""
    return await call.services.applications.attachments.finish(call.actor, path.attachment_id)


@api.delete("/attachments/{attachment_id}", "删除附件", action="application.own")
async def remove(call: Call, path: AttachmentPath) -> None:
    """Remove a file from the form, while the form may be changed."""
    await call.services.applications.attachments.remove(call.actor, path.attachment_id)


@api.get("/attachments/{attachment_id}/thumbnail", "缩略图", action="application.own", media_type="image/jpeg")
async def thumbnail(call: Call, path: AttachmentPath) -> Download:
    """A re-encoded image, at most 320 pixels long, upright, without the camera's metadata."""
    opened = await call.services.reviews.attachment_access.open(call.actor, path.attachment_id, "thumbnail")
    return Download(opened.content, "image/jpeg", opened.filename)
