"""Filters of a reviewer's queue, and how many tasks each of their options holds beside the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.forms.display import show_region, show_specialty
from domain.rulebook.book import Rulebook
from domain.typed_text import half_width
from services.catalogue_codes import CatalogueCodes
from services.core.base import rows
from services.core.pages import contains, contains_name
from services.core.sql_values import SqlValues

WAITING_DAYS = (1, 3, 7, 15)
"""Offered ages of a task, in days."""
_NAMED = """t.application_id IN (SELECT p.id FROM application p WHERE p.pool = $1
  AND (p.number ILIKE {number} OR person_key(p.name) LIKE {name}))"""
_OF_APPLICATION = "EXISTS (SELECT 1 FROM application p WHERE p.id = t.application_id AND {})"
_SPECIALTY = """
CASE WHEN t.specialty <> '' THEN starts_with(t.specialty, ?)
  ELSE EXISTS (SELECT 1 FROM application_specialty s
    WHERE s.application_id = t.application_id AND starts_with(s.code, ?)) END
"""
"""A task for the whole application has the specialties of its application."""
_BRANCH = 3
"""Characters of the branches of the catalogue by which one filters: A04."""
_CHOSEN = ("kind", "region", "specialty", "waiting", "search")
"""Filters that narrow the chips of steps and of overdue tasks, which exclude each other."""


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks of the queue. ``search`` is part of a number or name, ``specialty`` a branch of the catalogue,
    ``region`` the applicant's with all below it, ``kind`` a type of application, ``waiting`` days since opening."""

    step: str = ""
    overdue: bool = False
    search: str = ""
    specialty: str = ""
    region: str = ""
    kind: str = ""
    waiting: int = 0


EVERYTHING = TaskFilter()


@dataclass(frozen=True)
class StepCount:
    """Open tasks of one step within the reviewer's scope."""

    step: str
    step_name: str
    open: int
    overdue: int


@dataclass(frozen=True)
class FilterOption:
    """``open``: tasks that it would leave beside the other filters. ``level``: 1 below another option."""

    code: str
    name: str
    open: int
    level: int = 0


@dataclass(frozen=True)
class QueueCounts:
    """``open``: all tasks in scope. ``fitting`` and ``overdue``: beside the chosen filters, whatever the step."""

    open: int
    fitting: int
    overdue: int
    steps: tuple[StepCount, ...]
    kinds: tuple[FilterOption, ...]
    regions: tuple[FilterOption, ...]
    specialties: tuple[FilterOption, ...]
    waiting: tuple[FilterOption, ...]


@dataclass(frozen=True)
class Counted:
    """What the statement has counted: facet and value → tasks, and overdue ones."""

    counts: Mapping[tuple[str, str], tuple[int, int]]

    def of(self, facet: str) -> dict[str, int]:
        return {value: count for (name, value), (count, _) in self.counts.items() if name == facet}

    @property
    def codes(self) -> list[str]:
        """Codes whose names the options show."""
        return [*self.of("region"), *self.of("specialty")]

    def total(self, facet: str) -> int:
        return self.counts.get((facet, ""), (0, 0))[0]

    def show(self, book: Rulebook, codes: CatalogueCodes) -> QueueCounts:
        by_step = {value: counts for (facet, value), counts in self.counts.items() if facet == "step"}
        kinds, specialties = self.of("kind"), self.of("specialty")
        return QueueCounts(
            open=self.total("open"),
            fitting=self.total("all"),
            overdue=self.counts.get(("all", ""), (0, 0))[1],
            steps=tuple(
                StepCount(step.code, step.name, *by_step[step.code])
                for step in book.review.steps
                if step.code in by_step
            ),
            kinds=tuple(
                FilterOption(kind, book.campaigns.name_of(kind), kinds[kind])
                for kind in book.campaigns.entry_types
                if kind in kinds
            ),
            regions=tuple(_regions(self.of("region"), codes)),
            specialties=tuple(
                FilterOption(code, show_specialty(code, codes), specialties[code]) for code in sorted(specialties)
            ),
            waiting=tuple(
                FilterOption(str(days), f"超过{days}天", count)
                for days in WAITING_DAYS
                if (count := self.of("waiting").get(str(days), 0))
            ),
        )


def _regions(counted: Mapping[str, int], codes: CatalogueCodes) -> Iterable[FilterOption]:
    """Each city with its sum, followed by what lies in it."""
    cities: dict[str, list[str]] = {}
    for code in sorted(counted):
        path = [above for above in codes.path("region", code) if not above.endswith("0000")]
        cities.setdefault(path[-1] if path else code, []).append(code)
    for city in sorted(cities):
        yield FilterOption(city, show_region(city, codes), sum(counted[code] for code in cities[city]))
        for code in cities[city]:
            if code != city:
                yield FilterOption(code, codes.name("region", code) or code, counted[code], level=1)


def narrow(where: str, values: SqlValues, wanted: TaskFilter, book: Rulebook, now: datetime) -> tuple[str, SqlValues]:
    """The conditions on a task ``t`` with those of the filter, and their values; the first one is the pool."""
    values = SqlValues(*values)
    parts = _conditions(wanted, values, book, now)
    for name in ("kind", "region"):
        if name in parts:
            parts[name] = _OF_APPLICATION.format(parts[name])
    if wanted.search.strip():
        parts["search"] = _NAMED.format(**_search_values(wanted, values))
    return " AND ".join([where, *parts.values()]), values


def _search_values(wanted: TaskFilter, values: SqlValues) -> dict[str, str]:
    word = half_width(wanted.search)[:50]
    return {"number": values.add(contains(word)), "name": values.add(contains_name(word))}


async def count_tasks(where: str, values: SqlValues, wanted: TaskFilter, book: Rulebook, now: datetime) -> Counted:
    """How many of the tasks ``t`` each option would leave, by one statement."""
    values = SqlValues(*values)
    parts = _conditions(wanted, values, book, now)
    if wanted.search.strip():
        parts["search"] = "(p.number ILIKE {number} OR person_key(p.name) LIKE {name})".format(
            **_search_values(wanted, values)
        )
    flags = "".join(f", {sql} AS fits_{name}" for name, sql in parts.items())
    chosen = [name for name in _CHOSEN if name in parts]

    def others(facet: str) -> str:
        return " AND ".join(f"fits_{name}" for name in parts if name != facet) or "TRUE"

    fitting = " AND ".join(f"fits_{name}" for name in chosen) or "TRUE"
    days = values.add([str(days) for days in WAITING_DAYS])
    since = values.add([now - timedelta(days=days) for days in WAITING_DAYS])
    counted = await rows(
        f"""
WITH base AS MATERIALIZED (
  SELECT t.id, t.application_id, t.step_code, t.specialty, t.opened_at, p.entry_type, p.region,
         {_late(values, book, now)} AS late{flags}
    FROM review_task t JOIN application p ON p.id = t.application_id WHERE {where}
)
SELECT 'open' AS facet, '' AS value, count(*)::int AS n, 0 AS late FROM base
UNION ALL SELECT 'all', '', count(*)::int, count(*) FILTER (WHERE late)::int FROM base WHERE {fitting}
UNION ALL SELECT 'step', step_code, count(*)::int, count(*) FILTER (WHERE late)::int FROM base WHERE {fitting}
  GROUP BY step_code
UNION ALL SELECT 'kind', entry_type, count(*)::int, 0 FROM base WHERE {others("kind")} GROUP BY entry_type
UNION ALL SELECT 'region', region, count(*)::int, 0 FROM base WHERE {others("region")} GROUP BY region
UNION ALL SELECT 'specialty', branch, count(*)::int, 0 FROM (
  SELECT left(specialty, {_BRANCH}) AS branch FROM base WHERE specialty <> '' AND {others("specialty")}
  UNION ALL SELECT branch FROM base CROSS JOIN LATERAL (SELECT DISTINCT left(s.code, {_BRANCH}) AS branch
    FROM application_specialty s WHERE s.application_id = base.application_id) AS named
   WHERE specialty = '' AND {others("specialty")}) AS branches GROUP BY branch
UNION ALL SELECT 'waiting', w.days, count(*)::int, 0
  FROM base JOIN unnest({days}::text[], {since}::timestamptz[]) AS w(days, since) ON base.opened_at <= w.since
 WHERE {others("waiting")} GROUP BY w.days
""",
        *values,
    )
    return Counted({(row["facet"], row["value"]): (row["n"], row["late"]) for row in counted})


def _conditions(wanted: TaskFilter, values: SqlValues, book: Rulebook, now: datetime) -> dict[str, str]:
    """SQL on a task ``t`` and its application ``p`` for each filter but the search."""
    parts: dict[str, str] = {}
    if wanted.step:
        parts["step"] = f"t.step_code = {values.add(wanted.step)}"
    if wanted.overdue:
        parts["late"] = _late(values, book, now)
    if wanted.kind:
        parts["kind"] = f"p.entry_type = {values.add(wanted.kind)}"
    if wanted.region:
        parts["region"] = f"p.region_path @> ARRAY[{values.add(wanted.region)}::text]"
    if wanted.specialty:
        parts["specialty"] = _SPECIALTY.replace("?", values.add(wanted.specialty))
    if wanted.waiting:
        parts["waiting"] = f"t.opened_at <= {values.add(now - timedelta(days=wanted.waiting))}"
    return parts


def _late(values: SqlValues, book: Rulebook, now: datetime) -> str:
    """SQL: a task has waited longer than its step's expected time. Extends ``values``."""
    parts = [
        f"t.step_code = {values.add(step.code)} AND t.opened_at <= {values.add(now - step.expected)}"
        for step in book.review.steps
    ]
    return f"({' OR '.join(parts)})"


async def count_steps(where: str, values: SqlValues, book: Rulebook, now: datetime) -> list[StepCount]:
    """Open tasks by step, in the order of steps; steps without any are left out."""
    values = SqlValues(*values)
    count_rows = await rows(
        f"SELECT t.step_code, count(*)::int AS n, count(*) FILTER (WHERE {_late(values, book, now)})::int AS late "
        f"FROM review_task t WHERE {where} GROUP BY t.step_code",
        *values,
    )
    by_code = {row["step_code"]: row for row in count_rows}
    steps: Sequence[tuple[str, str]] = [(step.code, step.name) for step in book.review.steps if step.code in by_code]
    return [StepCount(code, name, by_code[code]["n"], by_code[code]["late"]) for code, name in steps]
