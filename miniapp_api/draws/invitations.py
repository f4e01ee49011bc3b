"""An expert's actions: answer, ask for leave, announce a late arrival, see panels, check in."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.draws.lifecycles import InvitationState
from domain.positions import Position, System, to_gcj02
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output, Params, PoolPath
from services.draws import CheckedIn, InvitationView, venue_position

api = Api(
    "invitations",
    "专家邀请与签到",
    "One truth for every channel: chat, phone key, page and this API answer one invitation; the first answer holds. "
    "A check-in counts by the venue's code or a position near the venue; `counted` false is a claim (自报到场) only.",
)


class InvitationPath(PoolPath):
    invitation_id: UUID


class PanelQuery(Params):
    past: bool = Field(False, description="Past ones, newest first, at most 20")


class InvitationAnswerIn(Input):
    choice: Literal["accept", "decline"]
    gathering_at: Moment | None = Field(
        None, description="`InvitationOut.gathering_at`, as it was shown; left out by older versions"
    )


class LeaveIn(Input):
    reason: str = Field("", max_length=200, examples=["突发疾病"])
    late: bool = Field(False, description="`leave_until` is over, and the expert was shown what follows from that")


class LateArrivalIn(Input):
    minutes: int = Field(ge=1, le=1440, description="After `gathering_at`", examples=[20])
    reason: str = Field("", max_length=60, examples=["高速堵车"])


class LeaveAnswerIn(Input):
    agrees: bool = Field(description="true: on leave; false: will come")


class MoveAnswerIn(Input):
    agrees: bool = Field(description="true: comes at the new time; false: gives up the place, without a mark")
    proposal: str = Field(max_length=40, description="`InvitationOut.proposal`, as it was shown")


class PositionIn(Input):
    """Degrees. `system`: `gcj02` for positions of that type from WeChat, `wgs84` for those of browsers and GPS."""

    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False, examples=[23.1291])
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False, examples=[113.2644])

    system: System = "wgs84"

    def position(self) -> Position:
        return Position(self.latitude, self.longitude, self.system)


class CheckInIn(Input):
    """Either the venue's QR code, or the invitation."""

    token: str | None = Field(None, min_length=1, max_length=200, description="Content of the venue's QR code")
    invitation_id: UUID | None = None
    position: PositionIn | None = Field(None, description="Send it with a scan too where the phone gives one")
    device: str = Field(
        "", max_length=64, description="Random, made once per phone and kept; a phone lets one expert in per draw"
    )

    @model_validator(mode="after")
    def _check_one_way(self) -> CheckInIn:
        if (self.token is None) == (self.invitation_id is None):
            raise PydanticCustomError("one_way", "请扫描现场二维码，或选择要签到的评标活动，二者选一")
        return self


class MapOut(Output):
    """Degrees in GCJ-02, the system of maps in China, for `wx.openLocation`."""

    latitude: float
    longitude: float


class InvitationOut(Output):
    """Time, place, contact; never project or parties. `code` and `leave_until` are set once accepted."""

    id: UUID
    state: InvitationState
    gathering_at: Moment
    ends_at: Moment
    place: str
    venue: str
    contact: str
    contact_phone: str
    remark: str
    answer_until: Moment
    code: str = Field(examples=["204816"])
    checked_in_at: Moment | None
    claimed_at: Moment | None = Field(description="Said that he is there without scanning; no entry")
    checked_out_at: Moment | None
    leave_until: Moment | None
    leave_asked_until: Moment | None = Field(
        description="A leave was registered for this expert, who may confirm or deny it until then"
    )
    proposed_gathering_at: Moment | None = Field(description="The gathering was moved: to be agreed to")
    proposed_start_at: Moment | None = Field(description="The evaluation's start was postponed: to be agreed to")
    proposal: str = Field(description="Key of the times that wait for an answer; empty: none")
    undo_until: Moment | None = Field(description="Until when the acceptance can be undone; null: it can't")
    late_minutes: int | None = Field(description="Of a late arrival that he announced and that counts")
    late_by_telephone: bool = Field(description="The staff recorded it of a call")
    arrives_at: Moment | None = Field(description="When he comes by that")
    late_from: Moment | None = Field(description="From when he may announce a late arrival; null: not accepted")
    recused: bool = Field(description="It ended because the expert declared a recusal unit: neither refusal nor leave")
    map: MapOut | None = Field(None, description="The venue's position; null: the place is typed, or has none")


class AnsweredOut(Output):
    """`effective` false: `invitation` had been answered or closed before; it is returned in its present state."""

    effective: bool
    invitation: InvitationOut


def _shown(call: Call, view: InvitationView) -> InvitationOut:
    position = venue_position(call.book, view.venue)
    shown = InvitationOut.from_source(view)
    return shown if position is None else shown.model_copy(update={"map": MapOut.from_source(to_gcj02(position))})


@api.get("/invitations", "待答复邀请", action="expert.self.answer")
async def waiting(call: Call) -> Listing[InvitationOut]:
    """Invitations that wait for an answer, oldest first."""
    views = await call.services.draws.invitation_queries.list_open(call.expert_id)
    return Listing[InvitationOut](items=tuple(_shown(call, view) for view in views))


@api.get("/invitations/{invitation_id}", "查看邀请", action="expert.self.answer")
async def show(call: Call, path: InvitationPath) -> InvitationOut:
    """One of the expert's own invitations."""
    return _shown(call, await call.services.draws.invitation_queries.view(path.invitation_id, call.expert_id))


@api.post("/invitations/{invitation_id}/opened", "打开了邀请", action="expert.self.answer")
async def note_opened(call: Call, path: InvitationPath) -> None:
    """The page is before the person's eyes: notices that go on until they are opened end. Not to be sent by a timer."""
    await call.services.draws.openings.record(call.expert_id, [path.invitation_id])


@api.post("/invitations/{invitation_id}/answer", "答复邀请", action="expert.self.answer")
async def answer(call: Call, path: InvitationPath, body: InvitationAnswerIn) -> AnsweredOut:
    """Accept or decline. The first valid answer on any channel decides; a later one gets the present state.

    409 `gathering_moved`: the invitation asks for another gathering by now. Show the invitation anew and ask again.
    """
    answered = await call.services.draws.invitations.answer(
        path.invitation_id, call.expert_id, body.choice, by="mini", shown=body.gathering_at
    )
    return AnsweredOut(effective=answered.effective, invitation=_shown(call, answered.view))


@api.post("/invitations/{invitation_id}/undo", "撤销同意", action="expert.self.answer")
async def undo(call: Call, path: InvitationPath) -> AnsweredOut:
    """Undo an acceptance until `undo_until`, while the draw still calls: the invitation is open again."""
    answered = await call.services.draws.invitations.undo(path.invitation_id, call.expert_id, by="mini")
    return AnsweredOut(effective=answered.effective, invitation=_shown(call, answered.view))


@api.post("/invitations/{invitation_id}/leave", "请假", action="expert.self.leave")
async def leave(call: Call, path: InvitationPath, body: LeaveIn) -> InvitationOut:
    """Ask for leave after accepting. First show the consequence of `GET /pool`, past `leave_until` the late one."""
    return _shown(
        call,
        await call.services.draws.invitations.leave(path.invitation_id, call.expert_id, body.reason, late=body.late),
    )


@api.post("/invitations/{invitation_id}/late-arrival", "说明晚到", action="expert.self.late")
async def announce_delay(call: Call, path: InvitationPath, body: LateArrivalIn) -> InvitationOut:
    """The expert comes late; agency, venue and supervisors are told by code. First show `late_arrival` of `GET /pool`.

    A newer statement replaces the one before; the same again changes nothing.
    """
    return _shown(
        call,
        await call.services.draws.late_arrivals.state(
            path.invitation_id, call.expert_id, body.minutes, body.reason, by="mini"
        ),
    )


@api.delete("/invitations/{invitation_id}/late-arrival", "说明能按时到", action="expert.self.late")
async def withdraw_delay(call: Call, path: InvitationPath) -> InvitationOut:
    """He comes on time after all."""
    return _shown(call, await call.services.draws.late_arrivals.withdraw(path.invitation_id, call.expert_id, by="mini"))


@api.post("/invitations/{invitation_id}/leave-answer", "答复他人登记的请假", action="expert.self.leave")
async def answer_leave(call: Call, path: InvitationPath, body: LeaveAnswerIn) -> InvitationOut:
    """Confirm or deny a leave that the agency or the venue registered. Only a confirmation frees the place."""
    await call.services.draws.discards.answer_leave(path.invitation_id, call.expert_id, body.agrees, by="mini")
    return _shown(call, await call.services.draws.invitation_queries.view(path.invitation_id, call.expert_id))


@api.post("/invitations/{invitation_id}/move-answer", "答复改期", action="expert.self.answer")
async def answer_move(call: Call, path: InvitationPath, body: MoveAnswerIn) -> InvitationOut:
    """Agree to times that were moved after accepting, or give up the place because of them. Until then the agreed ones
    hold."""
    await call.services.draws.time_changes.answer(
        path.invitation_id, call.expert_id, body.agrees, body.proposal, by="mini"
    )
    return _shown(call, await call.services.draws.invitation_queries.view(path.invitation_id, call.expert_id))


@api.get("/panels", "我的评标", action="expert.self.answer")
async def panels(call: Call, query: PanelQuery) -> Listing[InvitationOut]:
    """Panels that the expert has accepted: upcoming and running ones, or past ones."""
    views = await call.services.draws.invitation_queries.list_panels(call.expert_id, past=query.past)
    return Listing[InvitationOut](items=tuple(_shown(call, view) for view in views))


@api.post("/check-ins", "签到", action="attendance.check_in")
async def check_in(call: Call, body: CheckInIn) -> CheckedIn:
    """Check in by the venue's QR code or a position near the venue; anything else is a claim that does not count.

    A repetition is harmless.
    """
    attendance, position = call.services.draws.attendance, body.position.position() if body.position else None
    if body.token is not None:
        device = f"mini:{body.device or call.actor.session_id}"
        return await attendance.check_in_by_qr(call.expert_id, body.token, position, device=device)
    assert body.invitation_id is not None  # noqa: S101  # the schema wants one of the two
    return await attendance.check_in(body.invitation_id, call.expert_id, position)
