"""Answers that could not be sent before the end (离线作答), uploaded as a file."""

from __future__ import annotations

from pydantic import Field

from miniapp_api.exams.attempts import CandidatePath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing
from services.exams import OwnEvidence

api = Api(
    "exam_evidence",
    "离线作答",
    "For a paper that the clock ended while the phone had no network: what was not sent is sealed to `seal_to` and "
    "handed in within the rules' time; the office decides. The format stands in `docs/algorithms/exam.md`.",
)


class EvidenceIn(Input):
    code: str = Field(max_length=200_000, description="`PBT1.` and so on, as the page wrote it")
    explanation: str = Field(max_length=300)


@api.get("/exams/{candidate_id}/evidence", "离线作答的情况", action="exam.own")
async def evidence(call: Call, path: CandidatePath) -> Listing[OwnEvidence]:
    """Tries for which a file can be uploaded, or was."""
    return Listing[OwnEvidence](items=list(await call.services.exams.evidence.own(call.actor, path.candidate_id)))


@api.post("/exams/{candidate_id}/evidence", "提交离线作答", action="exam.own")
async def hand_in(call: Call, path: CandidatePath, body: EvidenceIn) -> None:
    """409 when it is too late, was uploaded before, or all answers had arrived; 422 for an invalid file."""
    await call.services.exams.evidence.hand_in(call.actor, path.candidate_id, body.code, body.explanation)
