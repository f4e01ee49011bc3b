"""The pool's experts: a list with filters; the file of each, and removal from the pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any
from urllib.parse import urlencode

from multidict import MultiMapping

from domain.experts.timeline import TimelineKind
from services.expert_file_views import PAGE_SIZE, REVEAL_REASON_MAX, check_choice
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
from web.core.form_values import FormValues
from web.core.pages import Choice, Listed, Several, Visit, Wanted, Word, list_page
from web.core.typed_forms import Lines, ReasonForm
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
KINDS: Mapping[str, str] = {"": "全部", **{kind.value: kind.label for kind in TimelineKind}}
_EXPERT = "这位专家"
_SHOWN = Several(COLUMNS, SHOWN)
assert _FILTERS.keys() == {field.name for field in fields(ExpertFilter)}  # noqa: S101  # one filter for list and export


@dataclass(frozen=True)
class _Masked:
    """The name of a masked field, and why it is to be shown."""

    field: Annotated[str, Lines(60)]
    reason: str


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
            },
        )

    @list_page("/office/experts/{id}", "office/expert.html", size=PAGE_SIZE, kind=Choice(KINDS))
    async def expert(self, visit: Visit, wanted: Wanted) -> Listed:
        choice = check_choice(wanted["kind"], wanted.page)
        file = await self.services.expert_file_views.office_files.read(visit.actor, visit.id(_EXPERT), choice)
        return Listed(
            file.timeline,
            {"file": file, "kinds": KINDS, "opened": None, "longest": REASON_MAX, "reveal_longest": REVEAL_REASON_MAX},
        )

    @expert.command(_Masked, "reveal")
    async def reveal(self, visit: Visit, form: _Masked) -> Mapping[str, object]:
        """Only this response shows the value."""
        files = self.services.expert_file_views.office_files
        opened = await files.reveal(visit.actor, visit.id(_EXPERT), form.field, form.reason)
        return {"f": FormValues({}), "opened": opened}

    @expert.command(ReasonForm, "remove", note="已办理退库，并通知了本人。")
    async def remove_from_pool(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.office.experts.remove_from_pool(visit.actor, visit.id(_EXPERT), form.reason, key=visit.key)
