"""Queries of tender projects (招标项目) and their lots (标段)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.errors import Forbidden, InvalidInput, NotFound
from models.draws import Draw, DrawLot
from models.projects import Lot, Project
from services.core.base import Actor, Deps, Page, rows
from services.core.crypto import PHONE
from services.core.pages import contains, read_page
from services.core.permissions import BY_AGENCY, OF_AGENT, check
from services.core.short_texts import check_text
from services.core.sql_values import SqlValues
from services.draws.projects.project_rules import ProjectData
from services.organisations import is_credit_code

PAGE_MAX = 100


@dataclass(frozen=True)
class LotView:
    """`draw_id` and `draw_number`: the draw that holds the lot, if any. `numbers`: all draws of it, oldest first,
    including a redraw beside its original; `names`: their names. `editable` false: it was in a draw, even a terminated
    one."""

    id: UUID
    name: str
    number: str
    investment: int
    draw_id: UUID | None
    draw_number: str
    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    editable: bool = True


@dataclass(frozen=True)
class ProjectView:
    """A project with the values of its form. ``editable`` false: a draw is linked. Without lots the project is one lot.

    ``drawable``: it, or one of its lots, is held by no draw.
    """

    id: UUID
    data: ProjectData
    created_at: datetime
    editable: bool
    lots: tuple[LotView, ...]
    drawable: bool = True


@dataclass(frozen=True)
class ProjectLine:
    """`lots` and `draws` are counts."""

    id: UUID
    name: str
    number: str
    tenderee_name: str
    created_at: datetime
    lots: int
    draws: int


@dataclass(frozen=True)
class Parties:
    """Agency and contact in a project's form."""

    agency_name: str
    agency_code: str
    contact: str
    contact_phone: str


_LINE = """
j.id, j.name, j.number, j.tenderee_name, j.created_at, (SELECT count(*) FROM lot l WHERE l.project_id = j.id) AS lots,
  (SELECT count(*) FROM draw d WHERE d.project_id = j.id) AS draws
"""
_LAST_PARTIES = """
SELECT coalesce(p.agency_name, o.name) AS agency_name, coalesce(p.agency_code, o.credit_code) AS agency_code,
  coalesce(p.contact, a.real_name) AS contact, p.contact_phone_sealed AS phone, a.mobile_sealed AS mobile
  FROM organisation o JOIN account a ON a.id = $2
  LEFT JOIN LATERAL (SELECT j.agency_name, j.agency_code, j.contact, j.contact_phone_sealed FROM project j
    WHERE j.organisation_id = o.id AND j.agent_id = a.id AND j.deleted_at IS NULL
    ORDER BY j.created_at DESC, j.id DESC LIMIT 1) p ON true
 WHERE o.id = $1
"""
_DRAWN = """
SELECT l.lot_id, d.number, d.name FROM draw_lot l JOIN draw d ON d.id = l.draw_id
 WHERE l.project_id = $1 AND l.lot_id IS NOT NULL AND d.state <> 'terminated' ORDER BY d.created_at, d.number
"""


_ORDERED = """
SELECT l.lot_id, l.draw_id FROM draw_lot l JOIN draw_log e ON e.draw_id = l.draw_id AND e.act = 'seed_fixed'
 WHERE l.project_id = $1 ORDER BY e.at
"""
"""Activities that fixed an order, the newest of a lot last: only a redraw or a recall may follow."""


@dataclass(frozen=True)
class ProjectQueries:
    deps: Deps

    async def last_parties(self, actor: Actor) -> Parties:
        """Initial values of a new form: from this person's last project; for the first one the organisation and the
        person.

        Raises Forbidden where no organisation was chosen.
        """
        check(actor, "project.create")
        parties = await rows(_LAST_PARTIES, actor.organisation_id, actor.account_id)
        if not parties:
            raise no_organisation()
        row, keys = parties[0], self.deps.keys
        phone = keys.open_text(row["mobile"], "mobile") if row["phone"] is None else keys.read(row["phone"], PHONE)
        return Parties(row["agency_name"], row["agency_code"], row["contact"], phone)

    async def get(self, actor: Actor, project_id: UUID) -> ProjectView:
        """Raises NotFound for a project that the actor may not see."""
        check(actor, "project.read")
        return await self.view_of(await self.find(actor, project_id))

    async def list(self, actor: Actor, *, search: str = "", page: int = 1, size: int = 20) -> Page[ProjectLine]:
        """Newest first; ``search`` is a part of the name or the number, ``page`` counts from 1, ``size`` ≤ 100.

        An agent sees his own projects, the legal entity those of all its agents, a verifier those with a draw submitted
        at his terminal, staff of the pool all.
        """
        check(actor, "project.read")
        if not (1 <= page <= 1_000_000 and 1 <= size <= PAGE_MAX):
            raise InvalidInput(f"页码应从1开始，每页最多{PAGE_MAX}条。", field="page")
        where, values = _reach_condition(actor)
        if word := check_text(search, "search", "搜索词", 100):
            pattern = values.add(contains(word))
            where += f" AND (j.name ILIKE {pattern} OR j.number ILIKE {pattern})"
        projects, total = await read_page(
            _LINE,
            "j",
            f"project j WHERE {where}",
            "j.created_at DESC, j.id DESC",
            values,
            offset=(page - 1) * size,
            limit=size,
        )
        names = ProjectLine.__dataclass_fields__
        return Page(tuple(ProjectLine(**{name: row[name] for name in names}) for row in projects), total)

    async def find(self, actor: Actor, project_id: UUID, *, lock: str = "") -> Project:
        where, values = _reach_condition(actor)
        sql = f"SELECT j.id FROM project j WHERE {where} AND j.id = {values.add(project_id)} {lock}"
        if not await rows(sql, *values):
            raise _unknown_project()
        return await Project.get(id=project_id)

    async def view_of(self, project: Project) -> ProjectView:
        lots = await Lot.filter(project_id=project.id).order_by("position", "id")
        held = await DrawLot.filter(project_id=project.id).select_related("draw")
        draws = {row.draw_id: row.draw for row in held}
        owners = {row["lot_id"]: draws[row["draw_id"]] for row in await rows(_ORDERED, project.id)}
        owners |= {row.lot_id: row.draw for row in held if row.live}
        linked = {row.lot_id for row in held}
        drawn = await rows(_DRAWN, project.id)
        views = tuple(
            _lot_view(lot, owners.get(lot.id), [row for row in drawn if row["lot_id"] == lot.id], lot.id not in linked)
            for lot in lots
        )
        names = {field.name for field in fields(ProjectData)} - {"internal_code", "contact_phone"}
        data = ProjectData(
            contact_phone=self.deps.keys.read(project.contact_phone_sealed, PHONE),
            internal_code=not is_credit_code(project.tenderee_code),
            **{name: getattr(project, name) for name in names},
        )
        free = any(lot.draw_id is None for lot in views) if views else None not in owners
        return ProjectView(project.id, data, project.created_at, not await is_linked(project.id), views, free)


def _reach_condition(actor: Actor) -> tuple[str, SqlValues]:
    """SQL condition, with its values, for the projects (``j``) that this actor may see."""
    values = SqlValues(actor.pool)
    where = "j.pool = $1 AND j.deleted_at IS NULL"
    if actor.role == "verifier" and actor.scope:
        submitted = "SELECT d.project_id FROM draw d JOIN draw_application a ON a.draw_id = d.id WHERE a.terminal ="
        where += f" AND j.id IN ({submitted} {values.add(actor.scope)})"
    elif actor.role in BY_AGENCY:
        where += f" AND j.organisation_id = {values.add(actor.organisation_id)}"
        if actor.role in OF_AGENT:
            where += f" AND j.agent_id = {values.add(actor.account_id)}"
    return where, values


async def is_linked(project_id: UUID) -> bool:
    return await Draw.exists(project_id=project_id) or await DrawLot.exists(project_id=project_id)


def _lot_view(lot: Lot, draw: Draw | None, drawn: Sequence[Mapping[str, Any]], editable: bool) -> LotView:
    return LotView(
        lot.id,
        lot.name,
        lot.number,
        lot.investment,
        draw.id if draw else None,
        draw.number if draw else "",
        tuple(row["number"] for row in drawn),
        tuple(row["name"] for row in drawn),
        editable,
    )


def no_organisation() -> Forbidden:
    return Forbidden("请先选择要代表的企业。", code="organisation_not_chosen")


def _unknown_project() -> NotFound:
    return NotFound("找不到这个项目，请刷新列表后重试。")
