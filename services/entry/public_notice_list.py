"""The public notice before entry (公示): the public list of applicants about to become experts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.errors import NotFound
from domain.forms.display import show_region, show_specialty, show_value
from domain.rulebook.book import Rulebook
from domain.rulebook.entry import PublicNotice as Rules
from domain.rulebook.form import EntryType
from services.applications import enters, open_sealed
from services.catalogue_codes import load_codes
from services.core.base import Deps, Page, rows
from services.core.pages import contains_name, read_page
from services.core.sql_values import SqlValues

PAGE_MAX = 100
_COLUMNS = "a.id, a.number, a.name, a.region, a.entry_type, a.notice_from, a.notice_until"
_ON_NOTICE = "application a WHERE a.pool = $1 AND a.state = $2 AND a.notice_until IS NOT NULL"
_ORDER = "a.name_sort, a.id"
_SPECIALTIES = (
    "SELECT application_id, code, choice, admitted FROM application_specialty "
    "WHERE application_id = ANY($1::uuid[]) ORDER BY position, code"
)
_SECTIONS = (
    "SELECT application_id, values_sealed FROM application_section "
    "WHERE application_id = ANY($1::uuid[]) AND code = ANY($2::text[])"
)


@dataclass(frozen=True)
class PublicEntry:
    """An entry of a public notice: name, unit, region and specialties; never ID numbers.

    ``over``: the time is up, but an objection is still open.
    """

    id: UUID
    number: str
    name: str
    employer: str
    region: str
    entry_type: EntryType
    specialties: tuple[str, ...]
    notice_from: datetime
    notice_until: datetime
    over: bool


@dataclass(frozen=True)
class PublicNoticeList:
    deps: Deps

    def rules(self, pool: str) -> Rules:
        """The rulebook's rules on objections. Raises NotFound for a pool without public notices."""
        return _rules(self.deps, pool)

    async def page(self, pool: str, search: str = "", *, offset: int = 0, limit: int = 20) -> Page[PublicEntry]:
        """Persons on notice now by name; ``search`` is part of a name. Raises NotFound as ``rules``."""
        _rules(self.deps, pool)
        values, source = SqlValues(pool, ApplicationState.NOTICE.value), _ON_NOTICE
        if text := search.strip()[:50]:
            source += f" AND person_key(a.name) LIKE {values.add(contains_name(text))}"
        size = min(limit, PAGE_MAX)
        page_rows, total = await read_page(_COLUMNS, "a", source, _ORDER, values, offset=offset, limit=size)
        return Page(tuple(await self._show(pool, page_rows)), total)

    async def get(self, pool: str, application_id: UUID) -> PublicEntry:
        """Raises NotFound for an applicant who is not on notice now."""
        _rules(self.deps, pool)
        notice_rows = await rows(
            f"SELECT {_COLUMNS} FROM application a WHERE a.pool = $1 AND a.state = $2 AND a.id = $3",
            pool,
            ApplicationState.NOTICE.value,
            application_id,
        )
        if not notice_rows:
            raise NotFound("没有这条公示，或公示已结束。请查看公示列表。", code="not_on_notice")
        return (await self._show(pool, notice_rows))[0]

    async def _show(self, pool: str, notice_rows: list[Any]) -> list[PublicEntry]:
        book, now = self.deps.book(pool), self.deps.now()
        ids = [row["id"] for row in notice_rows]
        chosen = await self._specialties(book, ids)
        employers = await self._employers(book, ids)
        codes = await load_codes(
            book,
            [row["region"] for row in notice_rows],
            list(chosen.values()),
            list(employers.values()),
            retired=employers.values(),
        )
        field = book.form.fields.get("employer")
        return [
            PublicEntry(
                id=row["id"],
                number=row["number"],
                name=row["name"],
                employer=show_value(field, employers.get(row["id"]), codes) if field else "",
                region=show_region(row["region"], codes),
                entry_type=cast(EntryType, row["entry_type"]),
                specialties=tuple(show_specialty(code, codes) for code in chosen[row["id"]]),
                notice_from=row["notice_from"] or now,
                notice_until=row["notice_until"] or now,
                over=row["notice_until"] is not None and row["notice_until"] <= now,
            )
            for row in notice_rows
        ]

    async def _specialties(self, book: Rulebook, ids: list[UUID]) -> dict[UUID, list[str]]:
        chosen: dict[UUID, list[str]] = {application_id: [] for application_id in ids}
        for row in await rows(_SPECIALTIES, ids):
            if enters(row["choice"], row["admitted"], book):
                chosen[row["application_id"]].append(row["code"])
        return chosen

    async def _employers(self, book: Rulebook, ids: list[UUID]) -> dict[UUID, str]:
        """The typed or chosen employer, by application."""
        if "employer" not in book.form.used():
            return {}
        places = [code for code, section in book.form.sections.items() if "employer" in section.fields]
        opened = {
            row["application_id"]: open_sealed(self.deps, row["values_sealed"])
            for row in await rows(_SECTIONS, ids, places)
        }
        return {application_id: str(values.get("employer", "")) for application_id, values in opened.items()}


def _rules(deps: Deps, pool: str) -> Rules:
    rules = deps.book(pool).notice
    if rules is None:
        raise NotFound("本专家库没有入库公示环节。", code="no_public_notice")
    return rules
