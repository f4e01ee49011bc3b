"""``/agency/draws/new`` and ``…/basic``: a draw's basic data, times, operator and supervisors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from domain.draws.lifecycles import DrawState
from domain.errors import InvalidInput
from domain.masking import mask_mobile
from domain.parsing import NUMBER_LONGEST
from services.core.base import Actor
from services.draws import (
    Detail,
    DrawCard,
    DrawForm,
    DrawView,
    Filters,
    Operator,
    ProjectView,
    SupervisorView,
    basic_version,
)
from web.agency.base import KEPT, DraftPlace
from web.agency.projects import print_wan
from web.agency.wizard import EDITABLE, STEPS, WHAT, DrawPart, draw_id, path_of
from web.core.form_values import FormValues, keep_stored, print_moment, redirect, uuid_of
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import Ids, Moment, OptionalId, ShortText, Whole, YesNo

LOT, SUPERVISOR, AVOIDED = "lot-", "supervisor-", "avoided-"
_REGISTER_MAX = 100
_EARLIER_MAX = 50
_SUPERVISORS_OPEN = ("submitted", "verified", "short", "supplement_pending")
"""States in which supervisors may be changed alone, since no order is being fixed."""
_Supervisors = Annotated[tuple[UUID, ...], Ids(SUPERVISOR, "这位监督人")]


@dataclass(frozen=True)
class _Basic:
    """``DrawForm`` without its project."""

    lots: Annotated[tuple[UUID, ...], Ids(LOT, "这个标段")]
    name: Annotated[str, ShortText("活动名称", 200)]
    medium: Annotated[str, ShortText("公告发布媒体", 100)]
    opening_at: Annotated[datetime | None, Moment("开标时间")]
    opening_place: Annotated[str, ShortText("开标地点", 100)]
    needed: Annotated[int, Whole()]
    starts_at: Annotated[datetime | None, Moment("预计评标开始时间")]
    ends_at: Annotated[datetime | None, Moment("预计评标结束时间")]
    on_site: Annotated[bool, YesNo()]
    operator_name: Annotated[str, ShortText("经办人", 50)]
    operator_phone: Annotated[str, ShortText("经办人电话", 30)]
    operator_id_number: Annotated[str, ShortText("经办人证件号", NUMBER_LONGEST)]
    supervisors: _Supervisors
    avoided_draws: Annotated[tuple[UUID, ...], Ids(AVOIDED, "这个活动")]
    remark: Annotated[str, ShortText("备注", 200)]
    bid_closing_at: Annotated[datetime | None, Moment("截标时间")]

    def new_draw(self, project_id: UUID) -> DrawForm:
        return DrawForm(project_id, **self._values() | {"bid_closing_at": None})

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(_Basic)}

    def changed_draw(self, draw: DrawView) -> DrawForm:
        """Inputs that still show the stored times have no seconds. Only a redraw's form has 截标时间."""
        closing = self.bid_closing_at if draw.kind == "redraw" else draw.bid_closing_at
        return replace(
            DrawForm(draw.project_id, **self._values()),
            opening_at=keep_stored(self.opening_at, draw.opening_at),
            starts_at=keep_stored(self.starts_at, draw.starts_at),
            ends_at=keep_stored(self.ends_at, draw.ends_at),
            bid_closing_at=keep_stored(closing, draw.bid_closing_at),
        )


@dataclass(frozen=True)
class _Copy(_Basic):
    """``last`` is the draw that is copied where a field is left empty."""

    last: Annotated[UUID | None, OptionalId(WHAT)]


@dataclass(frozen=True)
class _SupervisorChoice:
    supervisors: _Supervisors


@dataclass(frozen=True)
class Choices:
    """Options of a list of boxes, whether any is ticked, and how many were found, which may be more than are shown."""

    items: Sequence[Any]
    total: int
    ticked: bool


class BasicPages(DrawPart):
    step = "basic"
    notes: ClassVar[Mapping[str, str]] = {
        "redrawn": "已按原活动新建。原参评专家已列入回避；请逐步核对时间、语音通知和抽取条件。",
        "recalled": "已按原活动新建。回避信息和语音通知已复制，核对后上传证明材料，提交审核。",
        "copied": "已复制上次的设置，时间已顺延，请逐步核对。",
        **KEPT,
    }

    # ---- a new draw

    @page("/agency/draws/new", "agency/basic_new.html")
    async def new_draw(self, visit: Visit) -> Mapping[str, object]:
        """The form for ``?project=``; without it a project is chosen first."""
        project = await self._project(visit)
        lots = {f"{LOT}{lot.id}": "1" for lot in project.lots if lot.draw_id is None} if len(project.lots) < 2 else {}
        usual = {"name": f"{project.data.name}评标", "on_site": "1" if project.data.on_site else "0", **lots}
        form, draft = await self.form_and_draft(visit, DraftPlace("basic", project.id), usual)
        operator = await self.services.draws.operators.remembered_operator(visit.actor)
        return {
            **await self._choices(visit.actor, project, None, form),
            "f": replace(form, values={**_operator_values(operator), **form.values}),
            "draft": draft,
            "operator": operator,
            "last_draw": await self._last(visit.actor),
            "steps": STEPS,
            "draw": None,
            "editable": True,
        }

    @new_draw.command(name="find")
    async def find_for_new(self, visit: Visit) -> Mapping[str, object]:
        """Search among supervisors and earlier draws."""
        return {}

    @new_draw.command(_Basic, "save")
    async def create(self, visit: Visit, form: _Basic) -> Redirect:
        project = await self._project(visit)
        new = await self.services.draws.setup.create(visit.actor, form.new_draw(project.id), key=visit.key)
        await self.saved(visit.actor, DraftPlace("basic", project.id), visit.fields)
        return Redirect(path_of(new, "recusal"), "begun")

    @new_draw.command(_Copy, "copy")
    async def copy(self, visit: Visit, form: _Copy) -> Redirect:
        """Take the data of the last draw."""
        project = await self._project(visit)
        if form.last is None:
            raise InvalidInput("还没有可以复制的活动，请填写后保存。", code="nothing_to_copy")
        new = await self.services.draws.copies.copy(visit.actor, form.last, form.new_draw(project.id), key=visit.key)
        await self.saved(visit.actor, DraftPlace("basic", project.id), visit.fields)
        return Redirect(path_of(new, "basic"), "copied")

    async def _project(self, visit: Visit) -> ProjectView:
        project_id = visit.query("project")
        if not project_id:
            raise redirect("/agency/projects", choose="1")
        return await self.services.draws.project_queries.get(visit.actor, uuid_of(project_id, "这个项目"))

    async def _last(self, actor: Actor) -> DrawCard | None:
        cards = await self.services.draws.queries.cards(actor, Filters(), limit=1)
        return next(iter(cards.items), None)

    # ---- an existing draw

    @page("/agency/draws/{id}/basic", "agency/basic.html")
    async def basic(self, visit: Visit) -> Mapping[str, object]:
        detail, draws = await self.detail(visit), self.services.draws
        operator, version = draws.operators.operator_of(detail.draw), _version(detail)
        form, draft = FormValues(_stored_values(detail, operator), visit.form.error), None
        if visit.fields or DrawState(detail.draw.state) in EDITABLE:
            place = DraftPlace("basic-edit", detail.draw.id)
            form, draft = await self.form_and_draft(visit, place, form.values, version=version)
        project = await draws.project_queries.get(visit.actor, detail.draw.project_id)
        return {
            **self.draw_values(detail),
            **await self._choices(visit.actor, project, detail, form),
            "f": form,
            "draft": draft,
            "can_change": detail.draw.state in _SUPERVISORS_OPEN,
            "version": version,
            "operator": operator,
            "supervisor_phone": self._supervisor_phone,
        }

    @basic.command(name="find")
    async def find(self, visit: Visit) -> Mapping[str, object]:
        """Search among supervisors and earlier draws."""
        return {}

    @basic.command(_Basic, "save")
    async def save(self, visit: Visit, form: _Basic) -> Redirect:
        draw, version = (await self.detail(visit)).draw, visit.form.value("version")
        changed = form.changed_draw(draw)
        await self.services.draws.setup.edit(visit.actor, draw.id, changed, version=version, key=visit.key)
        await self.saved(visit.actor, DraftPlace("basic-edit", draw.id), visit.fields)
        return Redirect(path_of(draw.id, "recusal"), "saved")

    @basic.command(_SupervisorChoice, "supervisors", note="监督人已更换。")
    async def change_supervisors(self, visit: Visit, form: _SupervisorChoice) -> None:
        await self.services.draws.setup.change_supervisors(visit.actor, draw_id(visit), form.supervisors)

    @basic.command(name="delete")
    async def delete(self, visit: Visit) -> Redirect:
        await self.services.draws.setup.delete(visit.actor, draw_id(visit))
        return Redirect("/agency", "deleted")

    def _supervisor_phone(self, supervisor: SupervisorView) -> str:
        phone = self.services.deps.keys.read(supervisor.phone_sealed, "mobile")
        return mask_mobile(phone) if phone else ""

    async def _choices(
        self, actor: Actor, project: ProjectView, detail: Detail | None, form: FormValues
    ) -> dict[str, object]:
        """Ticked options are always in the lists, even if the search doesn't find them."""
        own, ancestors = detail.draw.id if detail else None, detail.ancestors if detail else ()
        return {
            "project": project,
            "wan": print_wan,
            "lots": [(lot, lot.draw_id in (None, own, *ancestors)) for lot in project.lots],
            "register": await self._supervisors(actor, form),
            "earlier": await self._earlier_draws(actor, form, (own, *ancestors)),
            "rules": self.book(actor).draw,
        }

    async def _supervisors(self, actor: Actor, form: FormValues) -> Choices:
        queries, ticked = self.services.draws.supervisor_queries, _ticked_ids(form.values, SUPERVISOR)
        listed = await queries.choices(actor, form.value("supervisor_q"), limit=_REGISTER_MAX)
        others = (entry for entry in listed.items if entry.id not in ticked)
        return Choices((*await queries.list_chosen(actor, ticked), *others), listed.total, bool(ticked))

    async def _earlier_draws(self, actor: Actor, form: FormValues, without: Sequence[UUID | None]) -> Choices:
        ticked = _ticked_ids(form.values, AVOIDED)
        listed = await self.services.draws.queries.list_avoidable(
            actor, form.value("earlier_q"), ticked, limit=_EARLIER_MAX
        )
        draws = [draw for draw in listed.items if draw.id not in without]
        return Choices(draws, listed.total, bool(ticked))


def _ticked_ids(values: Mapping[str, str], prefix: str) -> list[UUID]:
    """Ids of boxes, ignoring invalid ones, which are refused when saving."""
    ids = []
    for name in values:
        with suppress(ValueError):
            ids += [UUID(name.removeprefix(prefix))] if name.startswith(prefix) else []
    return ids


def _version(detail: Detail) -> str:
    parts = detail.parts
    return basic_version(
        detail.draw,
        [lot.lot_id for lot in parts.lots],
        [supervisor.entry_id for supervisor in parts.supervisors],
        [draw.id for draw in parts.avoided],
    )


def _operator_values(operator: Operator) -> dict[str, str]:
    return {"operator_name": operator.name, "operator_phone": operator.phone}


def _stored_values(detail: Detail, operator: Operator) -> dict[str, str]:
    draw, parts = detail.draw, detail.parts
    return {
        "name": draw.name,
        "medium": draw.medium,
        "opening_at": print_moment(draw.opening_at),
        "opening_place": draw.opening_place,
        "bid_closing_at": print_moment(draw.bid_closing_at) if draw.bid_closing_at else "",
        "needed": str(draw.needed),
        "starts_at": print_moment(draw.starts_at),
        "ends_at": print_moment(draw.ends_at),
        "on_site": "1" if draw.on_site else "0",
        "remark": draw.remark,
        **_operator_values(operator),
        **{f"{LOT}{lot.lot_id}": "1" for lot in parts.lots if lot.lot_id},
        **{f"{SUPERVISOR}{supervisor.entry_id}": "1" for supervisor in parts.supervisors},
        **{f"{AVOIDED}{avoided.id}": "1" for avoided in parts.avoided},
    }
