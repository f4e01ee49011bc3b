"""``/agency/projects``: tender projects and their lots: search, create, change, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Annotated, ClassVar

import aiohttp.web as http

from domain.typed_text import half_width
from services.draws import LotData, ProjectData, ProjectView
from web.agency.base import KEPT, AgencyPart, Draft, DraftPlace
from web.core.form_values import FormValues
from web.core.pages import Choice, Listed, Redirect, Visit, Wanted, Word, list_page, page

WHAT = "这个项目"
_LOT = "这个标段"
_WAN = 1_000_000
"""Fen per 万元."""
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_FLAGS = ("on_site", "internal_code")


@dataclass(frozen=True)
class _Wan:
    """An amount in 万元, as fen. An empty field is 0 and what is no amount -1, which the service refuses together with
    the other faults of the form."""

    def read(self, sent: Mapping[str, str], name: str) -> int:
        text = half_width(sent.get(name, ""))
        if text and not _AMOUNT.fullmatch(text):
            return -1
        return int(Decimal(text or "0") * _WAN)


@dataclass(frozen=True)
class _Project(ProjectData):
    investment: Annotated[int, _Wan()]


@dataclass(frozen=True)
class _Lot(LotData):
    investment: Annotated[int, _Wan()] = 0


class ProjectPages(AgencyPart):
    here = "projects"
    notes: ClassVar[Mapping[str, str]] = KEPT

    @list_page("/agency/projects", "agency/projects.html", q=Word(), choose=Choice(("1",)))
    async def projects(self, visit: Visit, wanted: Wanted) -> Listed:
        """With ``?choose=1`` a project is chosen for a new draw."""
        listed = await self.services.draws.project_queries.list(
            visit.actor, search=wanted["q"], page=wanted.page, size=wanted.size
        )
        return Listed(listed, {"search": wanted["q"], "choose": wanted["choose"] == "1"})

    # ---- a new project

    @page("/agency/projects/new", "agency/project_form.html")
    async def new_project(self, visit: Visit) -> Mapping[str, object]:
        parties = asdict(await self.services.draws.project_queries.last_parties(visit.actor))
        usual = {"organisation_form": "委托招标"} | parties
        form, draft = await self.form_and_draft(visit, DraftPlace("project", visit.actor.organisation_id), usual)
        return await self._form_values(visit, form, None, draft)

    @new_project.command(_Project, note="项目已保存。没有标段的，整个项目算一个标段。")
    async def create(self, visit: Visit, form: _Project) -> Redirect:
        view = await self.services.draws.projects.create(visit.actor, form, key=visit.key)
        await self.saved(visit.actor, DraftPlace("project", visit.actor.organisation_id), visit.fields)
        choose = _chosen_flag(visit)
        return Redirect(f"/agency/projects/{view.id}" + (f"?choose={choose}" if choose else ""))

    async def _form_values(
        self, visit: Visit, form: FormValues, view: ProjectView | None, draft: Draft | None = None
    ) -> Mapping[str, object]:
        """What the form of a project gets."""
        return {
            "f": form,
            "view": view,
            "rules": self.book(visit.actor).projects,
            "choices": _Choices(form),
            "grouped": _group_options,
            "region": await self._region(visit, form.value("region")),
            "top": self.book(visit.actor).pool.region,
            "choose": _chosen_flag(visit),
            "draft": draft,
        }

    async def _region(self, visit: Visit, code: str) -> str:
        return (await self.services.catalogues.names(visit.actor.pool, "region", [code])).get(code, code)

    # ---- a project and its lots

    @page("/agency/projects/{id}", "agency/project.html")
    async def project(self, visit: Visit) -> Mapping[str, object] | http.Response:
        """With ``?edit=1`` the form."""
        view = await self.services.draws.project_queries.get(visit.actor, visit.id(WHAT))
        edited = visit.form.value("command") == "save" or visit.query("edit")
        if edited and view.editable:
            return await self._edit(visit, view)
        form, draft = await self.form_and_draft(visit, DraftPlace("lot", view.id))
        if draft.values:
            form = FormValues({**draft.values, "command": "lot"})
        region = await self._region(visit, view.data.region)
        values = {"view": view, "region": region, "wan": print_wan, "opened": visit.query("open")}
        return {"f": form, "draft": draft, **values}

    async def _edit(self, visit: Visit, view: ProjectView) -> http.Response:
        form = visit.form if visit.fields else FormValues(_stored_values(view.data))
        values = await self._form_values(visit, form, view)
        return self.show(visit.actor, "agency/project_form.html", visit.request, error=form.error, **values)

    @project.command(_Project, "save", note="已保存。")
    async def save(self, visit: Visit, form: _Project) -> None:
        await self.services.draws.projects.edit(visit.actor, visit.id(WHAT), form, key=visit.key)

    @project.command(name="delete", note="项目已删除。")
    async def delete(self, visit: Visit) -> Redirect:
        await self.services.draws.projects.delete(visit.actor, visit.id(WHAT))
        return Redirect("/agency/projects")

    @project.command(_Lot, "lot", note="标段已保存。")
    async def save_lot(self, visit: Visit, form: _Lot) -> None:
        """A lot is added, or changed where ``id`` names one."""
        projects, project_id = self.services.draws.projects, visit.id(WHAT)
        if visit.form.row:
            await projects.edit_lot(visit.actor, project_id, visit.row_id(_LOT), form)
            return
        await projects.add_lot(visit.actor, project_id, form, key=visit.key)
        await self.saved(visit.actor, DraftPlace("lot", project_id), visit.fields)

    @project.command(name="lot-gone", note="标段已删除。")
    async def delete_lot(self, visit: Visit) -> None:
        await self.services.draws.projects.delete_lot(visit.actor, visit.id(WHAT), visit.row_id(_LOT))


class _Choices:
    """Options of the rulebook, plus the form's own values that the rulebook no longer has."""

    def __init__(self, form: FormValues) -> None:
        self._form = form

    def __call__(self, name: str, options: Sequence[str]) -> list[tuple[str, str]]:
        value = self._form.value(name)
        return [(option, option) for option in (*options, *([value] if value and value not in options else []))]


def _group_options(options: Sequence[tuple[str, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Classes with their sub-classes: ``工程/公路`` becomes 公路 below 工程; a class without sub-classes has an empty
    list."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for value, name in options:
        group, slash, member = name.partition("/")
        groups.setdefault(group if slash else "", []).append((value, member if slash else name))
    return list(groups.items())


def _chosen_flag(visit: Visit) -> str:
    """Whether the project is chosen for a new draw: 1, or empty."""
    return visit.query("choose", 1)


def print_wan(fen: int) -> str:
    """``1_200_500_000`` → ``1200.5``."""
    return f"{Decimal(fen) / _WAN:f}"


def _stored_values(data: ProjectData) -> dict[str, str]:
    values = asdict(data)
    flags = {name: "1" if values[name] else "" for name in _FLAGS}
    return {**values, **flags, "investment": print_wan(data.investment)}
