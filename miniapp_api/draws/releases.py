"""Releasing a panel (退选)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.draws.activities import DrawPath
from miniapp_api.draws.attachments import FILE
from miniapp_api.draws.follow_ups import VirtualCallIn
from miniapp_api.http.call import Call, Upload
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input
from services.applications import AttachmentView
from services.draws import ReleaseView

api = Api(
    "releases",
    "退选",
    "For a failed tender or force majeure: the request is verified first, then every expert is called and notified.",
)


class ReleaseIn(Input):
    cause: str = Field(max_length=50, description="One of the pool's `release_causes`", examples=["招标失败"])
    reason: str = Field("", max_length=400, examples=["投标人不足三家"])


class ReleasedPath(DrawPath):
    invitation_id: UUID


class ReleaseConfirmationIn(Input):
    words: str = Field(min_length=1, max_length=200, examples=["已电话告知本人"])


async def _check_open(call: Call, path: DrawPath) -> None:
    await call.services.draws.attachments.check_open(call.actor, path.draw_id, "release")


@api.get("/draws/{draw_id}/release", "退选情况", action="draw.read")
async def view(call: Call, path: DrawPath) -> ReleaseView:
    """The request, permitted next actions, and which experts know of the release. Names and phones are masked."""
    return await call.services.draws.release_queries.view(call.actor, path.draw_id)


@api.post(
    "/draws/{draw_id}/release/attachment",
    "上传退选证明材料",
    action="draw.edit",
    upload=FILE,
    keyed="service",
    guard=_check_open,
)
async def attach(call: Call, path: DrawPath, upload: Upload) -> AttachmentView:
    """Upload the proof; it replaces an earlier file."""
    files = call.services.draws.attachments
    return await files.attach(call.actor, path.draw_id, upload.filename, upload.content, "release")


@api.post("/draws/{draw_id}/release/application", "提交退选申请", action="draw.submit")
async def submit(call: Call, path: DrawPath, body: ReleaseIn) -> None:
    """Submit the request. Needs the proof, and time enough before the evaluation."""
    await call.services.draws.releases.submit(call.actor, path.draw_id, body.cause, body.reason)


@api.post("/draws/{draw_id}/release/withdrawal", "撤回退选申请", action="draw.withdraw")
async def withdraw(call: Call, path: DrawPath) -> None:
    """Withdraw the request while it is not verified."""
    await call.services.draws.releases.withdraw(call.actor, path.draw_id)


@api.post("/draws/{draw_id}/release/start", "启动退选", action="draw.start")
async def start(call: Call, path: DrawPath) -> None:
    """Start the release: the draw is over, every expert is called, and the lots may be drawn again."""
    await call.services.draws.releases.start(call.actor, path.draw_id)


@api.post("/draws/{draw_id}/release/{invitation_id}/confirmation", "登记退选通知情况", action="draw.start")
async def confirm(call: Call, path: ReleasedPath, body: ReleaseConfirmationIn) -> None:
    """Record that a person reached an expert whom three calls had not reached."""
    await call.services.draws.releases.confirm(call.actor, path.draw_id, path.invitation_id, body.words)


@api.post("/draws/{draw_id}/release/{invitation_id}/calls", "虚拟号呼叫退选专家", action="draw.start")
async def ring(call: Call, path: ReleasedPath, body: VirtualCallIn) -> None:
    """Call the staff's phone, then an expert whom three calls had not reached; neither sees the other's number."""
    await call.services.draws.releases.ring(call.actor, path.draw_id, path.invitation_id, body.phone)
