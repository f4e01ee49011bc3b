"""Tender projects (招标项目) and their lots (标段)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from uuid import UUID

from tortoise.expressions import Q

from domain.draws.lifecycles import OVER
from domain.errors import Conflict, NotFound, RuleViolation
from models.draws import Draw, DrawLot, Round
from models.projects import Lot, Project
from services.core.base import Actor, Deps, record, transaction
from services.core.crypto import PHONE
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.draws.projects.project_queries import LotView, ProjectQueries, ProjectView, is_linked, no_organisation
from services.draws.projects.project_rules import LotData, ProjectData, check_lot, check_project


@dataclass(frozen=True)
class Projects:
    deps: Deps
    queries: ProjectQueries

    async def create(self, actor: Actor, data: ProjectData, *, key: str | None = None) -> ProjectView:
        """Raises InvalidInput or RuleViolation that names the field."""
        check(actor, "project.create")
        if actor.organisation_id is None or actor.account_id is None:
            raise no_organisation()
        clean = await check_project(self.deps.book(actor.pool), actor.pool, data)
        now = self.deps.now()

        async def run() -> ProjectView:
            project = Project(
                pool=actor.pool,
                organisation_id=actor.organisation_id,
                agent_id=actor.account_id,
                created_at=now,
                **self._columns(clean),
            )
            await _check_number_free(project)
            await project.save(force_create=True)
            await record(actor, now, "project.create", "project", project.id)
            return await self.queries.view_of(project)

        return await once(
            owner=f"project.create:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=ProjectView,
            run=run,
            request=repr(data),
        )

    async def edit(self, actor: Actor, project_id: UUID, data: ProjectData, *, key: str | None = None) -> ProjectView:
        """Replace the form. Raises Conflict once a draw is linked."""
        check(actor, "project.edit")
        clean = await check_project(
            self.deps.book(actor.pool), actor.pool, data, (await self.queries.get(actor, project_id)).data
        )
        now = self.deps.now()

        async def run() -> ProjectView:
            project = await self._lock_project(actor, project_id)
            if await is_linked(project_id):
                raise Conflict("该项目已发起抽取，项目信息不能再修改。", code="project_read_only")
            project.update_from_dict(self._columns(clean))
            await _check_number_free(project)
            await project.save()
            await record(actor, now, "project.edit", "project", project_id)
            return await self.queries.view_of(project)

        return await once(
            owner=f"project.edit:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=ProjectView,
            run=run,
            request=f"{project_id} {data!r}",
        )

    async def delete(self, actor: Actor, project_id: UUID) -> None:
        """Delete a project without draws. Raises NotFound when repeated."""
        check(actor, "project.delete")
        now = self.deps.now()
        async with transaction():
            project = await self._lock_project(actor, project_id)
            if await is_linked(project_id):
                raise Conflict("该项目已发起抽取，不能删除。", code="project_has_draws")
            project.deleted_at = now
            await project.save(update_fields=["deleted_at"])
            await record(actor, now, "project.delete", "project", project_id)

    async def add_lot(self, actor: Actor, project_id: UUID, data: LotData, *, key: str | None = None) -> LotView:
        """Raises Conflict where the lot would begin without the history of what was drawn, RuleViolation beyond the
        rulebook's number."""
        check(actor, "project.edit")
        clean = check_lot(data)
        now, book = self.deps.now(), self.deps.book(actor.pool)

        async def run() -> LotView:
            await self._lock_project(actor, project_id)
            await _check_history_free(project_id)
            positions = [lot.position for lot in await Lot.filter(project_id=project_id)]
            if len(positions) >= book.projects.lots_max:
                raise RuleViolation(
                    f"一个项目最多{book.projects.lots_max}个标段。",
                    rule="projects.lots_max",
                    source=book.source("projects.lots_max"),
                )
            await _check_name_free(project_id, clean.name)
            lot = await Lot.create(
                project_id=project_id,
                name=clean.name,
                number=clean.number,
                investment=clean.investment,
                position=max(positions, default=0) + 1,
            )
            await record(actor, now, "lot.create", "project", project_id, lot=str(lot.id))
            return LotView(lot.id, lot.name, lot.number, lot.investment, None, "")

        return await once(
            owner=f"lot.create:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=LotView,
            run=run,
            request=f"{project_id} {data!r}",
        )

    async def edit_lot(self, actor: Actor, project_id: UUID, lot_id: UUID, data: LotData) -> LotView:
        """Raises Conflict for a lot that belongs to a draw."""
        check(actor, "project.edit")
        clean = check_lot(data)
        async with transaction():
            lot = await self._lock_free_lot(actor, project_id, lot_id)
            await _check_name_free(project_id, clean.name, but=lot_id)
            lot.name, lot.number, lot.investment = clean.name, clean.number, clean.investment
            await lot.save(update_fields=["name", "number", "investment"])
            await record(actor, self.deps.now(), "lot.edit", "project", project_id, lot=str(lot_id))
            return LotView(lot.id, lot.name, lot.number, lot.investment, None, "")

    async def delete_lot(self, actor: Actor, project_id: UUID, lot_id: UUID) -> None:
        """Raises Conflict for a lot that belongs to a draw."""
        check(actor, "project.edit")
        async with transaction():
            lot = await self._lock_free_lot(actor, project_id, lot_id)
            await lot.delete()
            await record(actor, self.deps.now(), "lot.delete", "project", project_id, lot=str(lot_id))

    async def _lock_project(self, actor: Actor, project_id: UUID) -> Project:
        return await self.queries.find(actor, project_id, lock="FOR UPDATE")

    async def _lock_free_lot(self, actor: Actor, project_id: UUID, lot_id: UUID) -> Lot:
        await self._lock_project(actor, project_id)
        lot = await Lot.select_for_update().get_or_none(id=lot_id, project_id=project_id)
        if lot is None:
            raise NotFound("找不到这个标段，请刷新后重试。")
        if await DrawLot.exists(lot_id=lot_id):
            raise Conflict("该标段已发起抽取，不能修改或删除。", code="lot_drawn")
        return lot

    def _columns(self, data: ProjectData) -> dict[str, str | int]:
        plain_fields = {f.name for f in fields(data)} - {"internal_code", "contact_phone"}
        sealed = self.deps.keys.seal(data.contact_phone, PHONE) if data.contact_phone else ""
        return {"contact_phone_sealed": sealed} | {name: getattr(data, name) for name in plain_fields}


async def _check_history_free(project_id: UUID) -> None:
    """A lot that is added once an order may have been known would begin without its history. Raises Conflict."""
    whole = Draw.filter(project_id=project_id, lots__lot_id=None)
    if await whole.filter(Q(log_length__gt=0) | ~Q(state__in=list(OVER))).exists():
        raise Conflict("该项目已作为一个标段发起抽取，不能再新增标段。", code="project_is_lot")
    if await Round.filter(draw__project_id=project_id).exists():
        message = "该项目已开始摇号，不能再新增标段；确有遗漏的标段，请另建招标项目办理。"
        raise Conflict(message, code="lots_fixed")


async def _check_number_free(project: Project) -> None:
    """Raises Conflict where the organisation has another project of this number: what was drawn for a lot is known of
    its own project only."""
    if not project.number:
        return
    await advisory_lock(f"project_number:{project.organisation_id}:{project.number}")
    same = Project.filter(organisation_id=project.organisation_id, number=project.number, deleted_at=None)
    other = await same.exclude(id=project.id).first()
    if other is not None:
        raise Conflict(
            f"本单位已有编号为{project.number}的项目“{other.name}”，请打开它办理，不要重复新建。",
            code="project_number_taken",
            field="number",
            params={"project_id": str(other.id)},
        )


async def _check_name_free(project_id: UUID, name: str, but: UUID | None = None) -> None:
    if await Lot.filter(project_id=project_id, name=name).exclude(id=but).exists():
        raise Conflict("该项目已有同名标段，请换一个名称。", code="lot_name_taken")
