"""Who may be drawn: the rule of ``domain.eligibility`` as one query, and the last look before a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.clock import local
from domain.eligibility import covering, years_before
from domain.persons import born_after
from domain.recusal import normalise_person_name, unit_keys
from domain.rulebook import Rulebook
from models.draws import AvoidedDraw, CallNotice, Condition, Draw, RecusalPerson, RecusalUnit
from services.base import rows

_ELIGIBLE = """
SELECT e.id FROM expert e
WHERE e.pool = $1 AND e.active AND e.left_at IS NULL AND e.standing = 'formal'
  AND (e.term_until IS NULL OR e.term_until >= $14) AND ($17::date IS NULL OR e.born_on > $17)
  AND e.specialty_path @> ARRAY[$2]::text[]
  AND CASE WHEN $3 = 'willing' THEN e.willing_regions && $5::text[] ELSE e.region_path && $4::text[] END
  AND ($6 = '' OR e.title_level = $6)
  AND ($7 = '' OR $7 = ANY(e.qualifications))
  AND ($8 = '' OR e.department = $8)
  AND NOT e.recusal_keys && $9::text[]
  AND NOT e.id_number_hash = ANY($10::text[])
  AND (cardinality($11::text[]) = 0
       OR NOT lower(regexp_replace(e.name, '[^[:alnum:]]', '', 'g')) = ANY($11::text[]))
  AND NOT EXISTS (SELECT 1 FROM employment m WHERE m.expert_id = e.id AND m.unit_keys && $9::text[]
                  AND (m.until IS NULL OR m.until > $12))
  AND NOT EXISTS (SELECT 1 FROM unavailability u WHERE u.expert_id = e.id AND u.cancelled_at IS NULL
                  AND u.starts_at < $14 AND u.ends_at > $13)
  AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.expert_id = e.id AND (
        i.draw_id = $15
        OR i.draw_id = ANY($16::uuid[]) AND i.state IN ('accepted', 'left', 'absent', 'recused', 'released')
        OR i.state IN ('open', 'accepted') AND i.starts_at < $14 AND i.ends_at > $13))
"""


@dataclass(frozen=True)
class Recusals:
    """Whom a draw must step around: unit keys, ID number hashes, bare names, earlier draws."""

    units: tuple[str, ...]
    persons: tuple[str, ...]
    names: tuple[str, ...]
    draws: tuple[UUID, ...]
    employed_after: datetime


async def recusals(draw: Draw, years: int) -> Recusals:
    """A recusal person without ID number is recused by name: rather one namesake too many than the person himself."""
    units = await RecusalUnit.filter(draw_id=draw.id)
    persons = await RecusalPerson.filter(draw_id=draw.id)
    avoided = await AvoidedDraw.filter(draw_id=draw.id)
    keys = {key for unit in units for key in unit_keys(unit.name, unit.credit_code)}
    return Recusals(
        tuple(sorted(keys)),
        tuple(sorted({p.id_number_hash for p in persons if p.id_number_hash})),
        tuple(sorted({normalise_person_name(p.name) for p in persons if not p.id_number_hash})),
        tuple(sorted(a.earlier_id for a in avoided)),
        years_before(draw.starts_at, years),
    )


def claimed(draw: Draw, notice: CallNotice) -> tuple[datetime, datetime]:
    """The time that a panel takes from an expert: from gathering (or the expected start, if earlier) to its end."""
    return min(notice.gathering_at, draw.starts_at), draw.ends_at


def _born_after(starts_at: datetime, book: Rulebook) -> date | None:
    """Whoever was not born after this day is too old for the panel; None: the pool has no limit."""
    limit = book.entry.age_max
    return born_after(local(starts_at).date(), limit) if limit is not None else None


async def find_eligible(
    draw: Draw, condition: Condition, notice: CallNotice, specialty: str, out: Recusals, book: Rulebook
) -> list[UUID]:
    """Ids of all who may be drawn for ``specialty`` now, in no particular order."""
    starts_at, ends_at = claimed(draw, notice)
    found = await rows(
        _ELIGIBLE,
        draw.pool,
        specialty,
        condition.region_mode,
        condition.regions,
        sorted(covering(condition.regions)),
        condition.title_level,
        condition.qualification,
        condition.department,
        list(out.units),
        list(out.persons),
        list(out.names),
        out.employed_after,
        starts_at,
        ends_at,
        draw.id,
        list(out.draws),
        _born_after(starts_at, book),
    )
    return [row["id"] for row in found]


_HINDRANCE = """
SELECT e.id, CASE
    WHEN e.left_at IS NOT NULL THEN 'left_pool'
    WHEN NOT e.active OR e.standing <> 'formal' THEN 'inactive'
    WHEN e.term_until < $4 THEN 'term_over'
    WHEN $5::date IS NOT NULL AND (e.born_on IS NULL OR e.born_on <= $5) THEN 'over_age'
    WHEN EXISTS (SELECT 1 FROM invitation i WHERE i.expert_id = e.id AND i.draw_id = $2) THEN 'called_before'
    WHEN EXISTS (SELECT 1 FROM unavailability u WHERE u.expert_id = e.id AND u.cancelled_at IS NULL
                 AND u.starts_at < $4 AND u.ends_at > $3) THEN 'leave'
    WHEN EXISTS (SELECT 1 FROM invitation i WHERE i.expert_id = e.id AND i.state IN ('open', 'accepted')
                 AND i.starts_at < $4 AND i.ends_at > $3) THEN 'overlap'
END AS reason
FROM expert e WHERE e.id = ANY($1::uuid[]) ORDER BY e.id FOR KEY SHARE OF e
"""
_LOCK_ACCOUNTS = """
SELECT 1 FROM account a WHERE a.id IN (SELECT account_id FROM expert WHERE id = ANY($1::uuid[]))
 ORDER BY a.id FOR KEY SHARE
"""
"""These locks make a call and somebody's leaving take turns: whoever leaves locks account and file, in this order, and
looks for open invitations afterwards. They don't wait for imports, which change files without taking them away."""


async def find_hindrances(
    experts: Sequence[UUID], draw: Draw, notice: CallNotice, book: Rulebook
) -> dict[UUID, str | None]:
    """What has come between each candidate and a call since the list was frozen; None: nothing.

    Inside the caller's transaction, which keeps the candidates' files as they are.
    """
    starts_at, ends_at = claimed(draw, notice)
    await rows(_LOCK_ACCOUNTS, list(experts))
    found = await rows(_HINDRANCE, list(experts), draw.id, starts_at, ends_at, _born_after(starts_at, book))
    reasons: dict[UUID, str | None] = dict.fromkeys(experts, "left_pool")
    reasons.update({row["id"]: row["reason"] for row in found})
    return reasons
