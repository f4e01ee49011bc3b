"""Results of one's own examinations (成绩), and appeals against them."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.exams.attempts import CandidatePath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing
from services.exams import OwnResult, ReviewedPaper

api = Api("exam_results", "考试成绩", "Scores that are out, by try; the best counts. Marks are printed, as `8.5`.")


class AppealIn(Input):
    attempt_id: UUID
    text: str = Field(max_length=500)


@api.get("/exams/{candidate_id}/results", "考试成绩", action="exam.own")
async def results(call: Call, path: CandidatePath) -> Listing[OwnResult]:
    """Own results; empty until they are released."""
    return Listing(items=await call.services.exams.scores.own(call.actor, path.candidate_id))


class TryPath(CandidatePath):
    attempt_id: UUID


@api.get("/exams/{candidate_id}/papers/{attempt_id}", "试卷与答案", action="exam.own")
async def paper(call: Call, path: TryPath) -> ReviewedPaper:
    """The own paper with keys. 409 `not_over`, `no_result`, `no_review` or `sitting_another` until it may be seen."""
    return await call.services.exams.review.get(call.actor, path.candidate_id, path.attempt_id)


@api.post("/exams/{candidate_id}/appeals", "申请成绩复核", action="exam.own")
async def appeal(call: Call, path: CandidatePath, body: AppealIn) -> None:
    """Appeal against a result, once per try, within the time; 409 otherwise."""
    await call.services.exams.appeals.appeal(call.actor, path.candidate_id, body.attempt_id, body.text)
