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
from domain.rulebook.form import EntryType
from domain.rulebook.reviews import PublicNotice as Rules
from models.applications import Application, ApplicationSection, ApplicationSpecialty
from services.applications import enters, load_codes, open_values
from services.core.base import Deps, Page

PAGE_MAX = 100


@dataclass(frozen=True)
class PublicEntry:
    """What stands in a public notice: name, unit, region and specialties; never a number of a person.

    ``over``: the time is up, and an objection is still being looked into.
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


class PublicNotices:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def rules(self, pool: str) -> Rules:
        """The rulebook's: how to object, how long the words must be. Raises NotFound for a pool without notices."""
        return _rules(self._deps, pool)

    async def page(self, pool: str, search: str = "", *, offset: int = 0, limit: int = 20) -> Page[PublicEntry]:
        """Those on notice now by name; ``search`` is part of a name. Raises NotFound as ``rules``."""
        _rules(self._deps, pool)
        found = Application.filter(pool=pool, state=ApplicationState.NOTICE, notice_until__isnull=False)
        if text := search.strip()[:50]:
            found = found.filter(name__icontains=text)
        chosen = await found.order_by("name_sort", "id").offset(offset).limit(min(limit, PAGE_MAX))
        return Page(tuple(await self._show(pool, chosen)), await found.count())

    async def one(self, pool: str, application_id: UUID) -> PublicEntry:
        """Raises NotFound for an applicant who is not on notice now."""
        _rules(self._deps, pool)
        found = await Application.filter(id=application_id, pool=pool, state=ApplicationState.NOTICE)
        if not found:
            raise NotFound("没有这条公示，或公示已结束。请查看公示列表。", code="not_on_notice")
        return (await self._show(pool, found))[0]

    async def _show(self, pool: str, found: list[Application]) -> list[PublicEntry]:
        book, now = self._deps.book(pool), self._deps.now()
        ids = [one.id for one in found]
        chosen: dict[UUID, list[str]] = {one: [] for one in ids}
        for row in await ApplicationSpecialty.filter(application_id__in=ids).order_by("position", "code"):
            if enters(row, book):
                chosen[row.application_id].append(row.code)
        employers = await self._employers(book, ids)
        codes = await load_codes(
            book,
            [one.region for one in found],
            list(chosen.values()),
            list(employers.values()),
            retired=employers.values(),
        )
        field = book.form.fields.get("employer")
        return [
            PublicEntry(
                id=one.id,
                number=one.number,
                name=one.name,
                employer=show_value(field, employers.get(one.id), codes) if field else "",
                region=show_region(one.region, codes),
                entry_type=cast(EntryType, one.entry_type),
                specialties=tuple(show_specialty(code, codes) for code in chosen[one.id]),
                notice_from=one.notice_from or now,
                notice_until=one.notice_until or now,
                over=one.notice_until is not None and one.notice_until <= now,
            )
            for one in found
        ]

    async def _employers(self, book: Rulebook, ids: list[UUID]) -> dict[UUID, str]:
        """What was typed or chosen as the employer, by application."""
        if "employer" not in book.form.used():
            return {}
        places = [code for code, section in book.form.sections.items() if "employer" in section.fields]
        sections = ApplicationSection.filter(application_id__in=ids, code__in=list(places))
        opened: dict[UUID, dict[str, Any]] = {
            one.application_id: open_values(self._deps, one) for one in await sections
        }
        return {one: str(values.get("employer", "")) for one, values in opened.items()}


def _rules(deps: Deps, pool: str) -> Rules:
    rules = deps.book(pool).notice
    if rules is None:
        raise NotFound("本专家库没有入库公示环节。", code="no_public_notice")
    return rules
