"""Answer files: answers that a phone without network could not send, submitted later and decided on by the office."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.exams.items import ItemKind
from models.exams import ExamAttempt, ExamEvidence
from services.core.base import Deps, execute, rows
from services.exams.attempts.answer_files import AnswerFiles
from services.operations import find_broken
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import KEY, Room, make_room, marks_of

WHY = "17:50起手机没有信号"


@pytest.fixture
async def room(db: str, deps: Deps, clock: FixedClock) -> Room:
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits")
    return await make_room(exam_scene, clock)


@pytest.fixture
async def failed_attempt(room: Room) -> ExamAttempt:
    """A paper with two of six marks, sealed by the clock."""
    attempt = await room.hand_in(KEY, 0b1100, 0)
    await room.work()
    return attempt


def plain_file(attempt: ExamAttempt, masks: Mapping[int, int], **change: object) -> str:
    return f"PBT0.{attempt.id.hex}.{_text(_content(masks, **change))}"


def sealed_file(key: str, attempt: ExamAttempt, masks: Mapping[int, int]) -> str:
    """An answer file as ``web/static/exams/answer_file.js`` writes it."""
    own = ec.generate_private_key(ec.SECP256R1())
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.urlsafe_b64decode(key + "=="))
    secret = HKDF(hashes.SHA256(), 32, None, b"pbt-answer-file-v1").derive(own.exchange(ec.ECDH(), theirs))
    point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    body = AESGCM(secret).encrypt(b"n" * 12, _content(masks), attempt.id.hex.encode())
    return f"PBT1.{attempt.id.hex}.{_text(point + b'n' * 12 + body)}"


def _content(masks: Mapping[int, int], **change: object) -> bytes:
    at = "2026-11-21T10:00:00+08:00"
    answers = [{"slot": slot, "mask": mask, "text": "", "at": at} for slot, mask in masks.items()]
    return json.dumps({"device": 1, "made_at": at, "answers": answers} | change).encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def get_evidence() -> ExamEvidence:
    return await ExamEvidence.get()


async def test_an_accepted_answer_file_is_marked_and_the_candidate_passes_and_is_notified(
    room: Room, failed_attempt: ExamAttempt
) -> None:
    evidence, reviews = room.exams.evidence, room.exams.evidence_review
    (offered,) = await evidence.own(room.actor, room.candidate.id)
    assert (offered.state, offered.until) == ("", failed_attempt.deadline + timedelta(days=1))  # type: ignore[operator]
    await evidence.hand_in(room.actor, room.candidate.id, sealed_file(offered.seal_to, failed_attempt, {1: KEY}), WHY)
    (line,) = await reviews.list(room.exam_scene.office, room.exam.id)
    seen = await reviews.get(room.exam_scene.office, room.exam.id, line.id)
    assert [(answer.number, answer.was, answer.now) for answer in seen.answers] == [(2, "CD", "AB")]
    assert (seen.before, seen.after) == ("2", "4")
    assert await marks_of(failed_attempt) == [20, 0, 0], "looking changes nothing"
    await reviews.decide(room.exam_scene.office, line.id, "accepted", "核实了断线记录")
    await failed_attempt.refresh_from_db()
    assert (failed_attempt.score, failed_attempt.passed) == (40, True)
    await room.work()
    assert (room.candidate.state, (await room.load_application()).state) == ("passed", "entered")
    kinds = [row["kind"] for row in await rows("SELECT kind FROM notice ORDER BY created_at, id")]
    assert kinds.count("evidence_answered") == 1
    assert (await evidence.own(room.actor, room.candidate.id))[0].state == "accepted"
    assert await find_broken() == []


async def test_an_accepted_answer_file_never_lowers_the_marks(room: Room, failed_attempt: ExamAttempt) -> None:
    await room.exams.evidence.hand_in(room.actor, room.candidate.id, plain_file(failed_attempt, {0: 0b1000}), WHY)
    seen = await room.exams.evidence_review.get(room.exam_scene.office, room.exam.id, (await get_evidence()).id)
    assert (seen.before, seen.after) == ("2", "2")
    await room.exams.evidence_review.decide(room.exam_scene.office, (await get_evidence()).id, "accepted", "采纳")
    await failed_attempt.refresh_from_db()
    assert (failed_attempt.score, await marks_of(failed_attempt)) == (20, [20, 0, 0])


async def test_a_rejected_one_changes_nothing_and_another_may_follow(room: Room, failed_attempt: ExamAttempt) -> None:
    evidence, reviews = room.exams.evidence, room.exams.evidence_review
    await evidence.hand_in(room.actor, room.candidate.id, plain_file(failed_attempt, {1: KEY}), WHY)
    with pytest.raises(Conflict, match="已提交过"):
        await evidence.hand_in(room.actor, room.candidate.id, plain_file(failed_attempt, {1: KEY}), WHY)
    assert (await evidence.own(room.actor, room.candidate.id))[0].until is None
    with pytest.raises(InvalidInput, match="理由"):
        await reviews.decide(room.exam_scene.office, (await get_evidence()).id, "rejected", " ")
    await reviews.decide(room.exam_scene.office, (await get_evidence()).id, "rejected", "作答时间晚于结束")
    with pytest.raises(Conflict, match="已处理"):
        await reviews.decide(room.exam_scene.office, (await get_evidence()).id, "accepted", "再看")
    assert await marks_of(failed_attempt) == [20, 0, 0]
    (shown,) = await evidence.own(room.actor, room.candidate.id)
    assert (shown.state, shown.answer, shown.until is None) == ("rejected", "作答时间晚于结束", False)
    await evidence.hand_in(room.actor, room.candidate.id, plain_file(failed_attempt, {1: KEY, 2: KEY}), WHY)
    assert await ExamEvidence.filter(state="open").count() == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda code: "",
        lambda code: "今天天气不错",
        lambda code: code[:-20],
        lambda code: code[:60] + ("A" if code[60] != "A" else "B") + code[61:],
        lambda code: code.replace("PBT1", "PBT2"),
        lambda code: code.replace("PBT1", "PBT0"),
        lambda code: "PBT0." + "0" * 31 + ".e30",
        lambda code: "PBT0." + code.split(".")[1] + ".e30",
        lambda code: "PBT1." + "0" * 32 + "." + code.split(".")[2],
    ],
    ids=["empty", "words", "cut", "changed", "version", "unsealed", "id", "nothing", "others"],
)
async def test_a_file_that_no_page_of_ours_wrote_is_refused(room: Room, failed_attempt: ExamAttempt, spoil) -> None:  # type: ignore[no-untyped-def]
    code = sealed_file(AnswerFiles(room.exam_scene.deps.keys).public_key, failed_attempt, {1: KEY})
    with pytest.raises(InvalidInput, match=r"PBT|核对"):
        await room.exams.evidence.hand_in(room.actor, room.candidate.id, spoil(code), WHY)
    assert not await ExamEvidence.exists()


async def test_a_missing_file_and_reason_are_said_at_once(room: Room) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await room.exams.evidence.hand_in(room.actor, room.candidate.id, "", " ")
    assert [fault.field for fault in refusal.value.faults] == ["code", "explanation"]


async def test_breaks_in_the_pasted_text_do_no_harm(room: Room, failed_attempt: ExamAttempt) -> None:
    code = sealed_file(AnswerFiles(room.exam_scene.deps.keys).public_key, failed_attempt, {1: KEY})
    pasted = " \n".join([code[:70], code[70:]]) + "\n"
    assert await room.exams.evidence.hand_in(room.actor, room.candidate.id, pasted, WHY) == failed_attempt.id


async def test_what_had_arrived_or_was_handed_in_by_hand_needs_no_file(room: Room, failed_attempt: ExamAttempt) -> None:
    put = (
        "INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, received_at, timing) "
        "VALUES ($1, 1, 1, 0, $2, now(), 0)"
    )
    await execute(put, failed_attempt.id, KEY)
    with pytest.raises(Conflict, match="都已收到"):
        await room.exams.evidence.hand_in(
            room.actor, room.candidate.id, plain_file(failed_attempt, {0: KEY, 1: 0}), WHY
        )
    await ExamAttempt.filter(id=failed_attempt.id).update(submitted_at=room.clock.now())
    with pytest.raises(Conflict, match="本人交卷"):
        await room.exams.evidence.hand_in(room.actor, room.candidate.id, plain_file(failed_attempt, {1: KEY}), WHY)
    assert await room.exams.evidence.own(room.actor, room.candidate.id) == ()


async def test_it_is_taken_in_time_for_the_own_paper_and_decided_by_another_person(
    room: Room, failed_attempt: ExamAttempt
) -> None:
    evidence, other = room.exams.evidence, await room.add_candidate()
    with pytest.raises(NotFound):
        await evidence.own(room.actor, other.id)
    with pytest.raises(NotFound):
        await evidence.hand_in(room.actor, other.id, plain_file(failed_attempt, {1: KEY}), WHY)
    with pytest.raises(Forbidden):
        await room.exams.evidence_review.list(room.actor, room.exam.id)
    await evidence.hand_in(room.actor, room.candidate.id, plain_file(failed_attempt, {1: KEY}), WHY)
    himself = room.exam_scene.office.__class__("demo", "pool_admin", room.candidate.account_id)
    with pytest.raises(Forbidden, match="自己"):
        await room.exams.evidence_review.decide(himself, (await get_evidence()).id, "accepted", "采纳")
    await ExamEvidence.all().delete()
    room.clock.move(timedelta(days=1, hours=2))
    assert await evidence.own(room.actor, room.candidate.id) == ()
    with pytest.raises(Conflict, match="已过提交"):
        await evidence.hand_in(room.actor, room.candidate.id, plain_file(failed_attempt, {1: KEY}), WHY)


async def test_a_paper_that_is_not_marked_yet_waits(room: Room) -> None:
    attempt = await room.hand_in(KEY, 0, 0)
    await room.exams.evidence.hand_in(room.actor, room.candidate.id, plain_file(attempt, {1: KEY}), WHY)
    seen = await room.exams.evidence_review.get(room.exam_scene.office, room.exam.id, (await get_evidence()).id)
    assert seen.after == ""
    with pytest.raises(Conflict, match="还没有评完分"):
        await room.exams.evidence_review.decide(room.exam_scene.office, (await get_evidence()).id, "accepted", "采纳")
    assert (await get_evidence()).state == "open"


async def test_what_came_after_the_end_is_shown_and_never_counted(room: Room, failed_attempt: ExamAttempt) -> None:
    put = (
        "INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, client_at, received_at, timing) "
        "VALUES ($1, 1, 9, 1, $2, now(), now(), 2)"
    )
    await execute(put, failed_attempt.id, KEY)
    (late_answer,) = await room.exams.evidence_review.late_answers(
        room.exam_scene.office, room.exam.id, failed_attempt.id
    )
    assert (late_answer.number, late_answer.was, late_answer.now) == (2, "CD", "AB")
    with pytest.raises(NotFound):
        await room.exams.evidence_review.late_answers(room.exam_scene.office, room.exam.id, room.candidate.id)


async def test_a_short_answer_is_shown_and_left_to_a_person(db: str, deps: Deps, clock: FixedClock) -> None:
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits")
    room = await make_room(exam_scene, clock, ItemKind.MULTIPLE, ItemKind.SHORT, ItemKind.MULTIPLE)
    attempt = await room.hand_in(0b1100, 0, 0)
    await room.work()
    lines = [
        {"slot": 1, "mask": 0, "text": "五人以上单数", "at": None},
        {"slot": 0, "mask": KEY, "text": "", "at": None},
    ]
    await room.exams.evidence.hand_in(room.actor, room.candidate.id, plain_file(attempt, {}, answers=lines), WHY)
    seen = await room.exams.evidence_review.get(exam_scene.office, room.exam.id, (await get_evidence()).id)
    assert [(answer.number, answer.now, answer.by_hand) for answer in seen.answers] == [
        (1, "AB", False),
        (2, "五人以上单数", True),
    ]
    await room.exams.evidence_review.decide(exam_scene.office, (await get_evidence()).id, "accepted", "采纳")
    assert await marks_of(attempt) == [20, 0, 0]
