"""Eligibility of an expert for a condition (抽取条件), as plain facts and one predicate.

The service evaluates the rule in SQL; this is the same rule in readable form, against which that query is tested. See
``docs/algorithms/recusal.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from domain.clock import local
from domain.identity import born_after
from domain.person_names import name_key
from domain.spans import Span

Reason = Literal[
    "other_pool",
    "left_pool",
    "inactive",
    "not_formal",
    "term_over",
    "over_age",
    "unreachable",
    "specialty",
    "region",
    "title_level",
    "qualification",
    "department",
    "not_emergency",
    "recused_unit",
    "recused_person",
    "avoided_draw",
    "called_before",
    "leave",
    "overlap",
]

TOOK_PART = frozenset(("accepted", "left", "absent", "recused", "released"))
"""States of an invitation that count as having taken part in a draw whose experts are to be avoided."""


@dataclass(frozen=True)
class DrawCriteria:
    """The required attributes. ``specialty`` is the main or the alternative one; empty text: any.

    ``age_max`` is the pool's general age limit in completed years; None: there is none. ``emergency``: only experts who
    agreed to emergency calls.
    """

    pool: str
    mode: Literal["permanent", "willing"]
    regions: frozenset[str]
    specialty: str
    title_level: str = ""
    qualification: str = ""
    department: str = ""
    age_max: int | None = None
    emergency: bool = False
    judged_at: datetime | None = None
    """When the expert is judged; None in records from before it was told."""


@dataclass(frozen=True)
class CandidateEmployment:
    """``until`` None: present employment."""

    keys: frozenset[str]
    until: datetime | None = None


@dataclass(frozen=True)
class CandidateCall:
    """A present or past invitation of the candidate."""

    draw_id: UUID
    state: str
    span: Span


@dataclass(frozen=True)
class CandidateSuspension:
    """A suspension by the office (暂停抽取). ``ends_at`` None: until it is lifted."""

    starts_at: datetime
    ends_at: datetime | None = None

    def bars(self, at: Span, judged_at: datetime | None) -> bool:
        """Whether it covers the moment of the judgement, or overlaps the panel."""
        if judged_at is not None and self.starts_at <= judged_at and (self.ends_at is None or self.ends_at > judged_at):
            return True
        return self.starts_at < at.ends_at and (self.ends_at is None or self.ends_at > at.starts_at)


@dataclass(frozen=True)
class Candidate:
    """The facts about an expert. ``specialties`` as declared; ``region`` the permanent one; ``left``: has left the
    pool; ``active``: no required course is missing.

    ``term_until`` None: the term has no end. ``born_on`` None: unknown, which fails any age limit. ``reachable``: there
    is a mobile to call.
    """

    pool: str
    name: str
    id_number_hash: str
    region: str
    specialties: frozenset[str]
    formal: bool = True
    active: bool = True
    left: bool = False
    willing_regions: frozenset[str] = frozenset()
    title_level: str = ""
    qualifications: frozenset[str] = frozenset()
    department: str = ""
    recusal_keys: frozenset[str] = frozenset()
    employments: tuple[CandidateEmployment, ...] = ()
    away: tuple[Span, ...] = ()
    calls: tuple[CandidateCall, ...] = ()
    term_until: datetime | None = None
    born_on: date | None = None
    reachable: bool = True
    emergency: bool = False
    suspensions: tuple[CandidateSuspension, ...] = ()


@dataclass(frozen=True)
class Recusals:
    """The people whom a draw must not call.

    ``pairs`` are name and unit key of recusal persons without a known ID number: they match anyone of that name who
    works or ever worked there. ``employed_after``: an employment that ended at or before that moment no longer counts.
    """

    draw_id: UUID
    employed_after: datetime
    unit_keys: frozenset[str] = frozenset()
    id_number_hashes: frozenset[str] = frozenset()
    avoided_draws: frozenset[UUID] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()


def ancestors(specialty: str) -> frozenset[str]:
    """The code itself and all above it: A080301 → A, A08, A0803, A080301. A code covers its children."""
    return frozenset((specialty, *(specialty[:length] for length in range(1, len(specialty), 2))))


def covering_regions(regions: Iterable[str]) -> frozenset[str]:
    """The regions themselves, their cities and provinces, by the six digits of GB/T 2260."""
    return frozenset(code for region in regions for code in (region, region[:4] + "00", region[:2] + "0000"))


def years_before(at: datetime, years: int) -> datetime:
    """The same day and time ``years`` earlier; 1 March where that year has no 29 February."""
    try:
        return at.replace(year=at.year - years)
    except ValueError:
        return at.replace(year=at.year - years, month=3, day=1)


def check(candidate: Candidate, condition: DrawCriteria, recusals: Recusals, at: Span) -> Reason | None:
    """Why the candidate may not be drawn for ``condition`` at ``at``; None: may be drawn."""
    membership = _membership(candidate, condition, at)
    return membership or _fitness(candidate, condition) or next(iter(_bars(candidate, condition, recusals, at)), None)


def find_bars(candidate: Candidate, condition: DrawCriteria, recusals: Recusals, at: Span) -> frozenset[Reason]:
    """All reasons why an expert can't be called at ``at``, whatever the condition."""
    membership = _membership(candidate, condition, at)
    return frozenset((*((membership,) if membership else ()), *_bars(candidate, condition, recusals, at)))


def _bars(candidate: Candidate, condition: DrawCriteria, recusals: Recusals, at: Span) -> Iterator[Reason]:
    if term := _term(candidate, condition, at):
        yield term
    if not candidate.reachable:
        yield "unreachable"
    if recused := _recusal(candidate, recusals):
        yield recused
    yield from _occupation(candidate, recusals, at)


def _membership(candidate: Candidate, condition: DrawCriteria, at: Span) -> Reason | None:
    if candidate.pool != condition.pool:
        return "other_pool"
    if candidate.left:
        return "left_pool"
    if not candidate.active or any(each.bars(at, condition.judged_at) for each in candidate.suspensions):
        return "inactive"
    return None if candidate.formal else "not_formal"


def _term(candidate: Candidate, condition: DrawCriteria, at: Span) -> Reason | None:
    """The term must cover the whole panel; the age is that on the panel's first day."""
    if candidate.term_until is not None and candidate.term_until < at.ends_at:
        return "term_over"
    if condition.age_max is None:
        return None
    born, limit = candidate.born_on, born_after(local(at.starts_at).date(), condition.age_max)
    return "over_age" if born is None or born <= limit else None


def _fitness(candidate: Candidate, condition: DrawCriteria) -> Reason | None:
    if not any(condition.specialty in ancestors(code) for code in candidate.specialties):
        return "specialty"
    if condition.mode == "permanent":
        # An expert who lives in a district lives in its city, too: a region covers its children.
        near = bool(covering_regions([candidate.region]) & condition.regions)
    else:
        # An expert willing to go anywhere in a province is willing to go to its cities.
        near = bool(candidate.willing_regions & covering_regions(condition.regions))
    if not near:
        return "region"
    if condition.title_level not in ("", candidate.title_level):
        return "title_level"
    if condition.qualification and condition.qualification not in candidate.qualifications:
        return "qualification"
    if condition.department not in ("", candidate.department):
        return "department"
    return "not_emergency" if condition.emergency and not candidate.emergency else None


def _recusal(candidate: Candidate, recusals: Recusals) -> Reason | None:
    keys = set(candidate.recusal_keys)
    ever = keys.union(*(employment.keys for employment in candidate.employments))
    for employment in candidate.employments:
        if employment.until is None or employment.until > recusals.employed_after:
            keys |= employment.keys
    if keys & recusals.unit_keys:
        return "recused_unit"
    own = name_key(candidate.name)
    paired = any(name_key(name) == own and key in ever for name, key in recusals.pairs)
    if paired or candidate.id_number_hash in recusals.id_number_hashes:
        return "recused_person"
    avoided = any(call.draw_id in recusals.avoided_draws and call.state in TOOK_PART for call in candidate.calls)
    return "avoided_draw" if avoided else None


def _occupation(candidate: Candidate, recusals: Recusals, at: Span) -> Iterator[Reason]:
    if any(call.draw_id == recusals.draw_id for call in candidate.calls):
        yield "called_before"
    if any(away.overlaps(at) for away in candidate.away):
        yield "leave"
    if any(call.state in ("open", "accepted") and call.span.overlaps(at) for call in candidate.calls):
        yield "overlap"
