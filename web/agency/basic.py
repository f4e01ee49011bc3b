"""``/agency/draws/new`` and ``…/basic``: a draw's basic data, times, operator and supervisors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import DrawState
from domain.errors import AppError, InvalidInput
from domain.masking import mask_mobile
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
from web.agency.base import Draft, DraftPlace, whole
from web.agency.projects import print_wan
from web.agency.wizard import EDITABLE, STEPS, WHAT, DrawPart, path_of, text, ticked, when
from web.core.form_values import FormValues, key_of, print_moment, redirect, uuid_of

LOT, SUPERVISOR, AVOIDED = "lot-", "supervisor-", "avoided-"
_REGISTER_MAX = 100
_EARLIER_MAX = 50
_SUPERVISORS_OPEN = ("submitted", "verified", "short", "supplement_pending")
"""States in which supervisors may be changed alone, since no order is being fixed."""


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
        "supervisors": "监督人已更换。",
        "saved": "已保存。",
        "kept": "已暂存，可以在其他手机或电脑上接着填。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/draws/new", self.blank)
        self.site.post("/agency/draws/new", self.create)
        self.site.get("/agency/draws/{id}/basic", self.detail)
        self.site.post("/agency/draws/{id}/basic", self.submit)

    # ---- a new draw

    async def blank(self, request: http.Request) -> http.Response:
        """The form for ``?project=``; without it a project is chosen first."""
        actor, project = await self._project(request)
        lots = {f"{LOT}{lot.id}": "1" for lot in project.lots if lot.draw_id is None} if len(project.lots) < 2 else {}
        values = {"name": f"{project.data.name}评标", "on_site": "1" if project.data.on_site else "0", **lots}
        draft = await self.draft(actor, DraftPlace("basic", project.id))
        return await self._form_page(actor, request, project, None, FormValues(draft.values or values), draft)

    async def create(self, request: http.Request) -> http.Response:
        """``command`` save, find (among supervisors and earlier draws) or copy (data of the last draw)."""
        actor, project = await self._project(request)
        fields = await self.fields(request, actor)
        if fields.get("command") == "find":
            return await self._form_page(actor, request, project, None, FormValues(fields))
        try:
            if fields.get("command") == "copy":
                made = await self._copy(actor, project, fields)
                await self.saved(actor, DraftPlace("basic", project.id), fields)
                raise redirect(path_of(made, "basic"), note="copied")
            made = await self.services.draws.setup.create(actor, _form(fields, project.id), key=key_of(fields))
        except AppError as error:
            return await self._form_page(actor, request, project, None, FormValues(fields, self.shown(error)))
        await self.saved(actor, DraftPlace("basic", project.id), fields)
        raise redirect(path_of(made, "recusal"), note="begun")

    async def _copy(self, actor: Actor, project: ProjectView, fields: Mapping[str, str]) -> UUID:
        if not fields.get("last"):
            raise InvalidInput("还没有可以复制的活动，请填写后保存。", code="nothing_to_copy")
        last = uuid_of(fields["last"], WHAT)
        lots, name = ticked(fields, LOT, "这个标段"), text(fields, "name", "活动名称", 200)
        return await self.services.draws.copies.copy(actor, last, project.id, lots, name, key=key_of(fields))

    async def _project(self, request: http.Request) -> tuple[Actor, ProjectView]:
        actor = await self.actor(request)
        wanted = request.query.get("project", "")
        if not wanted:
            raise redirect("/agency/projects", choose="1")
        return actor, await self.services.draws.project_queries.get(actor, uuid_of(wanted, "这个项目"))

    # ---- an existing draw

    async def detail(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        if DrawState(detail.draw.state) not in EDITABLE:
            return await self._page(actor, request, detail)
        draft = await self.draft(actor, DraftPlace("basic-edit", detail.draw.id), version=_version(detail))
        return await self._page(actor, request, detail, FormValues(draft.values) if draft.values else None, draft)

    async def _page(
        self,
        actor: Actor,
        request: http.Request,
        detail: Detail,
        form: FormValues | None = None,
        draft: Draft | None = None,
    ) -> http.Response:
        project = await self.services.draws.project_queries.get(actor, detail.draw.project_id)
        operator = self.services.draws.operators.show(detail.draw)
        return await self._form_page(
            actor, request, project, detail, form or FormValues(_values(detail, operator)), draft
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save, find, supervisors or delete."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        if fields.get("command") == "find":
            return await self._page(actor, request, detail, FormValues(fields))
        setup, draw = self.services.draws.setup, detail.draw
        try:
            match fields.get("command"):
                case "delete":
                    await setup.delete(actor, draw.id)
                    raise redirect("/agency", note="deleted")
                case "supervisors":
                    await setup.change_supervisors(actor, draw.id, ticked(fields, SUPERVISOR, "这位监督人"))
                    raise redirect(path_of(draw.id, "basic"), note="supervisors")
                case "save":
                    form = _form(fields, draw.project_id, draw)
                    await setup.edit(actor, draw.id, form, version=fields.get("version", ""), key=key_of(fields))
                    await self.saved(actor, DraftPlace("basic-edit", draw.id), fields)
                    raise redirect(path_of(draw.id, "recusal"), note="saved")
            raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            operator = self.services.draws.operators.show(draw)
            shown = _values(detail, operator) if fields.get("command") == "delete" else fields
            return await self._page(actor, request, detail, FormValues(shown, self.shown(error)))

    async def _form_page(
        self,
        actor: Actor,
        request: http.Request,
        project: ProjectView,
        detail: Detail | None,
        form: FormValues,
        draft: Draft | None = None,
    ) -> http.Response:
        choices = await self._choices(actor, project, detail, form)
        if detail is not None:
            return self._draw_form(actor, request, detail, form, draft, choices)
        operator = await self.services.draws.operators.remembered(actor)
        given = FormValues({**_given(operator), **form.values}, form.error)
        return self.show(
            actor,
            "agency/basic_new.html",
            request,
            error=form.error,
            f=given,
            operator=operator,
            last_draw=await self._last(actor),
            steps=STEPS,
            draw=None,
            editable=True,
            draft=draft or Draft(DraftPlace("basic", project.id).path),
            **choices,
        )

    def _draw_form(
        self,
        actor: Actor,
        request: http.Request,
        detail: Detail,
        form: FormValues,
        draft: Draft | None,
        choices: Mapping[str, Any],
    ) -> http.Response:
        """The basic data of an existing draw."""
        return self.draw_page(
            actor,
            "agency/basic.html",
            request,
            detail,
            error=form.error,
            f=form,
            can_change=detail.draw.state in _SUPERVISORS_OPEN,
            version=_version(detail),
            operator=self.services.draws.operators.show(detail.draw),
            supervisor_phone=self._supervisor_phone,
            draft=draft or Draft(DraftPlace("basic-edit", detail.draw.id).path),
            **choices,
        )

    def _supervisor_phone(self, one: SupervisorView) -> str:
        phone = self.services.deps.keys.read(one.phone_sealed, "mobile")
        return mask_mobile(phone) if phone else ""

    async def _choices(
        self, actor: Actor, project: ProjectView, detail: Detail | None, form: FormValues
    ) -> dict[str, object]:
        """Ticked options are always in the lists, even if the search doesn't find them."""
        draws, own, line = self.services.draws, detail.draw.id if detail else None, detail.ancestors if detail else ()
        ticks, avoided = _ids(form.values, SUPERVISOR), _ids(form.values, AVOIDED)
        found = await draws.supervisor_queries.choices(actor, form.value("supervisor_q"), limit=_REGISTER_MAX)
        register = (
            *await draws.supervisor_queries.chosen(actor, ticks),
            *(one for one in found.items if one.id not in ticks),
        )
        drawn = await draws.queries.avoidable(actor, form.value("earlier_q"), avoided, limit=_EARLIER_MAX)
        earlier = [one for one in drawn.items if one.id != own and one.id not in line]
        return {
            "project": project,
            "wan": print_wan,
            "lots": [(lot, lot.draw_id in (None, own, *line)) for lot in project.lots],
            "register": Choices(register, found.total, bool(ticks)),
            "earlier": Choices(earlier, drawn.total, bool(avoided)),
            "rules": self.book(actor).draw,
        }

    async def _last(self, actor: Actor) -> DrawCard | None:
        found = await self.services.draws.queries.cards(actor, Filters(), limit=1)
        return found.items[0] if found.items else None


def _ids(values: Mapping[str, str], prefix: str) -> list[UUID]:
    """Ids that are ticked, ignoring invalid ones, which ``ticked`` refuses when saving."""
    found = []
    for name in values:
        with suppress(ValueError):
            found += [UUID(name.removeprefix(prefix))] if name.startswith(prefix) else []
    return found


def _version(detail: Detail) -> str:
    parts = detail.parts
    return basic_version(
        detail.draw,
        [one.lot_id for one in parts.lots],
        [one.entry_id for one in parts.supervisors],
        [one.id for one in parts.avoided],
    )


def _form(fields: Mapping[str, str], project_id: UUID, draw: DrawView | None = None) -> DrawForm:
    """The form's values. Raises InvalidInput for a field."""
    return DrawForm(
        project_id=project_id,
        lots=ticked(fields, LOT, "这个标段"),
        name=text(fields, "name", "活动名称", 200),
        medium=text(fields, "medium", "公告发布媒体", 100),
        opening_at=when(fields, "opening_at", "开标时间", draw.opening_at if draw else None),
        opening_place=text(fields, "opening_place", "开标地点", 100),
        needed=whole(fields.get("needed", "")),
        starts_at=when(fields, "starts_at", "预计评标开始时间", draw.starts_at if draw else None),
        ends_at=when(fields, "ends_at", "预计评标结束时间", draw.ends_at if draw else None),
        on_site=fields.get("on_site") == "1",
        operator_name=text(fields, "operator_name", "经办人", 50),
        operator_phone=text(fields, "operator_phone", "经办人电话", 30),
        operator_id_number=text(fields, "operator_id_number", "经办人证件号", 18),
        supervisors=ticked(fields, SUPERVISOR, "这位监督人"),
        avoided_draws=ticked(fields, AVOIDED, "这个活动"),
        remark=text(fields, "remark", "备注", 200),
        bid_closing_at=_closing(fields, draw),
    )


def _closing(fields: Mapping[str, str], draw: DrawView | None) -> datetime | None:
    """截标时间, which a redraw requires."""
    if draw is None or draw.kind != "redraw":
        return draw.bid_closing_at if draw else None
    return when(fields, "bid_closing_at", "截标时间", draw.bid_closing_at)


def _given(operator: Operator) -> dict[str, str]:
    return {"operator_name": operator.name, "operator_phone": operator.phone}


def _values(detail: Detail, operator: Operator) -> dict[str, str]:
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
        **_given(operator),
        **{f"{LOT}{one.lot_id}": "1" for one in parts.lots if one.lot_id},
        **{f"{SUPERVISOR}{one.entry_id}": "1" for one in parts.supervisors},
        **{f"{AVOIDED}{one.id}": "1" for one in parts.avoided},
    }
