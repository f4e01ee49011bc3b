"""The pool's list of employers (单位列表): requests for a unit that it lacks, and its upkeep by staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from domain.draws.recusal_keys import normalise_unit_name
from domain.errors import Conflict, InvalidInput, NotFound, TooMany
from models.campaigns import Employer, EmployerRequest
from models.experts import CatalogueEntry
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.pinyin import sort_name
from services.core.short_texts import check_text
from services.notifications import Notices
from services.organisations.employer_queries import (
    EmployerLine,
    EmployerRequestView,
    EmployerView,
    account_of,
    employer_line,
    employer_view,
    request_view,
)
from services.organisations.legal_entities import check_credit_code

OPEN_MAX = 3
"""Unanswered requests of one person."""
DAILY_MAX = 10
"""Requests of one person within a day; our own limits against floods."""


@dataclass(frozen=True)
class EmployerData:
    """``credit_code`` and ``region`` may be empty: unknown."""

    name: str
    credit_code: str = ""
    region: str = ""


@dataclass(frozen=True)
class Employers:
    deps: Deps
    notices: Notices

    async def request(
        self, actor: Actor, data: EmployerData, note: str = "", *, key: str | None = None
    ) -> EmployerRequestView:
        """Request a unit that the list lacks. The same name again is the same open request.

        Raises Conflict for a unit in the list, TooMany beyond the limits.
        """
        check(actor, "employer.request")
        account_id = account_of(actor)
        clean = await self._check(actor.pool, data)
        text = check_text(note, "note", "说明", 200)
        now = self.deps.now()

        async def run() -> EmployerRequestView:
            await advisory_lock(f"employer.request:{account_id}")
            await self._check_not_listed(actor.pool, clean.name)
            waiting = await EmployerRequest.filter(account_id=account_id, state="open")
            if same := next((one for one in waiting if one.name == clean.name), None):
                return request_view(same)
            await self._check_number(account_id, len(waiting), now)
            made = await EmployerRequest.create(
                pool=actor.pool,
                account_id=account_id,
                name=clean.name,
                credit_code=clean.credit_code,
                region=clean.region,
                note=text,
                created_at=now,
            )
            await record(actor, now, "employer.request", "employer_request", made.id)
            return request_view(made)

        return await once(
            owner=f"employer.request:{account_id}",
            key=key,
            deps=self.deps,
            answer=EmployerRequestView,
            run=run,
            request=f"{data!r} {note}",
        )

    async def _check_number(self, account_id: UUID, waiting: int, now: datetime) -> None:
        today = await EmployerRequest.filter(account_id=account_id, created_at__gt=now - timedelta(days=1)).count()
        if waiting >= OPEN_MAX or today >= DAILY_MAX:
            raise TooMany("您申请添加的单位还在处理，请等待答复后再申请。", retry_after=3600, code="requests_waiting")

    async def _check_not_listed(self, pool: str, name: str) -> None:
        existing = await self._same(pool, name)
        if existing is not None and existing.retired_at is None:
            raise Conflict(
                f"单位列表中已有“{existing.name}”，请直接搜索并选择。",
                code="employer_listed",
                params={"employer_id": str(existing.id)},
            )

    async def add(self, actor: Actor, data: EmployerData, *, key: str | None = None) -> EmployerView:
        """Add a unit, and notify everyone who requested one of this name."""
        check(actor, "employer.manage")
        clean = await self._check(actor.pool, data)
        now = self.deps.now()

        async def run() -> EmployerView:
            employer = await self._add(actor, clean, now)
            await self.notify_added(actor, [employer], now)
            return employer_view(employer)

        return await once(
            owner=f"employer.add:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=EmployerView,
            run=run,
            request=repr(data),
        )

    async def edit(self, actor: Actor, employer_id: UUID, data: EmployerData) -> EmployerLine:
        """Correct a unit; forms that refer to it are not changed."""
        check(actor, "employer.manage")
        clean = await self._check(actor.pool, data)
        now = self.deps.now()
        async with transaction():
            await advisory_lock(f"employers:{actor.pool}")
            employer = await _locked(actor, employer_id)
            same = await self._same(actor.pool, clean.name, clean.credit_code, besides=employer_id)
            if same is not None:
                raise _listed(same)
            employer.update_from_dict({**vars(clean), "name_sort": sort_name(clean.name)})
            await employer.save()
            await record(actor, now, "employer.edit", "employer", employer.id)
            return employer_line(employer)

    async def retire(self, actor: Actor, employer_id: UUID) -> EmployerLine:
        """Offer it no longer; applicants who chose it keep it. A repetition is harmless."""
        check(actor, "employer.manage")
        now = self.deps.now()
        async with transaction():
            employer = await _locked(actor, employer_id)
            if employer.retired_at is None:
                employer.retired_at = now
                await employer.save(update_fields=["retired_at"])
                await record(actor, now, "employer.retire", "employer", employer.id)
            return employer_line(employer)

    async def accept(self, actor: Actor, request_id: UUID, data: EmployerData | None = None) -> EmployerRequestView:
        """Add the requested unit, corrected by ``data`` if given, and notify everyone who requested it.

        If the list has it by now, that one is used. Raises Conflict for a request that was answered.
        """
        check(actor, "employer.manage")
        corrected = await self._check(actor.pool, data) if data is not None else None
        now = self.deps.now()
        async with transaction():
            await advisory_lock(f"employers:{actor.pool}")
            one = await _locked_request(actor, request_id)
            clean = corrected or EmployerData(one.name, one.credit_code, one.region)
            same = await self._same(actor.pool, clean.name, clean.credit_code)
            if same is None or same.retired_at is not None:
                same = await self._add(actor, clean, now)
            await self._answer(actor, one, "added", "", same, now)
            others = EmployerRequest.filter(pool=actor.pool, state="open", name=one.name)
            for other in await others.order_by("id").select_for_update():
                await self._answer(actor, other, "added", "", same, now)
            return request_view(one)

    async def notify_added(self, actor: Actor, employers: Sequence[Employer], now: datetime) -> None:
        """Notify everyone who requested a unit of one of these names; inside the caller's transaction."""
        added = {employer.name: employer for employer in employers}
        waiting = EmployerRequest.filter(pool=actor.pool, state="open", name__in=list(added))
        for one in await waiting.order_by("id").select_for_update() if added else ():
            await self._answer(actor, one, "added", "", added[one.name], now)

    async def refuse(self, actor: Actor, request_id: UUID, answer: str) -> EmployerRequestView:
        """Refuse with a reason. Raises Conflict for a request that was answered."""
        check(actor, "employer.manage")
        text = check_text(answer, "answer", "答复", 200, required=True)
        now = self.deps.now()
        async with transaction():
            one = await _locked_request(actor, request_id)
            await self._answer(actor, one, "refused", text, None, now)
            return request_view(one)

    async def _check(self, pool: str, data: EmployerData) -> EmployerData:
        name = check_text(data.name, "name", "单位名称", 200, required=True)
        if not normalise_unit_name(name):
            raise InvalidInput("请填写单位全称。", code="missing", field="name")
        code = check_credit_code(data.credit_code) if data.credit_code.strip() else ""
        region = data.region.strip()
        if region and not await CatalogueEntry.exists(pool__in=["", pool], kind="region", code=region):
            raise InvalidInput("地区不在地区目录中，请重新选择。", field="region")
        return EmployerData(name, code, region)

    async def _same(self, pool: str, name: str, code: str = "", besides: UUID | None = None) -> Employer | None:
        """A unit of the list with this name or code. Retired ones count by name only, since a name is unique."""
        same = Q(name=name) | Q(credit_code=code, retired_at=None) if code else Q(name=name)
        query = Employer.filter(same, pool=pool).order_by("-retired_at")  # offered units come first
        return await (query.exclude(id=besides) if besides else query).first()

    async def _add(self, actor: Actor, data: EmployerData, now: datetime) -> Employer:
        await advisory_lock(f"employers:{actor.pool}")
        same = await self._same(actor.pool, data.name, data.credit_code)
        if same is not None and same.retired_at is None:
            raise _listed(same)
        employer = same or Employer(pool=actor.pool, created_at=now)
        employer.update_from_dict({**vars(data), "name_sort": sort_name(data.name), "retired_at": None})
        await employer.save()
        await record(actor, now, "employer.add", "employer", employer.id)
        return employer

    async def _answer(
        self, actor: Actor, one: EmployerRequest, state: str, answer: str, employer: Employer | None, now: datetime
    ) -> None:
        one.state, one.answer, one.decided_at, one.decided_by = state, answer, now, actor.account_id
        one.employer_id = employer.id if employer else None
        await one.save()
        await record(actor, now, f"employer.{state}", "employer_request", one.id)
        await self.notices.notify(
            pool=one.pool,
            kind="employer_answered",
            dedupe_key=f"employer_answered:{one.id.hex}",
            params={
                "unit": employer.name if employer else one.name,
                "result": "已添加" if employer else f"未添加（{answer}）",
            },
            account_id=one.account_id,
        )


def _listed(employer: Employer) -> Conflict:
    return Conflict(
        f"单位列表中已有“{employer.name}”，请核对名称和信用代码。",
        code="employer_listed",
        params={"employer_id": str(employer.id)},
    )


async def _locked(actor: Actor, employer_id: UUID) -> Employer:
    employer = await Employer.select_for_update().get_or_none(id=employer_id, pool=actor.pool)
    if employer is None:
        raise NotFound("找不到这个单位，请刷新列表后重试。")
    return employer


async def _locked_request(actor: Actor, request_id: UUID) -> EmployerRequest:
    """Raises NotFound, or Conflict when it was answered already."""
    one = await EmployerRequest.select_for_update().get_or_none(id=request_id, pool=actor.pool)
    if one is None:
        raise NotFound("找不到这条申请，请刷新列表后重试。")
    if one.state != "open":
        raise Conflict("这条申请已经答复，请刷新列表。", code="request_answered", params={"state": one.state})
    return one
