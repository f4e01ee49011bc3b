"""The file attached to a draw's request for verification, and templates of such documents."""

from __future__ import annotations

from miniapp_api.draws.activities import DrawPath
from miniapp_api.http.call import Call, Download, Upload, UploadRule
from miniapp_api.http.routes import OCTETS, Api
from miniapp_api.http.schema import Listing, PoolPath
from services.applications import AttachmentView
from services.draws import RULE, DocumentKind

api = Api(
    "draw_attachments",
    "抽取申请附件",
    "One file, replaceable until the request is handed in; and documents to make it from.",
)

PDF = "application/pdf"
FILE = UploadRule(RULE.size_max, (".pdf", ".jpg", ".png"))


class AttachmentTemplatePath(PoolPath):
    kind: DocumentKind


async def _check_draw(call: Call, path: DrawPath) -> None:
    await call.services.draws.attachments.check_open(call.actor, path.draw_id)


@api.post(
    "/draws/{draw_id}/attachment", "上传申请附件", action="draw.edit", upload=FILE, keyed="service", guard=_check_draw
)
async def attach(call: Call, path: DrawPath, upload: Upload) -> AttachmentView:
    """Upload the file; it replaces an earlier one."""
    return await call.services.draws.attachments.attach(call.actor, path.draw_id, upload.filename, upload.content)


@api.get("/draws/{draw_id}/attachment", "申请附件", action="draw.read")
async def find(call: Call, path: DrawPath) -> Listing[AttachmentView]:
    """The attached file, if there is one. Not for the venue."""
    found = await call.services.draws.attachments.find(call.actor, path.draw_id)
    return Listing(items=[found] if found else [])


@api.get("/draws/{draw_id}/attachment/file", "下载申请附件", action="draw.read", media_type=OCTETS)
async def download(call: Call, path: DrawPath) -> Download:
    """The content of the file, as an attachment. Not for the venue."""
    opened = await call.services.draws.attachments.open(call.actor, path.draw_id)
    return Download(opened.content, OCTETS, opened.filename)


@api.delete("/draws/{draw_id}/attachment", "删除申请附件", action="draw.edit")
async def remove(call: Call, path: DrawPath) -> None:
    """Remove it before the request is submitted."""
    await call.services.draws.attachments.remove(call.actor, path.draw_id)


@api.get("/draw-templates/{kind}", "下载申请表模板", access="session", media_type=PDF)
async def template(call: Call, path: AttachmentTemplatePath) -> Download:
    """A blank request, to be filled in by hand and stamped: for a draw, a redraw, a recall of the experts, a
    release."""
    document = await call.services.draws.documents.template(call.pool, path.kind)
    return Download(document.content, PDF, document.filename)


@api.get("/draws/{draw_id}/papers/application", "下载抽取申请表", action="draw.edit", media_type=PDF)
async def application(call: Call, path: DrawPath) -> Download:
    """The request filled in with the draw's data, to be stamped and attached."""
    document = await call.services.draws.documents.application(call.actor, path.draw_id)
    return Download(document.content, PDF, document.filename)
