"""The face check before an examination (人脸核身), where the rules require it."""

from __future__ import annotations

from pydantic import Field

from miniapp_api.exams.attempts import CandidatePath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input
from services.exams import FaceBegun, FaceVerdict

api = Api(
    "exam_faces",
    "考试身份核验",
    "WeChat takes and compares the picture on the phone, in a page of the official account; we ask its server for the "
    "verdict. Consent is asked each time, and there is always another way (`face_other_way`).",
)


class FaceBeginIn(Input):
    consent: bool = Field(description="本次单独同意")


class FaceFinishIn(Input):
    check: str = Field(max_length=256, description="From the beginning")


@api.post("/exams/{candidate_id}/face-check", "开始人脸核身", action="exam.own", keyed="no", limits=(10, 600))
async def begin(call: Call, path: CandidatePath, body: FaceBeginIn) -> FaceBegun:
    """409 where none is required, or name, number or WeChat account are missing; 503 when the platform is
    unavailable."""
    return await call.services.exams.faces.begin(call.actor, path.candidate_id, consent=body.consent)


@api.post("/exams/{candidate_id}/face-check/result", "人脸核身结果", action="exam.own", keyed="no", limits=(30, 600))
async def finish(call: Call, path: CandidatePath, body: FaceFinishIn) -> FaceVerdict:
    """The result from the platform's server; a repetition returns the same."""
    return await call.services.exams.faces.finish(call.actor, path.candidate_id, body.check)
