"""What bars an expert in the pool from all draws, as SQL conditions on his row: the one definition of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from domain.clock import local
from domain.identity import born_after
from domain.rulebook.book import Rulebook
from services.experts.suspended import covers, is_suspended

IS_PAUSE = "u.cancelled_at IS NULL AND u.ends_at IS NULL AND cardinality(u.weekdays) = 0"
"""Times off ``u`` that are a pause, which may lie ahead; compare ``domain.experts.times_off``."""
IS_MISSED = "n.excluded_at IS NOT NULL"
"""An enrolment ``n`` whose required course is missing."""


def is_paused(expert: str, now: str) -> str:
    """The expert has paused himself (暂停接受抽取)."""
    return (
        f"EXISTS (SELECT FROM unavailability u WHERE u.expert_id = {expert}.id AND {IS_PAUSE} AND u.starts_at <= {now})"
    )


def misses_course(expert: str) -> str:
    """A required course is missing."""
    return f"EXISTS (SELECT FROM course_enrolment n WHERE n.expert_id = {expert}.id AND {IS_MISSED})"


def is_over_age(expert: str, latest: str) -> str:
    """``latest``: what ``latest_birthday_over_age`` returns, as SQL. An unknown birthday is over any limit."""
    return f"({latest}::date IS NOT NULL AND ({expert}.born_on IS NULL OR {expert}.born_on <= {latest}::date))"


def latest_birthday_over_age(at: datetime, book: Rulebook) -> date | None:
    """Latest birthday of an expert too old at that moment; None: the pool has no limit."""
    limit = book.entry.age_max
    return born_after(local(at).date(), limit) if limit is not None else None


def bar_conditions(expert: str, now: str, at: datetime, book: Rulebook) -> Mapping[str, str]:
    """The condition of each of ``domain.experts.drawability.BARS`` on the row ``expert``, never null. ``now``: the
    placeholder of the moment ``at``."""
    latest = latest_birthday_over_age(at, book)
    return {
        "temporary": f"{expert}.membership_status <> 'formal'",
        "no_specialty": f"cardinality({expert}.specialties) = 0",
        "self": is_paused(expert, now),
        "office": is_suspended(expert, covers(now)),
        "course": misses_course(expert),
        "term": f"coalesce({expert}.term_until <= {now}, FALSE)",
        "age": is_over_age(expert, "NULL" if latest is None else f"'{latest.isoformat()}'"),
    }


def is_drawn(conditions: Mapping[str, str]) -> str:
    """Nothing bars an expert in the pool."""
    return " AND ".join(f"NOT ({condition})" for condition in conditions.values())


def first_bar(conditions: Mapping[str, str]) -> str:
    """The code of what bars the expert, the first of several; NULL: nothing does."""
    cases = " ".join(f"WHEN {condition} THEN '{bar}'" for bar, condition in conditions.items())
    return f"CASE {cases} END"
