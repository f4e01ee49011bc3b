"""``…/recusal``: units and persons whose experts are not drawn, by hand or from a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from domain.errors import InvalidInput
from domain.parsing import NUMBER_LONGEST
from services.draws import RecusalPersonView, RecusalUnitView
from web.agency.base import KEPT, DraftPlace
from web.agency.wizard import DrawPart, draw_id, path_of
from web.core.form_values import PAGE_SIZE, last_page
from web.core.pages import Redirect, Visit, page
from web.core.site import page_number
from web.core.typed_forms import ShortText

SHEET_MAX = 5 * 1024 * 1024
Kind: TypeAlias = Literal["units", "persons"]
_UNIT, _PERSON = "这个回避单位", "这个回避人员"


@dataclass(frozen=True)
class _Unit:
    name: Annotated[str, ShortText("单位名称", 200)]
    credit_code: Annotated[str, ShortText("统一社会信用代码", NUMBER_LONGEST)]
    reason: str
    evidence: str


@dataclass(frozen=True)
class _Person:
    name: Annotated[str, ShortText("姓名", 50)]
    id_number: Annotated[str, ShortText("身份证号", NUMBER_LONGEST)]
    unit_name: Annotated[str, ShortText("工作单位", 200)]
    reason: str
    evidence: str


class RecusalPages(DrawPart):
    step = "recusal"
    notes: ClassVar[Mapping[str, str]] = {
        "begun": "活动信息已保存。接下来填写回避单位和人员。",
        "saved": "已保存，请核对回避信息、语音通知和抽取条件。",
        **KEPT,
    }

    @page("/agency/draws/{id}/recusal", "agency/recusal.html", keep=("list", "q", "page"))
    async def recusals(self, visit: Visit) -> Mapping[str, object]:
        """With ``?list=persons`` the persons; ``q`` is part of a name, code or reason."""
        detail, kind, word = await self.detail(visit), _kind_of(visit), visit.query("q")
        form, draft = await self.form_and_draft(visit, _place(visit, kind))
        recusals = detail.parts.recusal_units if kind == "units" else detail.parts.recusal_persons
        matching = [recusal for recusal in recusals if word.casefold() in _searched_text(recusal).casefold()]
        last = last_page(len(matching))
        shown = min(page_number(visit.request), last)
        return {
            **self.draw_values(detail),
            "f": form,
            "draft": draft,
            "kind": kind,
            "word": word,
            "page": shown,
            "recusals": matching[(shown - 1) * PAGE_SIZE : shown * PAGE_SIZE],
            "total": len(matching),
            "last": last,
            "former": await self.services.draws.queries.former_experts(visit.actor, detail.draw.id),
            "rules": self.book(visit.actor).draw,
            "pairs": lambda texts: [(text, text) for text in texts],
            "lines": form.error.params.get("errors", ()) if form.error else (),
        }

    @recusals.command(_Unit, "unit", note="已添加。")
    async def add_unit(self, visit: Visit, form: _Unit) -> None:
        await self.services.draws.recusal_lists.add_unit(
            visit.actor, draw_id(visit), form.name, form.credit_code, form.reason, form.evidence
        )
        await self.saved(visit.actor, _place(visit, "units"), visit.fields)

    @recusals.command(_Person, "person", note="已添加。")
    async def add_person(self, visit: Visit, form: _Person) -> None:
        await self.services.draws.recusal_lists.add_person(
            visit.actor, draw_id(visit), form.name, form.id_number, form.unit_name, form.reason, form.evidence
        )
        await self.saved(visit.actor, _place(visit, "persons"), visit.fields)

    @recusals.command(name="unit-gone", note="已删除。")
    async def remove_unit(self, visit: Visit) -> None:
        await self.services.draws.recusal_lists.remove_unit(visit.actor, draw_id(visit), visit.row_id(_UNIT))

    @recusals.command(name="person-gone", note="已删除。")
    async def remove_person(self, visit: Visit) -> None:
        await self.services.draws.recusal_lists.remove_person(visit.actor, draw_id(visit), visit.row_id(_PERSON))

    @recusals.command(path="/agency/draws/{id}/recusal/{kind}.xlsx", upload=SHEET_MAX, note="已导入。")
    async def read_sheet(self, visit: Visit) -> Redirect:
        """All lines of a sheet, or none."""
        kind, sheets = _kind_of(visit), self.services.draws.recusal_import
        if not visit.file:
            raise InvalidInput("请先选择填好的模板文件。", code="missing", field="file")
        add = sheets.import_persons if kind == "persons" else sheets.import_units
        await add(visit.actor, draw_id(visit), visit.file)
        return Redirect(f"{path_of(draw_id(visit), 'recusal')}?list={kind}")


def _kind_of(visit: Visit) -> Kind:
    """Which list is shown: that of the command, of a sheet's address, or of the query."""
    request, command = visit.request, visit.form.value("command")
    persons = command.startswith("person") or "persons" in (request.match_info.get("kind"), request.query.get("list"))
    return "persons" if persons else "units"


def _place(visit: Visit, kind: Kind) -> DraftPlace:
    return DraftPlace("person" if kind == "persons" else "unit", draw_id(visit))


def _searched_text(recusal: RecusalUnitView | RecusalPersonView) -> str:
    more = recusal.credit_code if isinstance(recusal, RecusalUnitView) else recusal.unit_name
    return f"{recusal.name} {more} {recusal.reason}"
