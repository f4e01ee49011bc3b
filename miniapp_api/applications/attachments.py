"""Files of an application's form."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.applications.own import ApplicationPath
from miniapp_api.http.call import Call, Download, Upload, UploadRule
from miniapp_api.http.routes import OCTETS, Api
from miniapp_api.http.schema import Input, Listing, Params, PoolPath
from services.applications import PART_MAX, AttachmentView

api = Api(
    "attachments",
    "附件",
    """\
Files are sent in parts, so that a bad line costs one part and not the file: begin, then `PUT` each part at the offset
that `received` names, then complete. A 409 `upload_offset` says in `params.received` where to go on. What a file is
shows in its content, not its name: pictures must decode to the end, a PDF may not be locked, run or carry anything.
They come back to be saved, or as pictures that the service drew.""",
)

WHOLE = UploadRule(20_000_000, (".jpg", ".png", ".pdf"))
PART = UploadRule(PART_MAX, raw=True)
READERS = ("application.own", "review.decide", "application.read")


class AttachmentPath(PoolPath):
    attachment_id: UUID


class PartPath(AttachmentPath):
    offset: int = Field(ge=0, le=50_000_000, description="Byte from which on this part goes", examples=[0])


class FieldQuery(Params):
    field: str = Field(min_length=1, max_length=80, description="Code of the field", examples=["photo"])
    row: int = Field(0, ge=0, le=49, description="Row of a record, for `records.column`")
    filename: str = Field("", max_length=200, description="Instead of the part's own name")


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


async def _check_application(call: Call, path: ApplicationPath) -> None:
    await call.services.applications.attachments.check_own(call.actor, path.application_id)


@api.put(
    "/attachments/{attachment_id}/parts/{offset}", "上传一段", action="application.own", upload=PART, guard=_check_own
)
async def append(call: Call, path: PartPath, upload: Upload) -> AttachmentView:
    """The bytes from `offset` on, at most 1 MB; 256 KB suits a phone."""
    return await call.services.applications.attachments.append(
        call.actor, path.attachment_id, path.offset, upload.content
    )


@api.get("/attachments/{attachment_id}", "上传进度", action="application.own")
async def status(call: Call, path: AttachmentPath) -> AttachmentView:
    """Progress of an own upload, to resume after the page was closed."""
    return await call.services.applications.attachments.status(call.actor, path.attachment_id)


@api.post("/attachments/{attachment_id}/completion", "完成上传", action="application.own", keyed="service")
async def complete(call: Call, path: AttachmentPath) -> AttachmentView:
    """Join the parts and check the content; a repetition changes nothing."""
    return await call.services.applications.attachments.finish(call.actor, path.attachment_id)


@api.post(
    "/applications/{application_id}/attachments/whole",
    "一次上传",
    action="application.own",
    upload=WHOLE,
    status=201,
    keyed="service",
    guard=_check_application,
)
async def upload_whole(call: Call, path: ApplicationPath, query: FieldQuery, upload: Upload) -> AttachmentView:
    """A whole file at once, as `wx.uploadFile` sends it. The same file again yields the same attachment."""
    return await call.services.applications.attachments.upload(
        call.actor,
        path.application_id,
        query.field,
        row=query.row,
        filename=query.filename or upload.filename,
        content=upload.content,
    )


@api.delete("/attachments/{attachment_id}", "删除附件", action="application.own")
async def remove(call: Call, path: AttachmentPath) -> None:
    """Remove a file from the form, while the form may be changed."""
    await call.services.applications.attachments.remove(call.actor, path.attachment_id)


@api.get("/applications/{application_id}/attachments", "附件列表", action=READERS)
async def listing(call: Call, path: ApplicationPath) -> Listing[AttachmentView]:
    """Finished files by field, row and age: for the applicant, the reviewers and administrators."""
    found = await call.services.reviews.attachment_access.of_application(call.actor, path.application_id)
    return Listing(items=found)


@api.get("/attachments/{attachment_id}/file", "下载附件", action=READERS, media_type=OCTETS)
async def download(call: Call, path: AttachmentPath) -> Download:
    """The original file, as an attachment. Opening another person's identity card is logged."""
    opened = await call.services.reviews.attachment_access.open(call.actor, path.attachment_id)
    return Download(opened.content, OCTETS, opened.filename)


@api.get("/attachments/{attachment_id}/preview", "查看图片", action=READERS, media_type="image/jpeg")
async def preview(call: Call, path: AttachmentPath) -> Download:
    """A re-encoded image, at most 1600 pixels long, upright, without the camera's metadata."""
    opened = await call.services.reviews.attachment_access.open(call.actor, path.attachment_id, "preview")
    return Download(opened.content, "image/jpeg", opened.filename)


@api.get("/attachments/{attachment_id}/thumbnail", "缩略图", action=READERS, media_type="image/jpeg")
async def thumbnail(call: Call, path: AttachmentPath) -> Download:
    """The same, at most 320 pixels long."""
    opened = await call.services.reviews.attachment_access.open(call.actor, path.attachment_id, "thumbnail")
    return Download(opened.content, "image/jpeg", opened.filename)
