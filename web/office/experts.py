"""The pool's experts: a list with filters; the file of each, and acts of the office on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl, urlencode

import aiohttp.web as http
from multidict import MultiMapping

from domain.errors import NotFound
from domain.experts.timeline import TimelineKind
from domain.parsing import NUMBER_LONGEST
from services.expert_file_views import PAGE_SIZE, REVEAL_REASON_MAX, check_choice
from services.files import EVIDENCE_MAX
from services.office import (
    ATTENDED,
    COLUMNS,
    SHOWN,
    SORTS,
    STATES,
    TRAINING,
    UNKNOWN_NUMBER,
    WECHAT,
    ExpertFilter,
)
from services.sanctions import REASON_MAX, Chosen, SanctionForm
from web.core.form_values import FormValues, redirect
from web.core.pages import Choice, Listed, Rate, Redirect, Several, Visit, Wanted, Word, list_page, resource
from web.core.typed_forms import Day, Lines, ReasonForm, Trimmed
from web.files.file_links import file_headers
from web.office.base import OfficePart

_FILTERS: Mapping[str, Any] = {
    "state": Choice(STATES, "in_pool"),
    "search": Word(NUMBER_LONGEST),
    "region": Word(6),
    "specialty": Word(50),
    "title": Word(20),
    "employer": Word(50),
    "training": Choice(TRAINING),
    "attended": Choice(ATTENDED),
    "wechat": Choice(WECHAT),
}
KINDS: Mapping[str, str] = {"": "全部", **{kind.value: kind.label for kind in TimelineKind}}
_EXPERT, _SANCTION = "这位专家", "这项处理"
SANCTIONS: Mapping[str, str] = {"suspension": "暂停抽取", "warning": "警告"}
LISTS: Mapping[str, str] = {"proposed": "待确认", "appealed": "待答复的申诉", "in_force": "生效中", "all": "全部"}
_SEARCHES = (60, 60)
"""Searches per browser and minute."""
_SHOWN = Several(COLUMNS, SHOWN)
assert _FILTERS.keys() == {field.name for field in fields(ExpertFilter)}  # noqa: S101  # one filter for list and export


@dataclass(frozen=True)
class _Search:
    """``rest``: the other filters, as a query."""

    search: Annotated[str, Trimmed(NUMBER_LONGEST)]
    rest: Annotated[str, Trimmed(1000)]


@dataclass(frozen=True)
class _Masked:
    """The name of a masked field, and why it is to be shown."""

    field: Annotated[str, Lines(60)]
    reason: str


@dataclass(frozen=True)
class _Sanction:
    """Days; empty: at once, and until it is lifted."""

    kind: str
    reason: str
    starts_on: Annotated[date | None, Day("开始日期")]
    ends_on: Annotated[date | None, Day("结束日期")]
    withdraws_calls: bool


@dataclass(frozen=True)
class _Answer:
    """``granted``: "1" the appeal is right, "0" what was imposed stands."""

    granted: str
    answer: str


def expert_filter_of(query: MultiMapping[str]) -> tuple[ExpertFilter, tuple[str, ...]]:
    """The filter that the query of the list's page says, and its columns."""
    chosen = {name: reader.read(query.getall(name, [])) for name, reader in _FILTERS.items()}
    return ExpertFilter(**chosen), tuple(_SHOWN.read(query.getall("columns", [])).split(","))


class ExpertPages(OfficePart):
    code = "experts"
    action = "expert.read"

    @list_page(
        "/office/experts",
        "office/experts.html",
        sort=Choice(SORTS, "name"),
        columns=_SHOWN,
        **_FILTERS,
    )
    async def experts(self, visit: Visit, wanted: Wanted) -> Listed:
        """A mobile or an ID number in the address, of an old bookmark, is not kept in it."""
        experts, actor = self.services.office.expert_list, visit.actor
        chosen, shown = expert_filter_of(visit.request.query)
        try:
            expert_id = await experts.find_by_number(actor, chosen.search)
        except NotFound as error:
            raise redirect("/office/experts", note="unknown") from error
        if expert_id is not None:
            raise redirect(f"/office/experts/{expert_id}")
        listed = await experts.page(
            actor, chosen, columns=shown, sort=wanted["sort"], page=wanted.page, size=wanted.size
        )
        entry = self.book(actor).entry
        return Listed(
            listed,
            {
                "states": STATES,
                "sorts": SORTS,
                "trainings": TRAINING if self.book(actor).course.offered else {},
                "presences": ATTENDED,
                "bindings": WECHAT,
                "titles": await experts.titles(actor),
                "places": await self.services.office.dashboard.places(actor),
                "all_columns": COLUMNS,
                "shown": shown,
                "narrowed": any(wanted[name] for name in _FILTERS if name not in ("state", "search")),
                "rest": urlencode({name: text for name, text in wanted.filters.items() if text and name != "state"}),
                "age_max": entry.age_max,
                "days": entry.ending_notice.days,
            },
        )

    @experts.command(_Search, note={"unknown": UNKNOWN_NUMBER}, rate=Rate("experts", *_SEARCHES))
    async def find(self, visit: Visit, form: _Search) -> Redirect:
        """By POST: a mobile or an ID number, which no address may hold, leads to the file; other words to the list."""
        if expert_id := await self.services.office.expert_list.find_by_number(visit.actor, form.search):
            return Redirect(f"/office/experts/{expert_id}")
        others = [(name, text) for name, text in parse_qsl(form.rest) if name in (*_FILTERS, "sort", "columns")]
        filters = dict(others) | {"search": form.search}
        return Redirect(f"/office/experts?{urlencode({name: text for name, text in filters.items() if text})}")

    @list_page("/office/experts/{id}", "office/expert.html", size=PAGE_SIZE, kind=Choice(KINDS))
    async def expert(self, visit: Visit, wanted: Wanted) -> Listed:
        choice = check_choice(wanted["kind"], wanted.page)
        file = await self.services.expert_file_views.office_files.read(visit.actor, visit.id(_EXPERT), choice)
        return Listed(
            file.timeline,
            {
                "file": file,
                "kinds": KINDS,
                "opened": None,
                "longest": REASON_MAX,
                "reveal_longest": REVEAL_REASON_MAX,
                "sanctions": await self.services.sanctions.queries.of_expert(visit.actor, file.id),
                "sanction_kinds": SANCTIONS,
                "second_person": self.book(visit.actor).sanctions.second_person,
            },
        )

    @expert.command(_Masked, "reveal")
    async def reveal(self, visit: Visit, form: _Masked) -> Mapping[str, object]:
        """Only this response shows the value."""
        files = self.services.expert_file_views.office_files
        opened = await files.reveal(visit.actor, visit.id(_EXPERT), form.field, form.reason)
        return {"f": FormValues({}), "opened": opened}

    @expert.command(
        ReasonForm,
        "remove",
        note={
            "removed": "已办理退库，并通知了本人。",
            "removal_waits": "已提出退库。由另一位管理员在首页“待确认的处理”中确认后生效，届时通知本人。",
        },
    )
    async def remove_from_pool(self, visit: Visit, form: ReasonForm) -> Redirect:
        sanctions = self.services.sanctions.sanctions
        removed = await sanctions.remove(visit.actor, visit.id(_EXPERT), form.reason, key=visit.key)
        return Redirect(note="removal_waits" if removed.waits else "removed")

    @expert.command(ReasonForm, "restore", note="已恢复入库，并通知了本人。")
    async def restore(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.sanctions.restorations.restore(visit.actor, visit.id(_EXPERT), form.reason)

    @expert.command(
        _Sanction,
        "sanction",
        upload=EVIDENCE_MAX,
        note={
            "imposed": "已生效，并通知了本人。",
            "ended_calls": "已生效，并通知了本人；等待本人答复的邀请已撤回。",
            "waits": "已提出。由另一位管理员在首页“待确认的处理”中确认后生效，届时通知本人。",
        },
    )
    async def impose(self, visit: Visit, form: _Sanction) -> Redirect:
        typed = SanctionForm(form.kind, form.reason, form.starts_on, form.ends_on, form.withdraws_calls)
        services, filename = self.services.sanctions, visit.fields.get("filename", "")
        evidence = await services.evidence.keep(visit.actor, filename, visit.file)
        expert_id = visit.id(_EXPERT)
        imposed = await services.sanctions.impose(visit.actor, expert_id, typed, evidence=evidence, key=visit.key)
        return Redirect(note="waits" if imposed.waits else "ended_calls" if imposed.calls else "imposed")

    @expert.command(name="confirm", note="已确认生效，并通知了本人。")
    async def confirm(self, visit: Visit) -> None:
        await self.services.sanctions.sanctions.confirm(visit.actor, visit.row_id(_SANCTION))

    @expert.command(ReasonForm, "refuse", note="已登记不予确认，没有生效。")
    async def refuse(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.sanctions.sanctions.refuse(visit.actor, visit.row_id(_SANCTION), form.reason)

    @expert.command(name="withdraw", note="已撤回，没有生效。")
    async def withdraw(self, visit: Visit) -> None:
        await self.services.sanctions.sanctions.withdraw(visit.actor, visit.row_id(_SANCTION))

    @expert.command(ReasonForm, "lift", note="已解除，并通知了本人。")
    async def lift(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.sanctions.sanctions.lift(visit.actor, visit.row_id(_SANCTION), form.reason)

    @expert.command(_Answer, "answer", note="已答复，并通知了本人。")
    async def answer(self, visit: Visit, form: _Answer) -> None:
        granted = {"1": True, "0": False}.get(form.granted)
        appeals = self.services.sanctions.appeals
        await appeals.answer(visit.actor, visit.row_id(_SANCTION), granted=granted, answer=form.answer)

    @resource("/office/sanctions/{id}/evidence")
    async def evidence(self, visit: Visit) -> http.Response:
        opened = await self.services.sanctions.evidence.open(visit.actor, visit.id(_SANCTION))
        return http.Response(body=opened.content, headers=file_headers(opened.media_type, opened.filename))

    @list_page("/office/sanctions", "office/sanctions.html", state=Choice(LISTS, "proposed"))
    async def sanctions(self, visit: Visit, wanted: Wanted) -> Listed:
        """Acts against experts: those that wait, those in force, all."""
        queries = self.services.sanctions.queries
        listed = await queries.page(visit.actor, cast(Chosen, wanted["state"]), **wanted.window)
        return Listed(listed, {"lists": LISTS})
