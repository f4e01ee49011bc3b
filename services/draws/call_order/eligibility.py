"""Eligibility: the rule of ``domain.draws.eligibility`` as queries, and the facts by which it was judged.

``_BARS`` is the single definition of what bars an expert: used when the list is frozen, and again at the moment of a
call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.draws.eligibility import covering_regions, years_before
from domain.draws.record import SkipReason
from domain.draws.recusal_keys import unit_keys
from domain.person_names import name_key
from domain.rulebook.book import Rulebook
from models.draws import AvoidedDraw, CallNotice, Condition, Draw, RecusalPerson, RecusalUnit
from services.core.base import rows
from services.experts import (
    IN_FORCE,
    concerns,
    covers,
    is_over_age,
    is_suspended,
    latest_birthday_over_age,
    misses_course,
    overlaps,
)

_NAME = "person_key(e.name)"
_TOOK_PART = "('accepted', 'left', 'absent', 'recused', 'released')"
_RECUSED = f"""e.recusal_keys && $1::text[] OR e.id_number_hash = ANY($2::text[])
    OR EXISTS (SELECT 1 FROM employment m WHERE m.expert_id = e.id AND m.unit_keys && $1::text[]
        AND (m.until IS NULL OR m.until > $5))
    OR (cardinality($3::text[]) > 0 AND EXISTS (SELECT 1 FROM unnest($3::text[], $4::text[]) AS p (name, key)
        WHERE p.name = {_NAME} AND (p.key = ANY(e.recusal_keys) OR EXISTS (SELECT 1 FROM employment m
        WHERE m.expert_id = e.id AND p.key = ANY(m.unit_keys)))))
    OR EXISTS (SELECT 1 FROM invitation i WHERE i.expert_id = e.id AND i.draw_id = ANY($6::uuid[])
        AND i.state IN {_TOOK_PART})"""
_CALLED = "EXISTS (SELECT 1 FROM invitation i WHERE i.expert_id = e.id AND i.draw_id = $7)"
_OFF = f"u.expert_id = e.id AND u.cancelled_at IS NULL AND {concerns('u', '$8::timestamptz', '$9::timestamptz')}"
_AWAY = f"EXISTS (SELECT 1 FROM unavailability u WHERE {_OFF})"
_HELD = """EXISTS (SELECT 1 FROM invitation i WHERE i.expert_id = e.id AND i.state IN ('open', 'accepted')
    AND i.starts_at < $9 AND i.ends_at > $8)"""
_UNTRAINED = misses_course("e")
_NOW_OR_THEN = f"{covers('$11')} OR {overlaps('$8', '$9')}"
"""A suspension by the office bars from its beginning until its end, and before it from panels in its time."""
_SUSPENDED = is_suspended("e", _NOW_OR_THEN)
_BARS: tuple[tuple[SkipReason, str], ...] = (
    ("left_pool", "e.left_at IS NOT NULL"),
    ("inactive", f"{_UNTRAINED} OR {_SUSPENDED} OR e.membership_status <> 'formal'"),
    ("called_before", _CALLED),
    ("term_over", "coalesce(e.term_until < $9, FALSE)"),
    ("over_age", is_over_age("e", "$10")),
    ("unreachable", "e.mobile_sealed = ''"),
    ("recused_late", _RECUSED),
    ("leave", _AWAY),
    ("overlap", _HELD),
)
"""Why an expert may not be drawn now, whatever the condition; the first match is the reason of a skip."""

_FREE = " AND ".join(f"NOT ({bar})" for _, bar in _BARS)
_LEAVES = f"""(SELECT coalesce(json_agg(json_build_object('id', u.id, 'starts_at', u.starts_at, 'ends_at', u.ends_at,
    'weekdays', u.weekdays, 'from_minute', u.from_minute, 'to_minute', u.to_minute, 'created_at', u.created_at)), '[]')
    FROM unavailability u WHERE {_OFF})"""
_CALLS = f"""(SELECT coalesce(json_agg(json_build_object('id', i.id, 'draw', i.draw_id, 'state', i.state,
    'starts_at', i.starts_at, 'ends_at', i.ends_at, 'created_at', i.created_at)), '[]') FROM invitation i
    WHERE i.expert_id = e.id AND (i.draw_id = $7 OR i.draw_id = ANY($6::uuid[]) AND i.state IN {_TOOK_PART}
    OR i.state IN ('open', 'accepted') AND i.starts_at < $9 AND i.ends_at > $8))"""
_SUSPENSIONS = f"""(SELECT coalesce(json_agg(json_build_object('id', s.id, 'starts_at', s.starts_at,
    'ends_at', s.ends_at, 'created_at', s.decided_at)), '[]')
    FROM sanction s WHERE s.expert_id = e.id AND {IN_FORCE} AND ({_NOW_OR_THEN}))"""
_NONE = "'[]'::json"
"""Leaves, calls and suspensions of an eligible expert: none by definition, which saves 20,000 look-ups."""


def _facts(leaves: str, calls: str, suspensions: str, active: str) -> str:
    """All inputs of the rule, as JSON, which ``services.draws.results.audits`` judges again.

    Its names are part of the stored format, also in earlier draws. Converting whole rows to JSON takes PostgreSQL half
    as long as building objects from names and values.
    """
    return f"""(SELECT row_to_json(f)::text FROM (SELECT
    e.id AS expert, e.number, e.name, e.id_number_hash, e.permanent_region AS region, e.willing_regions AS willing,
    e.specialties, e.title_level, e.qualifications, e.department, e.emergency,
    e.membership_status AS standing, {active} AS active,
    e.left_at, e.term_until, e.born_on, e.mobile_sealed <> '' AS reachable, e.recusal_keys,
    (SELECT coalesce(json_agg(k), '[]') FROM (SELECT m.unit_keys AS keys, m.until FROM employment m
        WHERE m.expert_id = e.id) AS k) AS employments,
    {leaves} AS leaves, {calls} AS calls, {suspensions} AS suspensions) AS f)"""


_FITS = """e.pool = $12 AND e.specialty_path @> ARRAY[$13]::text[]
  AND CASE WHEN $14 = 'willing' THEN e.willing_regions && $16::text[] ELSE e.region_path && $15::text[] END
  AND ($17 = '' OR e.title_level = $17)
  AND ($18 = '' OR $18 = ANY(e.qualifications))
  AND ($19 = '' OR e.department = $19)
  AND (NOT $20::boolean OR e.emergency)"""
_COUNT = f"SELECT count(*)::int AS n FROM expert e WHERE {_FITS} AND {_FREE}"
_ELIGIBLE = f"SELECT e.id, {_facts(_NONE, _NONE, _NONE, 'TRUE')} AS facts FROM expert e WHERE {_FITS} AND {_FREE}"


def _hindrance_query(bars: Sequence[tuple[SkipReason, str]]) -> str:
    first = " ".join(f"WHEN {bar} THEN {code!r}" for code, bar in bars)
    facts = _facts(_LEAVES, _CALLS, _SUSPENSIONS, f"NOT {_UNTRAINED}")
    return (
        f"SELECT e.id, h.reason, CASE WHEN h.reason IS NOT NULL THEN {facts} END AS facts "
        f"FROM expert e CROSS JOIN LATERAL (SELECT CASE {first} END AS reason) h "
        "WHERE e.id = ANY($12::uuid[]) ORDER BY e.id"
    )


_HINDERED = _hindrance_query(_BARS)
_HINDERED_BUT_LEAVE = _hindrance_query([(code, bar) for code, bar in _BARS if code != "leave"])
_LOCK_ACCOUNTS = """
SELECT 1 FROM account a WHERE a.id IN (SELECT account_id FROM expert WHERE id = ANY($1::uuid[]))
 ORDER BY a.id FOR KEY SHARE
"""
"""These locks serialise a call with an expert's leaving the pool, which locks account and record, in this order, and
then cancels open invitations, and with a suspension, which locks the record. They don't wait for imports, which update
records without removing them."""
_LOCK_EXPERTS = "SELECT 1 FROM expert WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE"
"""A statement of its own: the judgement after it sees what those had written for whom it waited."""


@dataclass(frozen=True)
class RecusalSources:
    """The people whom a draw must not call.

    ``pairs`` are (name, unit key) of persons known by name and unit.
    """

    employed_after: datetime
    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    draws: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Hindrance:
    """Why a candidate is skipped, and the facts as JSON by which that was judged."""

    reason: SkipReason
    facts: str


def no_recusals(draw: Draw) -> RecusalSources:
    """For previews: a count that considered the agency's own entries would reveal whom they match."""
    return RecusalSources(draw.starts_at)


async def recusals(draw: Draw, years: int) -> RecusalSources:
    """The recusals in the draw's rows; ``years``: period for which former employment counts."""
    units = await RecusalUnit.filter(draw_id=draw.id)
    persons = await RecusalPerson.filter(draw_id=draw.id)
    avoided = await AvoidedDraw.filter(draw_id=draw.id)
    named = [(name_key(p.name), p.unit_name) for p in persons if not p.id_number_hash]
    return RecusalSources(
        years_before(draw.starts_at, years),
        tuple(sorted({key for unit in units for key in unit_keys(unit.name, unit.credit_code)})),
        tuple(sorted({p.id_number_hash for p in persons if p.id_number_hash})),
        tuple(sorted({(name, key) for name, unit in named for key in unit_keys(unit)})),
        tuple(sorted(a.earlier_id for a in avoided)),
    )


def occupied_span(draw: Draw, call_notice: CallNotice) -> tuple[datetime, datetime]:
    """The time that a panel occupies: from gathering (or the expected start, if earlier) to its end."""
    return min(call_notice.gathering_at, draw.starts_at), draw.ends_at


async def find_eligible(
    draw: Draw,
    condition: Condition,
    call_notice: CallNotice,
    specialty: str,
    sources: RecusalSources,
    book: Rulebook,
    now: datetime,
) -> dict[UUID, str]:
    """All who may be drawn for ``specialty`` now, in no particular order, each with the facts of the judgement."""
    experts = await rows(
        _ELIGIBLE, *_barring_values(draw, call_notice, sources, book, now), *_fitting_values(draw, condition, specialty)
    )
    return {row["id"]: row["facts"] for row in experts}


async def count_eligible(
    draw: Draw,
    condition: Condition,
    call_notice: CallNotice,
    specialty: str,
    sources: RecusalSources,
    book: Rulebook,
    now: datetime,
) -> int:
    [counted] = await rows(
        _COUNT, *_barring_values(draw, call_notice, sources, book, now), *_fitting_values(draw, condition, specialty)
    )
    return int(counted["n"])


async def find_hindrances(
    experts: Sequence[UUID],
    draw: Draw,
    call_notice: CallNotice,
    sources: RecusalSources,
    book: Rulebook,
    now: datetime,
    *,
    by_leave: bool = True,
) -> dict[UUID, Hindrance | None]:
    """The hindrance to calling each candidate now; None: no hindrance. A leave counts only where ``by_leave`` is set.

    Inside the caller's transaction, which locks the candidates' records.
    """
    await rows(_LOCK_ACCOUNTS, list(experts))
    await rows(_LOCK_EXPERTS, list(experts))
    candidates = await rows(
        _HINDERED if by_leave else _HINDERED_BUT_LEAVE,
        *_barring_values(draw, call_notice, sources, book, now),
        list(experts),
    )
    hindrances: dict[UUID, Hindrance | None] = dict.fromkeys(experts, Hindrance("left_pool", "{}"))
    for row in candidates:
        hindrances[row["id"]] = Hindrance(row["reason"], row["facts"]) if row["reason"] else None
    return hindrances


def _barring_values(
    draw: Draw, call_notice: CallNotice, sources: RecusalSources, book: Rulebook, now: datetime
) -> tuple[object, ...]:
    """$1 to $11."""
    starts_at, ends_at = occupied_span(draw, call_notice)
    return (
        list(sources.units),
        list(sources.persons),
        [name for name, _ in sources.pairs],
        [key for _, key in sources.pairs],
        sources.employed_after,
        list(sources.draws),
        draw.id,
        starts_at,
        ends_at,
        latest_birthday_over_age(starts_at, book),
        now,
    )


def _fitting_values(draw: Draw, condition: Condition, specialty: str) -> tuple[object, ...]:
    """$12 to $20."""
    return (
        draw.pool,
        specialty,
        condition.region_mode,
        condition.regions,
        sorted(covering_regions(condition.regions)),
        condition.title_level,
        condition.qualification,
        condition.department,
        condition.emergency,
    )
