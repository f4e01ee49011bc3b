"""One's own examinations, and booking a sitting (考试安排与场次预约)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.exams.attempts import CandidatePath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output
from services.exams import Booked, Booking, SittingView

api = Api(
    "exam_sittings",
    "考试安排与预约",
    "What the person is called to, the soonest first. `phase` says what can be done; to sit it, see the attempts.",
)


class OwnExamOut(Output):
    """`span`: of the booked sitting, else of the whole window. `mock`: the candidate of an open mock exam."""

    candidate_id: UUID
    name: str = Field(examples=["2026年第二批征集统一考试"])
    purpose: str
    phase: str = Field(description="to_book, ahead, lobby, open, running, resting, marking, over, passed, failed, left")
    span: str = Field(examples=["11月26日(周四) 12:00至22:00"])
    starts_at: Moment
    place: str
    minutes: int
    pass_percent: int
    tries_left: int
    bring: str
    booking: bool
    booked: bool
    book_until: str
    waiting: str
    again_at: Moment | None
    mock: UUID | None
    face_wanted: bool = Field(description="The person must be identified before the start, see the face check")
    face_other_way: str


class OwnSittingOut(Output):
    """`left`: free places; null: no limit. `open`: it can be booked, or its waiting list joined when it is full."""

    id: UUID
    starts_at: Moment
    ends_at: Moment
    place: str
    span: str
    left: int | None
    waiting: int
    until: Moment
    open: bool


class BookingOut(Output):
    """`fixed`: the booking can't be changed any more."""

    booked: UUID | None
    waiting: UUID | None
    fixed: bool
    sittings: tuple[OwnSittingOut, ...]


class BookingIn(Input):
    sitting_id: UUID
    wait: bool = Field(False, description="Wait for it while it is full, keeping the place held so far")


@api.get("/exams", "我的考试", action="exam.own")
async def list_exams(call: Call) -> Listing[OwnExamOut]:
    """Upcoming examinations, then past ones."""
    return Listing(items=OwnExamOut.each(await call.services.exams.own_exams.list(call.actor)))


@api.get("/exams/{candidate_id}/sittings", "可预约的场次", action="exam.own")
async def sittings(call: Call, path: CandidatePath) -> BookingOut:
    """409 where sittings aren't booked, or the examination is over."""
    return _booking(await call.services.exams.sitting_queries.offered(call.actor, path.candidate_id))


@api.post("/exams/{candidate_id}/booking", "预约或改约场次", action="exam.own")
async def book(call: Call, path: CandidatePath, body: BookingIn) -> Booked:
    """Book a place, releasing the one booked so far. 409 `sitting_full`."""
    sittings = call.services.exams.sittings
    act = sittings.wait if body.wait else sittings.book
    return await act(call.actor, path.candidate_id, body.sitting_id)


@api.delete("/exams/{candidate_id}/booking", "退回预约", action="exam.own")
async def give_back(call: Call, path: CandidatePath) -> Booked:
    """Release the place, and leave the waiting list. A repetition is harmless."""
    return await call.services.exams.sittings.give_back(call.actor, path.candidate_id)


def _booking(seen: Booking) -> BookingOut:
    found = tuple(_sitting(one) for one in seen.sittings)
    return BookingOut(booked=seen.booked, waiting=seen.waiting, fixed=seen.fixed, sittings=found)


def _sitting(one: SittingView) -> OwnSittingOut:
    return OwnSittingOut(
        id=one.id,
        starts_at=one.data.starts_at,
        ends_at=one.data.ends_at,
        place=one.data.place,
        span=one.span,
        left=one.left,
        waiting=one.waiting,
        until=one.until,
        open=one.open,
    )
