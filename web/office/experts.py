"""The pool's experts: a list with filters, and removal from the pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

from multidict import MultiMapping

from services.office import (
    ATTENDED,
    COLUMNS,
    REASON_MAX,
    SHOWN,
    SORTS,
    STATES,
    TRAINING,
    WECHAT,
    ExpertFilter,
)
from web.core.pages import Choice, Listed, Several, Visit, Wanted, Word, list_page
from web.core.typed_forms import ReasonForm
from web.office.base import OfficePart

_FILTERS: Mapping[str, Any] = {
    "state": Choice(STATES, "in_pool"),
    "search": Word(50),
    "region": Word(6),
    "specialty": Word(50),
    "title": Word(20),
    "employer": Word(50),
    "training": Choice(TRAINING),
    "attended": Choice(ATTENDED),
    "wechat": Choice(WECHAT),
}
_SHOWN = Several(COLUMNS, SHOWN)
assert _FILTERS.keys() == {field.name for field in fields(ExpertFilter)}  # noqa: S101  # one filter for list and export


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
        experts, actor = self.services.office.expert_list, visit.actor
        chosen, shown = expert_filter_of(visit.request.query)
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
                "longest": REASON_MAX,
            },
        )

    @experts.command(ReasonForm, note="已办理退库，并通知了本人。")
    async def remove_from_pool(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.office.experts.remove_from_pool(
            visit.actor, visit.row_id("这位专家"), form.reason, key=visit.key
        )
