"""Whom a group notice reaches: the matches of the office's lists, or numbers that were pasted. Found in SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from domain.errors import InvalidInput
from domain.parsing import person_search
from domain.typed_text import half_width
from services.core.base import Actor, Deps, execute, rows
from services.office.application_list import ApplicationList, Filter
from services.office.expert_list import ExpertFilter, ExpertList

NUMBERS_MAX = 5_000
PERSONS_MAX = 100_000
"""Our own limits against mistakes; no manual names any."""
_SHOWN = 5
_BETWEEN = re.compile(r"[,、;]")
_EXPERTS = "SELECT e.account_id, e.id AS expert_id FROM expert e WHERE {where}"
_APPLICANTS = """
SELECT DISTINCT ON (p.account_id) p.account_id, NULL::uuid AS expert_id FROM application p WHERE {where}
"""
_NUMBERED = """
SELECT DISTINCT ON (coalesce(e.account_id, e.id, a.id)) coalesce(e.account_id, a.id) AS account_id, e.id AS expert_id
FROM unnest($2::text[], $3::text[], $4::text[]) AS n (number, mobile, id_number)
  LEFT JOIN expert e ON e.pool = $1 AND e.left_at IS NULL
    AND (e.number = n.number OR e.mobile_hash = n.mobile OR e.id_number_hash = n.id_number)
  LEFT JOIN account a ON e.id IS NULL AND a.pool = $1 AND (a.mobile_hash = n.mobile OR a.id_number_hash = n.id_number)
WHERE e.id IS NOT NULL OR a.id IS NOT NULL
"""
_UNKNOWN = """
SELECT n.at FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS n (number, mobile, id_number, at)
WHERE NOT EXISTS (SELECT FROM expert e WHERE e.pool = $1 AND e.left_at IS NULL
    AND (e.number = n.number OR e.mobile_hash = n.mobile OR e.id_number_hash = n.id_number))
  AND NOT EXISTS (SELECT FROM account a
    WHERE a.pool = $1 AND (a.mobile_hash = n.mobile OR a.id_number_hash = n.id_number))
ORDER BY n.at
"""
_INSERT = """
INSERT INTO group_notice_person (id, group_notice_id, account_id, expert_id)
SELECT gen_random_uuid(), {group}, person.account_id, person.expert_id FROM ({persons}) AS person
"""
_COUNT = """
SELECT count(*)::int AS persons, count(*) FILTER (WHERE EXISTS (SELECT FROM wechat_identity w
  WHERE w.account_id = person.account_id AND w.app = 'oa' AND w.following))::int AS following FROM ({persons}) AS person
"""


@dataclass(frozen=True)
class Audience:
    """Exactly one of the two filters, or ``numbers`` as pasted: experts' numbers, mobiles or ID numbers."""

    experts: ExpertFilter | None = None
    applications: Filter | None = None
    numbers: str = ""


@dataclass(frozen=True)
class AudienceCount:
    """``following``: who follows the official account; the others can only be reached by SMS."""

    persons: int
    following: int


@dataclass(frozen=True)
class GroupAudiences:
    deps: Deps
    expert_list: ExpertList
    application_list: ApplicationList

    async def count(self, actor: Actor, audience: Audience) -> AudienceCount:
        """Raises InvalidInput that names the filter, or the numbers that nobody has."""
        sql, values = await self._find(actor, audience)
        [counted] = await rows(_COUNT.format(persons=sql), *values)
        return AudienceCount(counted["persons"], counted["following"])

    async def write(self, actor: Actor, audience: Audience, group_id: UUID) -> None:
        """Write down who is in it now, in the caller's transaction."""
        sql, values = await self._find(actor, audience)
        await execute(_INSERT.format(persons=sql, group=f"'{group_id}'::uuid"), *values)

    async def _find(self, actor: Actor, audience: Audience) -> tuple[str, list[object]]:
        """A statement with ``account_id`` and ``expert_id``, and its values."""
        if audience.experts is not None:
            where, values = self.expert_list.where(actor, audience.experts)
            return _EXPERTS.format(where=where), list(values)
        if audience.applications is not None:
            where, values = self.application_list.where(actor, audience.applications)
            return _APPLICANTS.format(where=where), list(values)
        return _NUMBERED, await self._numbers(actor.pool, audience.numbers)

    async def _numbers(self, pool: str, pasted: str) -> list[object]:
        numbers = list(dict.fromkeys(_BETWEEN.sub(" ", half_width(pasted).upper()).split()))
        if not numbers:
            raise InvalidInput("请填写要通知的专家编号、手机号或身份证号。", code="missing", field="numbers")
        if len(numbers) > NUMBERS_MAX:
            raise InvalidInput(f"一次最多{NUMBERS_MAX}个号码，请分几次发送。", code="too_many", field="numbers")
        keys, typed = self.deps.keys, [person_search(number) for number in numbers]
        values: list[object] = [
            pool,
            numbers,
            [keys.lookup_hash("mobile", number.mobile) if number.mobile else None for number in typed],
            [keys.lookup_hash("id_number", number.id_number) if number.id_number else None for number in typed],
        ]
        unknown = [numbers[row["at"] - 1] for row in await rows(_UNKNOWN, *values)]
        if unknown:
            others = f"等{len(unknown)}个" if len(unknown) > _SHOWN else ""
            text = f"找不到{'、'.join(unknown[:_SHOWN])}{others}，请核对后改正或删去。"
            raise InvalidInput(text, code="unknown_numbers", field="numbers")
        return values
