"""Attendance at the venue: awaited experts, entries and exits, the QR code, urging (催促)."""

from __future__ import annotations

import io
from uuid import UUID

from pydantic import Field

from miniapp_api.draws.activities import DrawPath
from miniapp_api.draws.follow_ups import VirtualCallIn
from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output
from services.draws import AttendanceRow, CheckedIn

api = Api(
    "attendance", "签到台", "Experts by code only. Agency and offices see it from unsealing on, the venue always."
)


class AwaitedPath(DrawPath):
    invitation_id: UUID


class ExpertCodeIn(Input):
    code: str = Field(min_length=4, max_length=6, description="The expert's code", examples=["204816"])


class VenueTokenOut(Output):
    """Current content of the QR code; request it again before `valid_until`."""

    token: str
    valid_until: Moment


class ExitOut(Output):
    at: Moment


class UrgedOut(Output):
    times: int = Field(description="How often this expert was urged by voice")


@api.get("/draws/{draw_id}/attendance", "到场情况", action="draw.read")
async def awaited(call: Call, path: DrawPath) -> Listing[AttendanceRow]:
    """Experts awaited, present and gone; by code."""
    found = await call.services.draws.attendance_queries.list_awaited(call.actor, path.draw_id)
    return Listing(items=found)


@api.get("/draws/{draw_id}/attendance/qr", "签到二维码内容", action="attendance.manage")
async def token(call: Call, path: DrawPath) -> VenueTokenOut:
    """The short-lived content of the venue's QR code."""
    text, until = await call.services.draws.attendance.venue_token(call.actor, path.draw_id)
    return VenueTokenOut(token=text, valid_until=until)


@api.get("/draws/{draw_id}/attendance/scene", "签到场景码内容", action="attendance.manage")
async def scene(call: Call, path: DrawPath) -> VenueTokenOut:
    """The venue's code as a scene code of the official account: scanned with WeChat, it checks in by chat."""
    text, until = await call.services.draws.attendance.venue_scene(call.actor, path.draw_id)
    return VenueTokenOut(token=text, valid_until=until)


@api.get("/draws/{draw_id}/attendance/qr.svg", "签到二维码图片", action="attendance.manage", media_type="image/svg+xml")
async def picture(call: Call, path: DrawPath) -> Download:
    """The scene code as an image."""
    text, _ = await call.services.draws.attendance.venue_token(call.actor, path.draw_id)
    import qrcode.image.svg  # noqa: PLC0415 (it brings Pillow along, for pictures that we don't draw)

    out = io.BytesIO()
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathImage, border=2).save(out)
    return Download(out.getvalue(), "image/svg+xml", "check-in.svg")


@api.post("/draws/{draw_id}/attendance/entries", "登记进场", action="attendance.manage")
async def enter(call: Call, path: DrawPath, body: ExpertCodeIn) -> CheckedIn:
    """Register an expert's entry by code. A repetition is harmless."""
    return await call.services.draws.attendance.check_in_by_code(call.actor, path.draw_id, body.code)


@api.post("/draws/{draw_id}/attendance/exits", "登记离场", action="attendance.manage")
async def leave(call: Call, path: DrawPath, body: ExpertCodeIn) -> ExitOut:
    """Register an expert's exit; the last one ends an on-site draw."""
    return ExitOut(at=await call.services.draws.attendance.register_exit(call.actor, path.draw_id, body.code))


@api.post("/draws/{draw_id}/attendance/{invitation_id}/urgings", "催促", action="attendance.urge")
async def urge(call: Call, path: AwaitedPath) -> UrgedOut:
    """Call a missing expert, from the gathering time on, within the window and as often as the rulebook permits."""
    return UrgedOut(times=await call.services.draws.urging.urge(call.actor, path.draw_id, path.invitation_id))


@api.post("/draws/{draw_id}/attendance/{invitation_id}/calls", "虚拟号催促", action="attendance.urge")
async def ring(call: Call, path: AwaitedPath, body: VirtualCallIn) -> None:
    """Call the staff's phone, then the missing expert, in the window of urging; neither sees the other's number."""
    await call.services.draws.urging.ring(call.actor, path.draw_id, path.invitation_id, body.phone)
