"""One's own examinations (考试安排)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Listing, Moment, Output

api = Api(
    "exam_sittings",
    "考试安排",
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


@api.get("/exams", "我的考试", action="exam.own")
async def list_exams(call: Call) -> Listing[OwnExamOut]:
    """Upcoming examinations, then past ones."""
    return Listing(items=OwnExamOut.from_sources(await call.services.exams.own_exams.list(call.actor)))
