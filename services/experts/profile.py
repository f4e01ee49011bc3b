"""The pool's experts: their own record, masked, and unavailable times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.catalogues import full_name
from domain.clock import print_time
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany
from domain.masking import mask_id_number, mask_mobile, mask_name
from models.experts import Expert, Unavailability
from models.invitations import Invitation
from services.core.base import Actor, Deps, record, rows
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text

LONGEST = timedelta(days=366)
FURTHEST = timedelta(days=2 * 366)
PERIODS_MAX = 100
"""Our own limits against typing errors and floods; no manual sets any."""

_PROFILE = """
WITH RECURSIVE file AS (SELECT * FROM expert WHERE id = $1 AND pool = $2 AND left_at IS NULL),
wanted (kind, code) AS (
  SELECT 'region', unnest(array_append(willing_regions, permanent_region::text)) FROM file
  UNION SELECT 'specialty', unnest(specialties) FROM file UNION SELECT 'qualification', unnest(qualifications) FROM file
  UNION SELECT 'title_level', title_level FROM file UNION SELECT 'department', department FROM file),
found AS (
  SELECT e.* FROM wanted w CROSS JOIN LATERAL (SELECT pool, kind, code, name, parent FROM catalogue_entry
    WHERE pool IN ('', $2) AND kind = w.kind AND code = w.code OFFSET 0) e
  UNION SELECT e.* FROM found f CROSS JOIN LATERAL (SELECT pool, kind, code, name, parent FROM catalogue_entry
    WHERE pool IN ('', $2) AND kind = f.kind AND code = f.parent OFFSET 0) e)
SELECT file.*, ARRAY(SELECT ROW(kind, code, name, parent) FROM found ORDER BY pool) AS names,
  ARRAY(SELECT m.unit_name FROM employment m WHERE m.expert_id = file.id AND (m.until IS NULL OR m.until > $3)
    ORDER BY m.since DESC) AS employers,
  ARRAY(SELECT ROW(u.id, u.starts_at, u.ends_at, u.reason) FROM unavailability u
    WHERE u.expert_id = file.id AND u.cancelled_at IS NULL AND u.ends_at > $3 ORDER BY u.starts_at) AS periods
FROM file
"""
"""An expert's record ($1 of the pool $2) with names of its codes, units and absences that are not over at $3.

OFFSET 0 makes PostgreSQL look each code up by index instead of scanning the catalogue at each level.
"""


@dataclass(frozen=True)
class Period:
    """Half-open. `panels`: panels already accepted inside it, which stay."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str
    panels: int = 0


@dataclass(frozen=True)
class Named:
    """A catalogue code and its name; the name is empty when the catalogue lacks it."""

    code: str
    name: str


@dataclass(frozen=True)
class ExpertProfile:
    """An expert's own record. ``membership_status`` formal or temporary."""

    id: UUID
    number: str
    masked_name: str
    masked_id_number: str
    masked_mobile: str
    membership_status: Annotated[str, Field(serialization_alias="standing", description="`formal` or `temporary`")]
    active: bool
    permanent_region: Named
    willing_regions: tuple[Named, ...]
    specialties: tuple[Named, ...]
    title_level: Named
    qualifications: tuple[Named, ...]
    department: Named
    employers: tuple[str, ...]
    unavailable: tuple[Period, ...]


class ExpertProfiles:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def profile(self, actor: Actor) -> ExpertProfile:
        """The actor's own record; numbers are masked even for the owner, since phones are lent and photographed."""
        check(actor, "expert.self.read")
        found = await rows(_PROFILE, actor.expert_id, actor.pool, self._deps.now())
        if not found:
            raise _not_in_pool()
        row, keys = found[0], self._deps.keys
        names = _Names({(kind, code): (name, parent) for kind, code, name, parent in row["names"]})
        return ExpertProfile(
            id=row["id"],
            number=row["number"],
            masked_name=mask_name(row["name"]),
            masked_id_number=mask_id_number(keys.open_text(row["id_number_sealed"], "id_number")),
            masked_mobile=mask_mobile(keys.open_text(row["mobile_sealed"], "mobile")),
            membership_status=row["membership_status"],
            active=row["active"],
            permanent_region=names.of("region", row["permanent_region"]),
            willing_regions=names.all("region", row["willing_regions"]),
            specialties=names.all("specialty", row["specialties"]),
            title_level=names.of("title_level", row["title_level"]),
            qualifications=names.most_special("qualification", row["qualifications"]),
            department=names.of("department", row["department"]),
            employers=tuple(row["employers"]),
            unavailable=tuple(Period(*period) for period in row["periods"]),
        )

    async def add_unavailability(
        self, actor: Actor, starts_at: datetime, ends_at: datetime, reason: str = "", *, key: str | None = None
    ) -> Period:
        """Add a time in which the expert isn't drawn. Accepted panels stay; returns how many lie inside.

        Raises InvalidInput for a time that is past, reversed or too long, Conflict where it is covered already,
        Forbidden for an expert who is not formal.
        """
        check(actor, "expert.self.availability")
        now = self._deps.now()
        _check_period(starts_at, ends_at, now)
        text = check_text(reason, "reason", "原因", 100)

        async def run() -> Period:
            expert = await Expert.select_for_update().get(id=(await self._own(actor)).id)
            if expert.membership_status != "formal":
                raise Forbidden("入库成为正式专家后才能设置不接受抽取的时间。", code="not_formal")
            _check_room(await self._periods(expert.id, now), starts_at, ends_at)
            row = await Unavailability.create(
                expert_id=expert.id, starts_at=starts_at, ends_at=ends_at, reason=text, created_at=now
            )
            await record(actor, now, "expert.unavailable", "expert", expert.id, period=str(row.id))
            panels = await Invitation.filter(
                expert_id=expert.id, state="accepted", starts_at__lt=ends_at, ends_at__gt=starts_at
            ).count()
            return Period(row.id, starts_at, ends_at, text, panels)

        return await once(
            owner=f"unavailable:{actor.expert_id}",
            key=key,
            deps=self._deps,
            answer=Period,
            run=run,
            request=f"{starts_at} {ends_at} {text}",
        )

    async def list_unavailability(self, actor: Actor) -> list[Period]:
        """Times that are not over yet, soonest first."""
        check(actor, "expert.self.availability")
        return await self._periods((await self._own(actor)).id, self._deps.now())

    async def cancel_unavailability(self, actor: Actor, period_id: UUID, *, key: str | None = None) -> Period:
        """Remove a time. A repetition is harmless."""
        check(actor, "expert.self.availability")
        now = self._deps.now()

        async def run() -> Period:
            expert = await self._own(actor)
            row = await Unavailability.select_for_update().get_or_none(id=period_id, expert_id=expert.id)
            if row is None:
                raise NotFound("找不到这个时间段，请刷新后重试。")
            if row.cancelled_at is None:
                row.cancelled_at = now
                await row.save(update_fields=["cancelled_at"])
                await record(actor, now, "expert.available", "expert", expert.id, period=str(row.id))
            return Period(row.id, row.starts_at, row.ends_at, row.reason)

        return await once(
            owner=f"available:{actor.expert_id}",
            key=key,
            deps=self._deps,
            answer=Period,
            run=run,
            request=str(period_id),
        )

    async def _own(self, actor: Actor) -> Expert:
        expert = (
            await Expert.get_or_none(id=actor.expert_id, pool=actor.pool, left_at=None) if actor.expert_id else None
        )
        if expert is None:
            raise _not_in_pool()
        return expert

    async def _periods(self, expert_id: UUID, now: datetime) -> list[Period]:
        found = await Unavailability.filter(expert_id=expert_id, cancelled_at=None, ends_at__gt=now).order_by(
            "starts_at"
        )
        return [Period(row.id, row.starts_at, row.ends_at, row.reason) for row in found]


@dataclass(frozen=True)
class _Names:
    """Name and parent by kind and code, for an expert's codes and their ancestors."""

    entries: Mapping[tuple[str, str], tuple[str, str]]

    def name(self, kind: str, code: str) -> str:
        return self.entries.get((kind, code), ("", ""))[0]

    def parent(self, kind: str, code: str) -> str:
        return self.entries.get((kind, code), ("", ""))[1]

    def of(self, kind: str, code: str) -> Named:
        return Named(code, full_name(kind, code, self) if (kind, code) in self.entries else "")

    def all(self, kind: str, codes: Iterable[str]) -> tuple[Named, ...]:
        return tuple(self.of(kind, code) for code in codes)

    def most_special(self, kind: str, codes: Sequence[str]) -> tuple[Named, ...]:
        """Without codes that are only there as ancestors of others."""
        above = {self.parent(kind, code) for code in codes}
        return self.all(kind, [code for code in codes if code not in above])


def _not_in_pool() -> Forbidden:
    return Forbidden("您的专家档案不在库中，请联系专家库管理机构。", code="not_in_pool")


def _check_room(existing: Sequence[Period], starts_at: datetime, ends_at: datetime) -> None:
    """Raises Conflict for a time that one of the existing covers, TooMany when there are too many."""
    for period in existing:
        if period.starts_at <= starts_at and ends_at <= period.ends_at:
            raise Conflict(
                f"这段时间已设置过：{print_time(period.starts_at)}至{print_time(period.ends_at)}，无需重复设置。",
                code="already_unavailable",
            )
    if len(existing) >= PERIODS_MAX:
        raise TooMany("设置的时间段过多，请先取消不需要的时间段。", retry_after=86400, code="too_many_periods")


def _check_period(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise InvalidInput("结束时间应晚于开始时间，请重新填写。", code="period_order", field="ends_at")
    if ends_at <= now:
        raise InvalidInput("这段时间已经过去，请填写今天以后的时间。", code="period_past", field="ends_at")
    if ends_at - starts_at > LONGEST:
        raise InvalidInput("一次最多设置一年，请缩短时间段。", code="period_long", field="ends_at")
    if starts_at > now + FURTHEST:
        raise InvalidInput("开始时间过远，请填写两年以内的时间。", code="period_far", field="starts_at")
