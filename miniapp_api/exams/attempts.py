"""Sitting an examination (答题): start, saving answers, submission. Pages and mini-program use the same endpoints."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.errors import Forbidden
from domain.exams.answers import TEXT_MAX, AnswerEvent, ExamAnswer
from domain.exams.lifecycles import ExamAttemptState
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Moment, Output, PoolPath
from services.core.base import Actor
from services.exams import ExamPaper, MadeAnswer, SaveRequest, ShownAnswer, SubmissionReceipt

EVENTS_MAX = 400
SLOTS_MAX = 400
HALL = 3000
"""Starts per address and minute: a whole hall has one address."""
_SMALL, _INT = 32_767, 2**31 - 1

api = Api(
    "exam_attempts",
    "考试答题",
    "A device numbers its answers from 1 without a gap and keeps each until `ack` reaches it. Whatever comes twice or "
    "late changes nothing: the answer of a slot is the one with the greatest (device, seq). Nothing here holds a key. "
    "Saving and handing in take the start's `ticket` instead of a log-in, so that none ends in the middle.",
)


class CandidatePath(PoolPath):
    candidate_id: UUID


class AttemptPath(PoolPath):
    attempt_id: UUID


class AttemptStartIn(Input):
    device: int = Field(0, ge=0, le=_SMALL, description="The number given to this device before; 0: none")
    ticket: str = Field("", max_length=100, description="The one given with it: without it the device is a new one")


class AttemptEventIn(Input):
    exact = frozenset({"text"})  # the device compares digests of what it shows

    seq: int = Field(ge=1, le=_INT)
    slot: int = Field(ge=0, lt=SLOTS_MAX)
    mask: int = Field(0, ge=0, le=_SMALL, description="Bit n: option n as this paper shows them")
    text: str = Field("", max_length=TEXT_MAX)
    at: Moment | None = Field(None, description="When it was made, by the device's clock corrected to ours")


class AttemptAnswersIn(Input):
    ticket: str = Field(max_length=100, description="From the start")
    device: int = Field(ge=1, le=_SMALL)
    events: tuple[AttemptEventIn, ...] = Field((), max_length=EVENTS_MAX, description="Gapless; empty: a sign of life")
    leaves: int = Field(0, ge=0, le=_SMALL, description="How often the page was left so far")
    hidden_seconds: int = Field(0, ge=0, le=_INT)


class GivenAnswerIn(Input):
    """An empty answer clears the slot."""

    exact = frozenset({"text"})

    slot: int = Field(ge=0, lt=SLOTS_MAX)
    mask: int = Field(0, ge=0, le=_SMALL)
    text: str = Field("", max_length=TEXT_MAX)
    at: Moment | None = Field(None, description="As in an event; after the deadline only what was made before counts")


class AttemptSubmissionIn(Input):
    """`answers` only when asked for by 409 `answers_differ`."""

    ticket: str = Field(max_length=100, description="From the start")
    device: int = Field(ge=1, le=_SMALL)
    digest: str = Field("", max_length=64, description="SHA-256 of the answers as shown, as the receipt has it")
    answers: tuple[GivenAnswerIn, ...] | None = Field(None, max_length=SLOTS_MAX)


class AttemptSavedOut(Output):
    """`device` is the number of the active device: if it isn't one's own, the exam continues on another device."""

    now: str = Field(description="Our clock, with milliseconds")
    ack: int = Field(description="Everything of this device up to this number is stored")
    state: ExamAttemptState
    device: int
    deadline: Moment
    grace_until: Moment


@api.post("/exams/{candidate_id}/start", "开始或继续答题", action="exam.own", keyed="no", limits=(HALL, 60))
async def start(call: Call, path: CandidatePath, body: AttemptStartIn) -> ExamPaper:
    """Begin a try, or resume the one under way; a device other than before takes over, up to `exam.devices_max`: then
    409 `devices_used`."""
    device = call.services.exams.tickets.find_device(call.actor, body.ticket, body.device)
    return await call.services.exams.attempts.start(call.actor, path.candidate_id, device)


@api.post("/exam-attempts/{attempt_id}/answers", "保存作答", access="public", keyed="no")
async def save(call: Call, path: AttemptPath, body: AttemptAnswersIn) -> AttemptSavedOut:
    """Store answers; the response comes after they are stored safely. Repetitions are harmless. 409 `answers_full`: no
    further changes are stored, but all answers count that are sent with the submission."""
    account_id = _account_of_ticket(call, path, body)
    saved = await call.services.exams.answers.save(
        SaveRequest(
            path.attempt_id,
            account_id,
            body.device,
            tuple(_made_answer(body.device, event) for event in body.events),
            body.leaves,
            body.hidden_seconds,
        )
    )
    return AttemptSavedOut(
        now=saved.now.isoformat(timespec="milliseconds"),
        ack=saved.ack,
        state=saved.state,
        device=saved.device,
        deadline=saved.deadline,
        grace_until=saved.grace_until,
    )


@api.post("/exam-attempts/{attempt_id}/submission", "交卷", access="public", keyed="no")
async def submit(call: Call, path: AttemptPath, body: AttemptSubmissionIn) -> SubmissionReceipt:
    """Submit. A repetition returns the same receipt; 409 `answers_differ` asks for `answers` once."""
    answers = None if body.answers is None else [_shown_answer(answer) for answer in body.answers]
    candidate = Actor(call.pool, "applicant", _account_of_ticket(call, path, body))
    return await call.services.exams.attempts.submit(candidate, path.attempt_id, body.device, body.digest, answers)


@api.get("/exam-attempts/{attempt_id}/receipt", "交卷回执", action="exam.own")
async def receipt(call: Call, path: AttemptPath) -> SubmissionReceipt:
    """The submitted answers, with the digest that anyone can compare."""
    return await call.services.exams.attempts.receipt(call.actor, path.attempt_id)


def _account_of_ticket(call: Call, path: AttemptPath, body: AttemptAnswersIn | AttemptSubmissionIn) -> UUID:
    """The account of the attempt. Raises Forbidden for a ticket that is forged, expired, or of another pool, attempt or
    device."""
    attempt_ticket = call.services.exams.tickets.check(call.pool, body.ticket, body.device)
    if attempt_ticket.subject_id != path.attempt_id:
        raise Forbidden("作答凭证与试卷不符，请回到考试页面重新进入。", code="ticket_invalid")
    return attempt_ticket.person_id


def _made_answer(device: int, event: AttemptEventIn) -> MadeAnswer:
    return MadeAnswer(AnswerEvent(device, event.seq, event.slot, ExamAnswer(event.mask, event.text)), event.at)


def _shown_answer(answer: GivenAnswerIn) -> ShownAnswer:
    return ShownAnswer(answer.slot, ExamAnswer(answer.mask, answer.text), answer.at)
