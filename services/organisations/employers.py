"""The pool's list of employers (单位列表): requests for a unit that it lacks, and its upkeep by staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from domain.draws.recusal_keys import normalise_unit_name
from domain.errors import Conflict, InvalidInput, NotFound, TooMany
from domain.faults import Faults
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
        faults = Faults()
        checked = await self._check_data(actor.pool, data, faults)
        text = faults.check(check_text, note, "note", "说明", 200)
        faults.raise_any()
        now = self.deps.now()

        async def run() -> EmployerRequestView:
            await advisory_lock(f"employer.request:{account_id}")
            await self._check_not_listed(actor.pool, checked.name)
            open_requests = await EmployerRequest.filter(account_id=account_id, state="open")
            if repeated := next((request for request in open_requests if request.name == checked.name), None):
                return request_view(repeated)
            await self._check_request_limits(account_id, len(open_requests), now)
            request = await EmployerRequest.create(
                pool=actor.pool,
                account_id=account_id,
                name=checked.name,
                credit_code=checked.credit_code,
                region=checked.region,
                note=text,
                created_at=now,
            )
            await record(actor, now, "employer.request", "employer_request", request.id)
            return request_view(request)

        return await once(
            owner=f"employer.request:{account_id}",
            key=key,
            deps=self.deps,
            answer=EmployerRequestView,
            run=run,
            request=f"{data!r} {note}",
        )

    async def _check_request_limits(self, account_id: UUID, open_count: int, now: datetime) -> None:
        today = await EmployerRequest.filter(account_id=account_id, created_at__gt=now - timedelta(days=1)).count()
        if open_count >= OPEN_MAX or today >= DAILY_MAX:
            raise TooMany("您申请添加的单位还在处理，请等待答复后再申请。", retry_after=3600, code="requests_waiting")

    async def _check_not_listed(self, pool: str, name: str) -> None:
        listed = await self._find_listed(pool, name)
        if listed is not None and listed.retired_at is None:
            raise Conflict(
                f"单位列表中已有“{listed.name}”，请直接搜索并选择。",
                code="employer_listed",
                params={"employer_id": str(listed.id)},
            )

    async def add(self, actor: Actor, data: EmployerData, *, key: str | None = None) -> EmployerView:
        """Add a unit, and notify everyone who requested one of this name."""
        check(actor, "employer.manage")
        checked, now = await self._checked_data(actor.pool, data), self.deps.now()

        async def run() -> EmployerView:
            employer = await self._add_employer(actor, checked, now)
            await self.notify_requesters(actor, [employer], now)
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
        checked, now = await self._checked_data(actor.pool, data), self.deps.now()
        async with transaction():
            await advisory_lock(f"employers:{actor.pool}")
            employer = await _lock_employer(actor, employer_id)
            duplicate = await self._find_listed(actor.pool, checked.name, checked.credit_code, besides=employer_id)
            if duplicate is not None:
                raise _listed_already(duplicate)
            employer.update_from_dict({**vars(checked), "name_sort": sort_name(checked.name)})
            await employer.save()
            await record(actor, now, "employer.edit", "employer", employer.id)
            return employer_line(employer)

    async def retire(self, actor: Actor, employer_id: UUID) -> EmployerLine:
        """Offer it no longer; applicants who chose it keep it. A repetition is harmless."""
        check(actor, "employer.manage")
        now = self.deps.now()
        async with transaction():
            employer = await _lock_employer(actor, employer_id)
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
        corrected = await self._checked_data(actor.pool, data) if data is not None else None
        now = self.deps.now()
        async with transaction():
            # the list before its requests, as when a unit is added and its requests are answered
            await advisory_lock(f"employers:{actor.pool}")
            request = await _lock_open_request(actor, request_id)
            checked = corrected or EmployerData(request.name, request.credit_code, request.region)
            employer = await self._find_listed(actor.pool, checked.name, checked.credit_code)
            if employer is None or employer.retired_at is not None:
                employer = await self._add_employer(actor, checked, now)
            await self._answer_request(actor, request, "added", "", employer, now)
            same_name = EmployerRequest.filter(pool=actor.pool, state="open", name=request.name)
            for open_request in await same_name.order_by("id").select_for_update():
                await self._answer_request(actor, open_request, "added", "", employer, now)
            return request_view(request)

    async def notify_requesters(self, actor: Actor, employers: Sequence[Employer], now: datetime) -> None:
        """Notify everyone who requested a unit of one of these names; inside the caller's transaction."""
        added = {employer.name: employer for employer in employers}
        open_requests = EmployerRequest.filter(pool=actor.pool, state="open", name__in=list(added))
        for request in await open_requests.order_by("id").select_for_update() if added else ():
            await self._answer_request(actor, request, "added", "", added[request.name], now)

    async def refuse(self, actor: Actor, request_id: UUID, answer: str) -> EmployerRequestView:
        """Refuse with a reason. Raises Conflict for a request that was answered."""
        check(actor, "employer.manage")
        text = check_text(answer, "answer", "答复", 200, required=True)
        now = self.deps.now()
        async with transaction():
            request = await _lock_open_request(actor, request_id)
            await self._answer_request(actor, request, "refused", text, None, now)
            return request_view(request)

    async def _checked_data(self, pool: str, data: EmployerData) -> EmployerData:
        """The data without blanks. Raises InvalidInput with all faults."""
        faults = Faults()
        checked = await self._check_data(pool, data, faults)
        faults.raise_any()
        return checked

    async def _check_data(self, pool: str, data: EmployerData, faults: Faults) -> EmployerData:
        name = faults.check(_check_name, data.name)
        code = faults.check(check_credit_code, data.credit_code) if data.credit_code.strip() else ""
        region = data.region.strip()
        if region and not await CatalogueEntry.exists(pool__in=["", pool], kind="region", code=region):
            faults.add(InvalidInput("地区不在地区目录中，请重新选择。", field="region"))
        return EmployerData(name, code, region)

    async def _find_listed(self, pool: str, name: str, code: str = "", besides: UUID | None = None) -> Employer | None:
        """A unit of the list with this name or code. Retired ones count by name only, since a name is unique."""
        by_name_or_code = Q(name=name) | Q(credit_code=code, retired_at=None) if code else Q(name=name)
        query = Employer.filter(by_name_or_code, pool=pool).order_by("-retired_at")  # offered units come first
        return await (query.exclude(id=besides) if besides else query).first()

    async def _add_employer(self, actor: Actor, data: EmployerData, now: datetime) -> Employer:
        await advisory_lock(f"employers:{actor.pool}")
        listed = await self._find_listed(actor.pool, data.name, data.credit_code)
        if listed is not None and listed.retired_at is None:
            raise _listed_already(listed)
        employer = listed or Employer(pool=actor.pool, created_at=now)
        employer.update_from_dict({**vars(data), "name_sort": sort_name(data.name), "retired_at": None})
        await employer.save()
        await record(actor, now, "employer.add", "employer", employer.id)
        return employer

    async def _answer_request(
        self, actor: Actor, request: EmployerRequest, state: str, answer: str, employer: Employer | None, now: datetime
    ) -> None:
        request.state, request.answer, request.decided_at, request.decided_by = state, answer, now, actor.account_id
        request.employer_id = employer.id if employer else None
        await request.save()
        await record(actor, now, f"employer.{state}", "employer_request", request.id)
        await self.notices.notify(
            pool=request.pool,
            kind="employer_answered",
            dedupe_key=f"employer_answered:{request.id.hex}",
            params={
                "unit": employer.name if employer else request.name,
                "result": "已添加" if employer else f"未添加（{answer}）",
            },
            account_id=request.account_id,
        )


def _check_name(text: str) -> str:
    name = check_text(text, "name", "单位名称", 200, required=True)
    if not normalise_unit_name(name):
        raise InvalidInput("请填写单位全称。", code="missing", field="name")
    return name


def _listed_already(employer: Employer) -> Conflict:
    return Conflict(
        f"单位列表中已有“{employer.name}”，请核对名称和信用代码。",
        code="employer_listed",
        params={"employer_id": str(employer.id)},
    )


async def _lock_employer(actor: Actor, employer_id: UUID) -> Employer:
    employer = await Employer.select_for_update().get_or_none(id=employer_id, pool=actor.pool)
    if employer is None:
        raise NotFound("找不到这个单位，请刷新列表后重试。")
    return employer


async def _lock_open_request(actor: Actor, request_id: UUID) -> EmployerRequest:
    """Raises NotFound, or Conflict when it was answered already."""
    request = await EmployerRequest.select_for_update().get_or_none(id=request_id, pool=actor.pool)
    if request is None:
        raise NotFound("找不到这条申请，请刷新列表后重试。")
    if request.state != "open":
        raise Conflict("这条申请已经答复，请刷新列表。", code="request_answered", params={"state": request.state})
    return request
