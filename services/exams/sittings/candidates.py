"""Candidates (考生) for the office: persons added by number or sheet, allowances, second chances."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.errors import Conflict, Forbidden, InvalidInput
from domain.exams.lifecycles import CandidateEvent, CandidateState, ExamState
from domain.exams.purposes import Purpose
from domain.faults import Faults, check_given
from domain.typed_text import half_width
from models.exams import Exam, ExamCandidate, ExamSitting
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.notifications import invitation_of
from services.exams.repository import get_candidate, get_exam, lock_candidate, move_candidate, rules_of
from services.exams.sittings.candidate_calls import CandidateCalls
from services.inspection.checker import FileChecker
from services.notifications import Notices
from services.spreadsheets.cells import find_faults
from services.spreadsheets.formats import Column, SheetError, format_within

ADD_MAX = 2000
BYTES_MAX = 2_000_000
EXTRA_MINUTES_MAX, EXTRA_TRIES_MAX, EXTRA_DEVICES_MAX = 180, 9, 300
REASON_MAX = 100
COLUMNS = (Column("number", "专家编号或申请编号", True, "每行一人", "ZJ0000001"),)
_SAT_DURING = """
SELECT DISTINCT c.id FROM exam_candidate c JOIN exam_attempt a ON a.candidate_id = c.id
WHERE c.exam_id = $1 AND c.state IN ('called', 'failed') AND a.state <> 'void'
  AND a.started_at < $3 AND coalesce(a.sealed_at, $4) > $2
ORDER BY c.id
"""
_SPLIT = re.compile(r"[\s,，;；、]+")
_FIND = """
SELECT w.number, x.id AS expert_id, p.id AS application_id, coalesce(x.account_id, p.account_id) AS account_id,
       x.left_at, p.state AS application_state,
       EXISTS (SELECT 1 FROM exam_candidate c WHERE c.exam_id = $3
               AND c.account_id = coalesce(x.account_id, p.account_id)) AS known
FROM unnest($2::text[]) AS w (number)
LEFT JOIN expert x ON x.pool = $1 AND x.number = w.number
LEFT JOIN application p ON p.pool = $1 AND p.number = w.number
"""


@dataclass(frozen=True)
class Added:
    """Number of persons added; ``problems``: number and reason of the others."""

    count: int
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Candidates:
    deps: Deps
    notices: Notices
    candidate_calls: CandidateCalls
    checker: FileChecker

    # ---- persons named by the office

    async def add_sheet(self, actor: Actor, exam_id: UUID, content: bytes) -> Added:
        """The numbers of a sheet's first column. Raises InvalidInput for a file that can't be read."""
        check(actor, "exam.manage")
        if len(content) > BYTES_MAX:
            raise InvalidInput("文件最大2MB，请拆分后再上传。", code="file_too_large", field="file")
        try:
            lines = await self.checker.read_sheet(actor.pool, content, format_within(content), COLUMNS, ADD_MAX)
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet_unreadable", field="file") from error
        if faults := [fault for line in lines for fault in find_faults(line, COLUMNS)]:
            first = faults[0]
            raise InvalidInput(
                f"有{len(faults)}行不能读取，未添加任何人。第{first.line}行：{first.reason}",
                code="sheet_errors",
                field="file",
            )
        return await self.add(actor, exam_id, " ".join(line.cells[0] for line in lines))

    async def add(self, actor: Actor, exam_id: UUID, text: str) -> Added:
        """By numbers of experts or of applications that wait for an examination, with any separators.

        Calls all who can be called, and returns the others with the reason. Raises Conflict for an examination whose
        candidates follow from its purpose, or that is over; InvalidInput for no number at all.
        """
        check(actor, "exam.manage")
        numbers = list(dict.fromkeys(number for number in _SPLIT.split(half_width(text).upper()) if number))
        if not numbers:
            raise InvalidInput("请填写专家编号或申请编号，每行一个。", code="missing", field="numbers")
        if len(numbers) > ADD_MAX:
            raise InvalidInput(f"一次最多添加{ADD_MAX}人，请分批添加。", code="too_many", field="numbers")
        now = self.deps.now()
        async with transaction():
            await advisory_lock(f"exam_call:{exam_id}")
            exam = await get_exam(actor, exam_id)
            _check_named(exam, now)
            person_rows = await rows(_FIND, exam.pool, numbers, exam.id)
            problems = {row["number"]: reason for row in person_rows if (reason := _problem(row))}
            good = {row["account_id"]: row for row in person_rows if row["number"] not in problems}
            await self.candidate_calls.add(exam, [_person(row) for row in good.values()], now)
            await record(actor, now, "exam.add", "exam", exam.id, count=len(good), refused=len(problems))
        return Added(len(good), tuple(problems.items()))

    async def remove(self, actor: Actor, candidate_id: UUID) -> None:
        """Remove a person from a draft. Raises Conflict for a published examination."""
        check(actor, "exam.manage")
        now = self.deps.now()
        async with transaction():
            candidate, exam = await get_candidate(actor, candidate_id)
            if exam.state != ExamState.DRAFT:
                raise Conflict("考试已发布，请用“结束参加”。", code="exam_published")
            await candidate.delete()
            await record(actor, now, "exam.drop", "exam", exam.id, candidate=str(candidate_id))

    # ---- allowances

    async def grant_allowance(self, actor: Actor, candidate_id: UUID, minutes: int, tries: int, reason: str) -> None:
        """Grant one person more time, or more tries, for papers that begin from now on.

        Raises InvalidInput, Forbidden for oneself.
        """
        check(actor, "exam.manage")
        words = _check_allowance(minutes, tries, reason)
        now = self.deps.now()
        async with transaction():
            await get_candidate(actor, candidate_id)
            candidate = await lock_candidate(candidate_id)
            _check_not_oneself(actor, candidate)
            candidate.extra_minutes, candidate.extra_tries, candidate.allowance_reason = minutes, tries, words
            await candidate.save(update_fields=["extra_minutes", "extra_tries", "allowance_reason"])
            await record(
                actor,
                now,
                "exam.allow",
                "exam_candidate",
                candidate.id,
                minutes=minutes,
                tries=tries,
                reason=words,
            )

    async def grant_devices(self, actor: Actor, candidate_id: UUID, reason: str) -> None:
        """Let a person change devices as often again as the rules permit, from now on.

        Raises InvalidInput, Forbidden for oneself, Conflict beyond ``EXTRA_DEVICES_MAX``.
        """
        check(actor, "exam.manage")
        words = check_exam_reason(reason)
        now = self.deps.now()
        async with transaction():
            _, exam = await get_candidate(actor, candidate_id)
            candidate = await lock_candidate(candidate_id)
            _check_not_oneself(actor, candidate)
            devices = candidate.extra_devices + rules_of(exam).devices_max
            if devices > EXTRA_DEVICES_MAX:
                raise Conflict("已多次放宽，请核实情况；确有故障的，可以再给一次考试机会。", code="devices_many")
            candidate.extra_devices = devices
            await candidate.save(update_fields=["extra_devices"])
            await record(actor, now, "exam.devices", "exam_candidate", candidate.id, devices=devices, reason=words)

    async def grant_try(self, actor: Actor, candidate_id: UUID, reason: str, *, key: str | None = None) -> None:
        """One more try, regardless of the last; a candidate who failed is called again and notified.

        Raises Conflict when the examination is over or its purpose for the person is decided, Forbidden for oneself.
        """
        check(actor, "exam.manage")
        words = check_exam_reason(reason)
        now = self.deps.now()

        async def run() -> None:
            await get_candidate(actor, candidate_id)
            await self._grant_try(actor, candidate_id, words, now)

        await once(
            owner=f"exam_give_back:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=type(None),
            run=run,
            request=f"{candidate_id} {words}",
        )

    async def grant_try_to_all(
        self,
        actor: Actor,
        exam_id: UUID,
        since: datetime | None,
        until: datetime | None,
        reason: str,
        *,
        key: str | None = None,
    ) -> int:
        """After an outage: one more try for all who were answering then; returns how many. Raises Conflict."""
        check(actor, "exam.manage")
        began, ended, words = _check_outage(since, until, reason)
        now = self.deps.now()

        async def run() -> int:
            exam = await get_exam(actor, exam_id)
            granted = 0
            for row in await rows(_SAT_DURING, exam.id, began, ended, now):
                # locked before it is read: a grant to one decided in between would be refused, and end the whole run
                candidate = await lock_candidate(row["id"])
                # the actor's own try is left out for the same reason
                if candidate.account_id != actor.account_id and await _may_sit(candidate):
                    await self._grant_try(actor, row["id"], words, now)
                    granted += 1
            await record(actor, now, "exam.give_back_all", "exam", exam.id, count=granted, reason=words)
            return granted

        return await once(
            owner=f"exam_give_back:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=int,
            run=run,
            request=f"{exam_id} {began} {ended} {words}",
        )

    async def _grant_try(self, actor: Actor, candidate_id: UUID, reason: str, now: datetime) -> None:
        candidate = await lock_candidate(candidate_id)
        exam = await Exam.get(id=candidate.exam_id)
        _check_not_oneself(actor, candidate)
        if exam.state != ExamState.PUBLISHED or exam.closes_at <= now:
            raise Conflict("考试已结束，请先延长考试时间再增加次数。", code="exam_over")
        if not await _may_sit(candidate):
            raise Conflict("这位考生的申请已办结或已合格，不能再增加次数。", code="decided")
        if candidate.state == CandidateState.FAILED:
            await move_candidate(candidate, CandidateEvent.RETRY, now)
        candidate.extra_tries += 1
        candidate.allowance_reason = reason
        await candidate.save(update_fields=["extra_tries", "allowance_reason"])
        await record(actor, now, "exam.give_back", "exam_candidate", candidate.id, reason=reason)
        sitting = await ExamSitting.get_or_none(id=candidate.sitting_id)
        await self.notices.notify(
            pool=exam.pool,
            kind="exam_changed",
            dedupe_key=f"exam_give_back:{candidate.id}:{candidate.extra_tries}",
            params=invitation_of(exam, candidate, sitting, now, reason=f"增加一次考试机会（{reason}）"),
            account_id=candidate.account_id,
        )


def check_exam_reason(reason: str) -> str:
    """A reason that candidates read, on one line. Raises InvalidInput."""
    return check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)


def _check_allowance(minutes: int, tries: int, reason: str) -> str:
    """The reason on one line. Raises InvalidInput."""
    faults = Faults()
    faults.check(_check_extra, minutes, EXTRA_MINUTES_MAX, "minutes", "延长的分钟数")
    faults.check(_check_extra, tries, EXTRA_TRIES_MAX, "tries", "增加的次数")
    words = faults.check(check_exam_reason, reason)
    faults.raise_any()
    return words


def _check_extra(number: int, most: int, field: str, label: str) -> None:
    if not 0 <= number <= most:
        raise InvalidInput(f"{label}应为0到{most}。", code=f"bad_{field}", field=field)


def _check_outage(since: datetime | None, until: datetime | None, reason: str) -> tuple[datetime, datetime, str]:
    """All three as given, the reason on one line. Raises InvalidInput."""
    faults = Faults()
    began = faults.check(check_given, since, "since", "开始时间")
    ended = faults.check(check_given, until, "until", "结束时间")
    with faults.part():
        if since and until and since >= until:
            raise InvalidInput("结束时间应晚于开始时间。", code="window_turned", field="until")
    words = faults.check(check_exam_reason, reason)
    faults.raise_any()
    return began, ended, words


async def _may_sit(candidate: ExamCandidate) -> bool:
    """Whether a further try can still change the result."""
    if candidate.state not in (CandidateState.CALLED, CandidateState.FAILED):
        return False
    if candidate.application_id is None:
        return True
    waiting = await rows("SELECT 1 FROM application WHERE id = $1 AND state = 'exam'", candidate.application_id)
    return bool(waiting)


def _check_not_oneself(actor: Actor, candidate: ExamCandidate) -> None:
    if actor.account_id is not None and candidate.account_id == actor.account_id:
        raise Forbidden("不能办理自己的考试，请由其他管理员办理。", code="own_exam")


def _check_named(exam: Exam, now: datetime) -> None:
    if exam.purpose not in (Purpose.SINGLE, Purpose.CAMPAIGN):
        raise Conflict("这场考试的考生按用途自动通知，不用添加；个别人员请另建“个别考试”。", code="not_named")
    if exam.state not in (ExamState.DRAFT, ExamState.PUBLISHED) or exam.closes_at <= now:
        raise Conflict("考试已结束或取消，不能再添加考生。", code="exam_over")


def _problem(row: Mapping[str, Any]) -> str:
    """Why this person can't be called; empty if possible."""
    if row["expert_id"] is None and row["application_id"] is None:
        return "没有这个编号，请核对"
    if row["left_at"] is not None:
        return "已不在库"
    if row["account_id"] is None:
        return "还没有登录过系统，请通知本人登录后再添加"
    if row["expert_id"] is None and row["application_state"] != "exam":
        return "这份申请不在等待考试"
    return "已是这场考试的考生" if row["known"] else ""


def _person(row: Mapping[str, Any]) -> Mapping[str, Any]:
    application = row["application_id"] if row["expert_id"] is None else None
    return {"account_id": row["account_id"], "application_id": application, "expert_id": row["expert_id"]}
