"""Absences of reviewers (外出): from a day to a day a colleague decides in the absent person's place (代办)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain.clock import SHANGHAI, local
from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults, check_given
from domain.person_names import person_name
from models.accounts import Account
from models.reviews import ReviewAssignment, ReviewSubstitution
from services.accounts import account_by_mobile, check_mobile
from services.core.base import Actor, Deps, Page, record, rows
from services.core.idempotency import once
from services.core.limits import advisory_lock, check_repeats
from services.core.permissions import check
from services.core.short_texts import check_text
from services.notifications import Notices
from services.reviews.colleagues import Colleague, colleagues_as_wide

LONGEST = timedelta(days=92)
FURTHEST = timedelta(days=366)
"""Our own limits against typing errors; no manual names any."""
_REASON_MAX = 100
_LISTED = """
SELECT s.id, s.account_id, s.substitute_id, s.starts_at, s.ends_at, s.reason, s.ended_at,
  absent.real_name AS absent_name, stand_in.real_name AS substitute_name, count(*) OVER () AS total,
  (SELECT count(*)::int FROM review_task t WHERE t.pool = s.pool AND t.decided_by = s.substitute_id
    AND t.decided_for = s.account_id AND t.decided_at >= s.starts_at AND t.decided_at < s.ends_at) AS decided
  FROM review_substitution s JOIN account absent ON absent.id = s.account_id
  JOIN account stand_in ON stand_in.id = s.substitute_id
 WHERE s.pool = $1 AND {which} ORDER BY s.ended_at IS NULL DESC, s.ends_at DESC, s.id OFFSET {offset} LIMIT {limit}
"""


@dataclass(frozen=True)
class AbsenceForm:
    """A reviewer's own absence; both days included, in Beijing."""

    substitute_id: UUID | None
    starts_on: date | None
    ends_on: date | None
    reason: str = ""


@dataclass(frozen=True)
class OfficeAbsenceForm:
    """An absence that the office arranges: the substitute need not be a reviewer."""

    account_id: UUID | None
    substitute_mobile: str
    substitute_name: str
    starts_on: date | None
    ends_on: date | None
    reason: str = ""


@dataclass(frozen=True)
class ReviewerAbsence:
    """Half-open. ``decided``: tasks that the substitute decided in the absent person's place."""

    id: UUID
    account_id: UUID
    absent_name: str
    substitute_id: UUID
    substitute_name: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    ended_at: datetime | None
    decided: int
    state: str
    """coming, present or over."""

    @property
    def first_day(self) -> date:
        return local(self.starts_at).date()

    @property
    def last_day(self) -> date:
        return (local(self.ends_at) - timedelta(microseconds=1)).date()


@dataclass(frozen=True)
class Absences:
    deps: Deps
    notices: Notices

    # ---- a reviewer's own

    async def list_colleagues(self, actor: Actor) -> list[Colleague]:
        """Who may stand in for the actor: reviewers with the same scope or a wider one."""
        check(actor, "review.decide")
        return await colleagues_as_wide(self.deps, actor.pool, actor.account_id) if actor.account_id else []

    async def list_own(self, actor: Actor) -> list[ReviewerAbsence]:
        """The actor's absences, and those in which he stands in for another, newest first."""
        check(actor, "review.decide")
        listed = _LISTED.format(which="$2 IN (s.account_id, s.substitute_id)", offset=0, limit=50)
        return self._show(await rows(listed, actor.pool, actor.account_id))

    async def arrange(self, actor: Actor, form: AbsenceForm, *, key: str | None = None) -> ReviewerAbsence:
        """Let a colleague decide in the actor's place from a day to a day. He is notified.

        Raises InvalidInput with all faults, also for a colleague of a smaller scope; Conflict where one of the two is
        absent or stands in for another at that time.
        """
        check(actor, "review.decide")
        colleagues, faults = await self.list_colleagues(actor), Faults()
        substitute = faults.check(_check_colleague, form.substitute_id, colleagues)
        span = faults.check(self._check_days, form.starts_on, form.ends_on)
        reason = faults.check(check_text, form.reason, "reason", "原因", _REASON_MAX)
        faults.raise_any()

        async def run() -> ReviewerAbsence:
            return await self._arrange(actor, check_given(actor.account_id, "", "账号"), substitute, span, reason)

        return await once(
            owner=f"absence:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=ReviewerAbsence,
            run=run,
            request=repr(form),
        )

    async def end(self, actor: Actor, absence_id: UUID) -> ReviewerAbsence:
        """End an own absence early or cancel a coming one, or decline to stand in: everything is back at once. A
        repetition is harmless."""
        check(actor, "review.decide")
        return await self._end(actor, absence_id)

    # ---- the office's

    async def page(self, actor: Actor, *, offset: int = 0, limit: int = 20) -> Page[ReviewerAbsence]:
        """All absences that are not over."""
        check(actor, "review.assign")
        which = "s.ended_at IS NULL AND s.ends_at > $2"
        listed = await rows(
            _LISTED.format(which=which, offset=offset, limit=min(limit, 100)), actor.pool, self.deps.now()
        )
        return Page(tuple(self._show(listed)), listed[0]["total"] if listed else 0)

    async def arrange_for(self, actor: Actor, form: OfficeAbsenceForm, *, key: str | None = None) -> ReviewerAbsence:
        """The same for a reviewer without a colleague of his scope: any person may stand in, and has the absent
        person's scope for that time. Both are notified."""
        check(actor, "review.assign")
        faults = Faults()
        absent = faults.check(check_given, form.account_id, "account_id", "外出的审核人员")
        assigned = ReviewAssignment.filter(pool=actor.pool, account_id=form.account_id, revoked_at=None)
        if form.account_id is not None and not await assigned.exists():
            faults.add(InvalidInput("请选择要外出的审核人员。", code="no_reviewer", field="account_id"))
        mobile = faults.check(_check_mobile, form.substitute_mobile)
        name = faults.check(person_name, form.substitute_name, field="substitute_name", label="代办人姓名")
        span = faults.check(self._check_days, form.starts_on, form.ends_on)
        reason = faults.check(check_text, form.reason, "reason", "原因", _REASON_MAX)
        faults.raise_any()

        async def run() -> ReviewerAbsence:
            substitute = await account_by_mobile(self.deps, actor.pool, mobile)
            if not substitute.real_name:
                substitute.real_name = name
                await substitute.save(update_fields=["real_name"])
            return await self._arrange(actor, absent, substitute.id, span, reason)

        request = f"{absent} {self.deps.keys.lookup_hash('mobile', mobile)} {name} {span} {reason}"
        return await once(
            owner=f"absence:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=ReviewerAbsence,
            run=run,
            request=request,
        )

    async def end_for(self, actor: Actor, absence_id: UUID) -> ReviewerAbsence:
        """The same for the office."""
        check(actor, "review.assign")
        return await self._end(actor, absence_id, by_office=True)

    # ---- both

    def _check_days(self, starts_on: date | None, ends_on: date | None) -> tuple[datetime, datetime]:
        """The half-open span; it begins now where the first day is today. Raises InvalidInput."""
        faults, now = Faults(), self.deps.now()
        today = local(now).date()
        starts = faults.check(check_given, starts_on, "starts_on", "开始日期")
        ends = faults.check(check_given, ends_on, "ends_on", "结束日期")
        faults.raise_any()
        if not today <= starts <= today + FURTHEST:
            faults.add(InvalidInput("开始日期应在今天至一年以内，请核对。", code="bad_day", field="starts_on"))
        if not starts <= ends <= starts + LONGEST:
            text = f"结束日期不能早于开始日期，一次最多{LONGEST.days}天；更久的请管理机构调整分工。"
            faults.add(InvalidInput(text, code="bad_day", field="ends_on"))
        faults.raise_any()
        begins = datetime.combine(starts, time(), SHANGHAI)
        return max(begins, now), datetime.combine(ends + timedelta(days=1), time(), SHANGHAI)

    async def _arrange(
        self, actor: Actor, account_id: UUID, substitute_id: UUID, span: tuple[datetime, datetime], reason: str
    ) -> ReviewerAbsence:
        now = self.deps.now()
        await advisory_lock(f"review_absence:{actor.pool}")
        await check_repeats("account", account_id, ["review.absence"], now)
        await self._check_free(actor.pool, account_id, substitute_id, span)
        absence = await ReviewSubstitution.create(
            pool=actor.pool,
            account_id=account_id,
            substitute_id=substitute_id,
            starts_at=span[0],
            ends_at=span[1],
            reason=reason,
            created_at=now,
            created_by=actor.account_id,
        )
        await record(
            actor,
            now,
            "review.absence",
            "account",
            account_id,
            substitute=str(substitute_id),
            starts_at=span[0].isoformat(),
            ends_at=span[1].isoformat(),
        )
        shown = await self._get(actor.pool, absence.id)
        await self._notify(actor, shown, f"您为{shown.absent_name}代办审核", f"{shown.substitute_name}为您代办审核")
        return shown

    async def _check_free(
        self, pool: str, account_id: UUID, substitute_id: UUID, span: tuple[datetime, datetime]
    ) -> None:
        """Raises Conflict: of the two, nobody is absent or stands in for others at that time, so that no chain is
        needed."""
        if account_id == substitute_id:
            raise InvalidInput("不能由本人代办，请选择其他人员。", code="own_substitute", field="substitute_mobile")
        if await Account.exists(id=substitute_id, disabled_at__not_isnull=True):
            raise Conflict("代办人的账号已停用，请选择其他人员。", code="account_disabled")
        present = ReviewSubstitution.filter(pool=pool, ended_at=None, starts_at__lt=span[1], ends_at__gt=span[0])
        if await present.filter(account_id=account_id).exists():
            raise Conflict("该时段已安排代办，请先取消原来的安排。", code="absent_already")
        if await present.filter(account_id=substitute_id).exists():
            raise Conflict("代办人在该时段也外出，请选择其他人员。", code="substitute_absent")
        if await present.filter(substitute_id=account_id).exists():
            raise Conflict(
                "外出人员在该时段正为他人代办，请先由管理机构在“审核分工”中改由其他人员代办。", code="stands_in"
            )

    async def _end(self, actor: Actor, absence_id: UUID, *, by_office: bool = False) -> ReviewerAbsence:
        now = self.deps.now()

        async def run() -> ReviewerAbsence:
            absence = await ReviewSubstitution.select_for_update().get_or_none(id=absence_id, pool=actor.pool)
            if absence is None or not (by_office or actor.account_id in (absence.account_id, absence.substitute_id)):
                raise NotFound("找不到这项代办安排，请刷新页面。", code="absence_unknown")
            shown = await self._get(actor.pool, absence_id)
            if absence.ended_at is not None or absence.ends_at <= now:
                return shown
            absence.ended_at = now
            await absence.save(update_fields=["ended_at"])
            await record(
                actor, now, "review.absence_end", "account", absence.account_id, substitute=str(absence.substitute_id)
            )
            await self._notify(
                actor, shown, f"为{shown.absent_name}的代办已取消", f"{shown.substitute_name}的代办已取消"
            )
            return await self._get(actor.pool, absence_id)

        return await once(owner="absence_end", key=None, deps=self.deps, answer=ReviewerAbsence, run=run)

    async def _get(self, pool: str, absence_id: UUID) -> ReviewerAbsence:
        return self._show(await rows(_LISTED.format(which="s.id = $2", offset=0, limit=1), pool, absence_id))[0]

    def _show(self, listed: list[Any]) -> list[ReviewerAbsence]:
        now = self.deps.now()
        fields = [name for name in ReviewerAbsence.__dataclass_fields__ if name != "state"]
        return [ReviewerAbsence(**{name: row[name] for name in fields}, state=_state(row, now)) for row in listed]

    async def _notify(self, actor: Actor, absence: ReviewerAbsence, to_substitute: str, to_absent: str) -> None:
        """Tell both, but not who has arranged it."""
        span = f"{_day(absence.starts_at)}至{_day(absence.ends_at - timedelta(microseconds=1))}"
        for account_id, what in ((absence.substitute_id, to_substitute), (absence.account_id, to_absent)):
            if account_id == actor.account_id:
                continue
            await self.notices.notify(
                pool=actor.pool,
                kind="review_absence",
                dedupe_key=f"review_absence:{absence.id}:{account_id}:{self.deps.now().isoformat()}",
                params={"what": what, "day": span},
                account_id=account_id,
            )


def _check_mobile(mobile: str) -> str:
    return check_mobile(mobile, "substitute_mobile")


def _check_colleague(account_id: UUID | None, colleagues: Sequence[Colleague]) -> UUID:
    """Raises InvalidInput; says what to do where nobody can be chosen."""
    if account_id in {colleague.account_id for colleague in colleagues}:
        return check_given(account_id, "substitute_id", "代办人")
    text = "请选择审核范围相同或更大的同事。"
    if not colleagues:
        text = "没有审核范围相同或更大的同事，请联系专家库管理机构在“审核分工”中安排代办。"
    raise InvalidInput(text, code="no_colleague", field="substitute_id")


def _state(row: Any, now: datetime) -> str:
    if row["ended_at"] is not None or row["ends_at"] <= now:
        return "over"
    return "present" if row["starts_at"] <= now else "coming"


def _day(at: datetime) -> str:
    return f"{local(at).month}月{local(at).day}日"
