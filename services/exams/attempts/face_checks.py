"""Identification of candidates (身份核验): by the platform's face check where the rules ask for it, or by the office.

The face leaves the phone, so consent is asked for each check and recorded (个人信息保护法 Art. 29, 人脸识别技术应用安全
管理办法 Art. 8); it is never the only way (Art. 10). We store the result, its time and the number of the check.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.errors import Conflict, Forbidden, GatewayError, InvalidInput, Rejected, Unavailable
from models.accounts import Account, WechatIdentity
from models.exams import Exam, ExamCandidate, ExamSitting
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.notifications import invitation_of, times_of
from services.exams.repository import check_called, get_candidate, get_own_candidate, lock_candidate, rules_of
from services.notifications import Notices
from services.ports import FaceChecker, FacePerson

REASON_MAX = 200
_NUMBER_BYTES = 18
_ID_MAX = 256


@dataclass(frozen=True)
class FaceBegun:
    check: Annotated[str, Field(description="The platform's id of the check, to be run by the phone")]


@dataclass(frozen=True)
class FaceVerdict:
    passed: bool
    advice: Annotated[str, Field(description="What to do when it was not passed")]


@dataclass(frozen=True)
class FaceChecks:
    deps: Deps
    faces: FaceChecker

    async def begin(self, actor: Actor, candidate_id: UUID, *, consent: bool) -> FaceBegun:
        """Begin a check with the person's consent; an earlier number becomes invalid.

        Raises InvalidInput without consent, Conflict where no check is required or possible, Unavailable.
        """
        check(actor, "exam.own")
        if not consent:
            raise InvalidInput("请先勾选同意，再开始人脸核身；不同意的，请用其他方式核验。", code="no_consent")
        now, number = self.deps.now(), secrets.token_urlsafe(_NUMBER_BYTES)
        async with transaction():
            _, exam = await get_own_candidate(actor, candidate_id)
            candidate = await lock_candidate(candidate_id)
            _check_required(candidate, exam)
            await self._check_time(candidate, exam)
            person = await self._person(candidate, exam)
            candidate.face_reference = number
            await candidate.save(update_fields=["face_reference"])
            await record(actor, now, "exam.face_consent", "exam_candidate", candidate.id, number=number)
        # after the transaction, so that no row is locked while the platform answers
        try:
            return FaceBegun(await self.faces.begin(exam.pool, number, person))
        except GatewayError as error:
            raise _faces_unavailable(exam) from error

    async def finish(self, actor: Actor, candidate_id: UUID, check_id: str) -> FaceVerdict:
        """The platform's result of the check, regardless of the phone's report; a repetition changes nothing.

        Raises Conflict where none was begun, Unavailable when the platform can't be queried: try again.
        """
        check(actor, "exam.own")
        candidate, exam = await get_own_candidate(actor, candidate_id)
        if candidate.face:
            return FaceVerdict(passed=True, advice="")
        number = candidate.face_reference
        if not number or not 0 < len(check_id) <= _ID_MAX:
            raise Conflict("还没有开始人脸核身，请先点“开始人脸核身”。", code="face_not_begun")
        passed = await self._query_verdict(exam, candidate, number, check_id)
        await self._store_verdict(actor, candidate_id, number, passed=passed)
        advice = "" if passed else f"没有通过人脸核身，可以再试一次；{rules_of(exam).face_other_way}"
        return FaceVerdict(passed, advice)

    async def _query_verdict(self, exam: Exam, candidate: ExamCandidate, number: str, check_id: str) -> bool:
        person = await self._person(candidate, exam)
        try:
            return await self.faces.verdict(exam.pool, number, check_id, person)
        except Rejected:
            return False
        except GatewayError as error:
            raise _faces_unavailable(exam) from error

    async def _store_verdict(self, actor: Actor, candidate_id: UUID, number: str, *, passed: bool) -> None:
        now = self.deps.now()
        async with transaction():
            candidate = await lock_candidate(candidate_id)
            # a check begun meanwhile has replaced this one, whose verdict no longer counts
            if candidate.face or candidate.face_reference != number:
                return
            if passed:
                candidate.face, candidate.face_at = "passed", now
                await candidate.save(update_fields=["face", "face_at"])
            act = "exam.face_passed" if passed else "exam.face_failed"
            await record(actor, now, act, "exam_candidate", candidate.id, number=number)

    async def identify(self, actor: Actor, candidate_id: UUID, reason: str) -> None:
        """The office identified the person by the ID card or a video call. Raises Conflict, Forbidden for oneself."""
        check(actor, "exam.manage")
        words = check_text(" ".join(reason.split()), "reason", "核验方式", REASON_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            _, exam = await get_candidate(actor, candidate_id)
            candidate = await lock_candidate(candidate_id)
            if actor.account_id is not None and candidate.account_id == actor.account_id:
                raise Forbidden("不能核验自己，请由其他管理员办理。", code="own_exam")
            _check_required(candidate, exam)
            candidate.face, candidate.face_at = "other", now
            candidate.face_reference = str(actor.account_id or "")
            await candidate.save(update_fields=["face", "face_at", "face_reference"])
            await record(actor, now, "exam.identified", "exam_candidate", candidate.id, reason=words)
            sitting = await ExamSitting.get_or_none(id=candidate.sitting_id)
            await Notices(self.deps).notify(
                pool=exam.pool,
                kind="exam_changed",
                dedupe_key=f"exam_identified:{candidate.id}:{now.isoformat()}",
                params=invitation_of(exam, candidate, sitting, now, reason=f"已人工核验您的身份（{words}）"),
                account_id=candidate.account_id,
            )

    async def _check_time(self, candidate: ExamCandidate, exam: Exam) -> None:
        """From shortly before the start on, since an earlier check says little about who sits today."""
        opens, _ = times_of(exam, await ExamSitting.get_or_none(id=candidate.sitting_id))
        lobby = rules_of(exam).lobby
        if self.deps.now() < opens - lobby:
            minutes = int(lobby.total_seconds() // 60)
            raise Conflict(f"开考前{minutes}分钟起可以人脸核身，请届时再来。", code="too_early")

    async def _person(self, candidate: ExamCandidate, exam: Exam) -> FacePerson:
        """Raises Conflict where name or number are missing, or WeChat is not bound."""
        account = await Account.get(id=candidate.account_id)
        other_way = rules_of(exam).face_other_way
        if not account.real_name or not account.id_number_sealed:
            raise Conflict(f"系统没有登记您的姓名和身份证号，不能人脸核身。{other_way}", code="no_identity")
        identities = WechatIdentity.filter(pool=exam.pool, app="oa", account_id=account.id)
        identity = await identities.order_by("-created_at").first()
        if identity is None:
            raise Conflict(f"人脸核身在微信里进行，请先关注公众号并绑定身份。{other_way}", code="no_wechat")
        number = self.deps.keys.open_text(account.id_number_sealed, "id_number")
        return FacePerson(account.real_name, number, identity.openid)


def _check_required(candidate: ExamCandidate, exam: Exam) -> None:
    check_called(candidate, exam)
    if rules_of(exam).face_check == "none":
        raise Conflict("这场考试不用核验身份。", code="face_not_wanted")
    if candidate.face:
        raise Conflict("身份已核验，可以直接参加考试。", code="face_done")


def _faces_unavailable(exam: Exam) -> Unavailable:
    return Unavailable(f"人脸核身暂时不可用，请稍后再试；{rules_of(exam).face_other_way}")
