"""``/agency/projects``: tender projects and their lots: search, create, change, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.draws import LotData, ProjectData, ProjectView
from web.agency.base import AgencyPart, Draft, DraftPlace
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number

WHAT = "这个项目"
_WAN = 1_000_000
"""Fen per 万元."""
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_FLAGS = ("on_site", "internal_code")


class ProjectPages(AgencyPart):
    here = "projects"
    notes: ClassVar[Mapping[str, str]] = {
        "created": "项目已保存。没有标段的，整个项目算一个标段。",
        "saved": "已保存。",
        "deleted": "项目已删除。",
        "lot": "标段已保存。",
        "lot-gone": "标段已删除。",
        "kept": "已暂存，可以在其他手机或电脑上接着填。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/projects", self.list)
        self.site.get("/agency/projects/new", self.blank)
        self.site.post("/agency/projects/new", self.create)
        self.site.get("/agency/projects/{id}", self.detail)
        self.site.post("/agency/projects/{id}", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        """With ``?choose=1`` a project is chosen for a new draw."""
        actor, page = await self.actor(request), page_number(request)
        search = request.query.get("q", "").strip()[:100]
        found = await self.services.draws.project_queries.list(actor, search=search, page=page, size=PAGE_SIZE)
        return self.show(
            actor,
            "agency/projects.html",
            request,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            search=search,
            choose=request.query.get("choose") == "1",
        )

    async def blank(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        draft = await self.draft(actor, DraftPlace("project", actor.organisation_id))
        if draft.values:
            return await self._form_page(actor, request, None, FormValues(draft.values), draft)
        parties = asdict(await self.services.draws.project_queries.last_parties(actor))
        return await self._form_page(actor, request, None, FormValues({"organisation_form": "委托招标"} | parties))

    async def create(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            made = await self.services.draws.projects.create(actor, _data(fields), key=key_of(fields))
        except AppError as error:
            return await self._form_page(actor, request, None, FormValues(fields, self.shown(error)))
        await self.saved(actor, DraftPlace("project", actor.organisation_id), fields)
        raise redirect(f"/agency/projects/{made.id}", note="created", choose=request.query.get("choose", "")[:1])

    async def detail(self, request: http.Request) -> http.Response:
        """With ``?edit=1`` the form."""
        actor, view = await self._asked(request)
        if request.query.get("edit") and view.editable:
            return await self._form_page(actor, request, view, FormValues(_values(view.data)))
        draft = await self.draft(actor, DraftPlace("lot", view.id))
        form = FormValues({**draft.values, "command": "lot"}) if draft.values else EMPTY
        return await self._page(actor, request, view, form, draft)

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save, delete, lot (added, or changed where ``id`` names one) or lot-gone."""
        actor, view = await self._asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, view, fields)
        except AppError as error:
            form = FormValues(fields, self.shown(error), fields.get("id", ""))
            if fields.get("command") == "save" and view.editable:
                return await self._form_page(actor, request, view, form)
            return await self._page(actor, request, view, form)
        raise redirect("/agency/projects" if note == "deleted" else f"/agency/projects/{view.id}", note=note)

    async def _do(self, actor: Actor, view: ProjectView, fields: Mapping[str, str]) -> str:
        projects = self.services.draws.projects
        match fields.get("command"):
            case "save":
                await projects.edit(actor, view.id, _data(fields), key=key_of(fields))
                return "saved"
            case "delete":
                await projects.delete(actor, view.id)
                return "deleted"
            case "lot":
                lot = LotData(fields.get("name", ""), fields.get("number", ""), _fen(fields, "标段投资额") or 0)
                if fields.get("id"):
                    await projects.edit_lot(actor, view.id, uuid_of(fields["id"], "这个标段"), lot)
                else:
                    await projects.add_lot(actor, view.id, lot, key=key_of(fields))
                    await self.saved(actor, DraftPlace("lot", view.id), fields)
                return "lot"
            case "lot-gone":
                await projects.delete_lot(actor, view.id, uuid_of(fields.get("id", ""), "这个标段"))
                return "lot-gone"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def _form_page(
        self,
        actor: Actor,
        request: http.Request,
        view: ProjectView | None,
        form: FormValues,
        draft: Draft | None = None,
    ) -> http.Response:
        rules = self.book(actor).projects
        code = form.value("region")
        return self.show(
            actor,
            "agency/project_form.html",
            request,
            error=form.error,
            f=form,
            view=view,
            rules=rules,
            choices=_Choices(form),
            grouped=_grouped,
            region=(await self.services.catalogues.names(actor.pool, "region", [code])).get(code, code),
            top=self.book(actor).pool.region,
            choose=request.query.get("choose", "")[:1],
            draft=None if view else draft or Draft(DraftPlace("project", actor.organisation_id).path),
        )

    async def _page(
        self,
        actor: Actor,
        request: http.Request,
        view: ProjectView,
        form: FormValues = EMPTY,
        draft: Draft | None = None,
    ) -> http.Response:
        code = view.data.region
        return self.show(
            actor,
            "agency/project.html",
            request,
            error=form.error,
            f=form,
            view=view,
            region=(await self.services.catalogues.names(actor.pool, "region", [code])).get(code, code),
            wan=print_wan,
            opened=request.query.get("open", ""),
            draft=draft or Draft(DraftPlace("lot", view.id).path),
        )

    async def _asked(self, request: http.Request) -> tuple[Actor, ProjectView]:
        actor = await self.actor(request)
        return actor, await self.services.draws.project_queries.get(actor, uuid_of(request.match_info["id"], WHAT))


class _Choices:
    """Options of the rulebook, plus the form's own values that the rulebook no longer has."""

    def __init__(self, form: FormValues) -> None:
        self._form = form

    def __call__(self, name: str, options: Sequence[str]) -> list[tuple[str, str]]:
        value = self._form.value(name)
        return [(one, one) for one in (*options, *([value] if value and value not in options else []))]


def _grouped(options: Sequence[tuple[str, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Classes with their sub-classes: ``工程/公路`` becomes 公路 below 工程; a class without sub-classes has an empty
    list."""
    found: dict[str, list[tuple[str, str]]] = {}
    for value, name in options:
        group, slash, member = name.partition("/")
        found.setdefault(group if slash else "", []).append((value, member if slash else name))
    return list(found.items())


def _data(fields: Mapping[str, str]) -> ProjectData:
    """The form's values. Raises InvalidInput for a field."""
    texts: dict[str, Any] = {name: fields.get(name, "") for name in ProjectData.__dataclass_fields__}
    flags = {name: bool(fields.get(name)) for name in _FLAGS}
    return ProjectData(**{**texts, **flags, "investment": _fen(fields, "项目投资总额") or 0})


def _fen(fields: Mapping[str, str], label: str) -> int | None:
    """The value of a field in 万元; empty: None. Raises InvalidInput."""
    text = fields.get("investment", "").strip()
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):
        raise InvalidInput(
            f"{label}请填写数字，单位万元，如1200或1200.5，小数最多6位。", code="amount", field="investment"
        )
    return int(Decimal(text) * _WAN)


def print_wan(fen: int) -> str:
    """``1_200_500_000`` → ``1200.5``."""
    return f"{Decimal(fen) / _WAN:f}"


def _values(data: ProjectData) -> dict[str, str]:
    texts = {name: getattr(data, name) for name in ProjectData.__dataclass_fields__}
    flags = {name: "1" if texts[name] else "" for name in _FLAGS}
    return {**texts, **flags, "investment": print_wan(data.investment)}
