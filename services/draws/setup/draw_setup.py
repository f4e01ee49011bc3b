"""Setting a draw up: basic data, supervisors, notices, conditions, and submission for verification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.clock import local
from domain.draws.lifecycles import DrawEvent, DrawState
from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.person_names import spell_name
from models.draws import (
    AvoidedDraw,
    CallNotice,
    Condition,
    Draw,
    DrawApplication,
    DrawLot,
    DrawNumber,
    RecalledExpert,
    RecusalPerson,
    RecusalUnit,
    Supervisor,
)
from models.organisations import Organisation
from models.projects import Lot, Project
from services.core import permissions
from services.core.base import Actor, record, transaction
from services.core.idempotency import once
from services.core.limits import check_repeats
from services.draws.draw_notices import notify_verifiers
from services.draws.locks import Locked, lock_editable, lock_own_draw, move
from services.draws.lot_histories import check_history
from services.draws.lot_holding import check_lots
from services.draws.projects.project_rules import check_on_site
from services.draws.recall_rules import check_same_day, shifted_gathering_time
from services.draws.scopes import find_avoided
from services.draws.setup.attachments import attached_name
from services.draws.setup.call_notices_and_conditions import CallNoticesAndConditions, check_in_force
from services.draws.setup.daily_limits import count_use
from services.draws.setup.form_versions import check_version, read_basic_version
from services.draws.setup.forms import (
    DrawForm,
    DrawTimes,
    check_counts,
    check_draw_form,
    check_emergency,
    check_notice_texts,
)
from services.draws.setup.operators import Operators
from services.draws.setup.recusal_lists import recuse_parties
from services.draws.supervisor_choice import check_supervisors, choose_supervisors, find_supervisors
from services.notifications import Notices

_PARTS = (RecalledExpert, Condition, CallNotice, RecusalUnit, RecusalPerson, Supervisor, AvoidedDraw, DrawLot)
"""Tables whose rows are deleted with a draft."""


@dataclass(frozen=True)
class Origin:
    """``kind`` of a new draw, and the original of a redraw or recall."""

    kind: Literal["normal", "redraw", "recall"] = "normal"
    draw_id: UUID | None = None


FRESH = Origin()
_SUPERVISORS_OPEN = (
    DrawState.EDITING,
    DrawState.REFUSED,
    DrawState.SUBMITTED,
    DrawState.VERIFIED,
    DrawState.SHORT,
    DrawState.SUPPLEMENT_PENDING,
)
"""States in which supervisors may change: no order is being fixed, but one may still be."""


@dataclass(frozen=True)
class DrawSetup(CallNoticesAndConditions):
    notices: Notices
    operators: Operators

    # ---- basic data

    async def create(self, actor: Actor, form: DrawForm, *, origin: Origin = FRESH, key: str | None = None) -> UUID:
        """A new draw in state 新建; tenderee and agency are recused automatically.

        Repeated with one ``key``, it is created once.
        """
        permissions.check(actor, "draw.create")
        typed, now, book = form, self.deps.now(), self.deps.book(actor.pool)

        async def run() -> UUID:
            project = await self._lock_project(actor, typed.project_id)
            draw = Draw(
                pool=actor.pool,
                kind=origin.kind,
                original_id=origin.draw_id,
                project_id=project.id,
                organisation_id=actor.organisation_id,
                agent_id=actor.account_id,
                created_at=now,
            )
            form, times = await self._check_form(actor, typed, now, draw, is_new=True)
            await self._count_draft(project, now)
            draw.number = await self._next_number(actor.pool, getattr(book.draw.numbers, origin.kind), now)
            self._fill_draw(draw, form, times)
            await draw.save()
            await self._replace_parts(draw, form)
            await recuse_parties(draw, project)
            await record(actor, now, "draw.created", "draw", draw.id, number=draw.number, kind=draw.kind)
            return draw.id

        owner = f"draw.create:{actor.account_id}"
        return await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=repr(form))

    async def _check_form(
        self, actor: Actor, typed: DrawForm, now: datetime, draw: Draw, *, is_new: bool
    ) -> tuple[DrawForm, DrawTimes]:
        """The form with the operator's ID number, and its times. A new ``draw`` is not filled in yet.

        Raises InvalidInput, RuleViolation.
        """
        book, form, faults = self.deps.book(actor.pool), typed, Faults()
        with faults.part():
            form = await self.operators.complete(actor, typed, None if is_new else draw)
        supervised, closes = not is_new or draw.original_id is None, draw.kind == "redraw"
        times = faults.check(check_draw_form, form, book, now, supervised=supervised, closes=closes)
        with faults.part():
            await find_supervisors(draw, form.supervisors)
        with faults.part():
            await _check_lots_chosen(form)
        if form.on_site:
            faults.check(check_on_site, book, (await self._lock_project(actor, form.project_id)).number)
        faults.raise_any()
        return form, times

    async def _count_draft(self, project: Project, now: datetime) -> None:
        """Drafts are counted, including deleted ones, since each allows previews of its own."""
        limits = self.deps.book(project.pool).draw.drafts
        for subject, limit, whose in (
            (project.id, limits.per_project_day, "本项目"),
            (project.organisation_id, limits.per_organisation_day, "本单位"),
        ):
            message = f"{whose}今天新建的抽取活动已达{limit}个，请使用已有的活动，或明天再新建。"
            await count_use("draft", subject, now, limit, message)

    async def edit(
        self, actor: Actor, draw_id: UUID, form: DrawForm, *, version: str = "", key: str | None = None
    ) -> None:
        """Change the basic data before submission, or after a refusal.

        ``version``: the version that the form was filled from. Raises Conflict, InvalidInput, RuleViolation.
        """
        permissions.check(actor, "draw.edit")
        typed, now = form, self.deps.now()

        async def run() -> UUID:
            locked = await lock_editable(actor, draw_id)
            if typed.project_id != locked.draw.project_id:
                raise InvalidInput("抽取活动不能更换招标项目，请新建抽取。", field="project_id")
            recalled = locked.draw.kind == "recall"
            completed = await self._recalled_form(locked.draw, typed) if recalled else typed
            form, times = await self._check_form(actor, completed, now, locked.draw, is_new=False)
            check_version(version, await read_basic_version(locked.draw))
            before = locked.draw.starts_at
            self._fill_draw(locked.draw, form, times)
            await locked.draw.save()
            await self._replace_parts(locked.draw, form)
            await self._move_recall_gatherings(locked.draw, before)
            await record(actor, now, "draw.edited", "draw", draw_id)
            return draw_id

        owner, request = f"draw.edit:{actor.account_id}", f"{draw_id} {form!r}"
        await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=request)

    async def _recalled_form(self, draw: Draw, form: DrawForm) -> DrawForm:
        """Panel, lots and avoided draws of a recall are those of its original."""
        lots = await DrawLot.filter(draw_id=draw.id, lot_id__isnull=False)
        return replace(
            form,
            needed=draw.needed,
            lots=tuple(lot.lot_id for lot in lots if lot.lot_id),
            avoided_draws=await find_avoided(draw.id),
        )

    async def _move_recall_gatherings(self, draw: Draw, before: datetime) -> None:
        """Recalled experts gather on the day of the evaluation: copied notices move with it."""
        if draw.kind != "recall":
            return
        for call_notice in await CallNotice.filter(draw_id=draw.id):
            call_notice.gathering_at = shifted_gathering_time(
                draw.starts_at, earlier_start=before, earlier_gathering=call_notice.gathering_at
            )
            await call_notice.save(update_fields=["gathering_at"])
        await self._note_first_gathering(draw)

    async def change_supervisors(self, actor: Actor, draw_id: UUID, chosen: Sequence[UUID]) -> None:
        """Choose other supervisors from the register, also after verification: one may leave the register or fall ill.

        Once submitted, new, former and remaining supervisors and the verifiers are notified. Raises Conflict while an
        order is being fixed or followed.
        """
        permissions.check(actor, "draw.edit")
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            if locked.state not in _SUPERVISORS_OPEN:
                raise Conflict(f"活动{locked.state.label}，现在不能更换监督人。", code="supervisors_fixed")
            if not chosen and "supervisors" in self.deps.book(actor.pool).draw.required:
                raise InvalidInput("请至少选择一位监督人。", field="supervisors")
            before, now = await self.parties.supervisors_of(locked.draw), self.deps.now()
            await check_repeats("draw", draw_id, ("draw.supervisors_changed",), now)
            await choose_supervisors(locked.draw, chosen)
            await record(actor, now, "draw.supervisors_changed", "draw", draw_id, count=len(set(chosen)))
            if locked.state not in (DrawState.EDITING, DrawState.REFUSED):
                by, occasion = actor.account_id, str(now.timestamp())
                await self.parties.notify_supervisors_changed(locked.draw, before, by=by, occasion=occasion)

    async def delete(self, actor: Actor, draw_id: UUID) -> None:
        """Delete a draw that was never submitted."""
        permissions.check(actor, "draw.edit")
        async with transaction():
            locked = await lock_editable(actor, draw_id)
            if await DrawApplication.exists(draw_id=draw_id):
                raise Conflict("已提交过审核的活动不能删除。", code="was_submitted")
            for part in _PARTS:
                await part.filter(draw_id=draw_id).delete()
            await record(actor, self.deps.now(), "draw.deleted", "draw", draw_id, number=locked.draw.number)
            await locked.draw.delete()

    def _fill_draw(self, draw: Draw, form: DrawForm, times: DrawTimes) -> None:
        draw.name, draw.medium, draw.remark = form.name.strip(), form.medium.strip(), form.remark.strip()
        draw.opening_at, draw.opening_place = times.opening_at, form.opening_place.strip()
        draw.bid_closing_at = form.bid_closing_at
        draw.starts_at, draw.ends_at = times.starts_at, times.ends_at
        draw.needed, draw.on_site = form.needed, form.on_site
        draw.operator_name = spell_name(form.operator_name)
        draw.operator_phone_sealed = self.deps.keys.seal(form.operator_phone.strip(), "phone")
        draw.operator_id_sealed = self.deps.keys.seal(form.operator_id_number, "id_number")

    async def _lock_project(self, actor: Actor, project_id: UUID) -> Project:
        project = await Project.select_for_update().get_or_none(
            id=project_id, pool=actor.pool, organisation_id=actor.organisation_id, deleted_at=None
        )
        if project is None:
            raise NotFound("找不到这个招标项目，请从列表中选择。")
        return project

    async def _next_number(self, pool: str, prefix: str, now: datetime) -> str:
        """Prefix, day, serial: CQSQ202611210001."""
        day = f"{local(now):%Y%m%d}"
        await DrawNumber.get_or_create(pool=pool, prefix=prefix, day=day)
        counter = await DrawNumber.select_for_update().get(pool=pool, prefix=prefix, day=day)
        digits = self.deps.book(pool).draw.numbers.serial_digits
        if counter.used >= 10**digits - 1:
            raise Conflict(f"今天的活动编号已用到{counter.used}，请明天再新建抽取。", code="numbers_used_up")
        counter.used += 1
        await counter.save(update_fields=["used"])
        return f"{prefix}{day}{counter.used:0{digits}}"

    async def _replace_parts(self, draw: Draw, form: DrawForm) -> None:
        recused = await self._replace_lots(draw, form.lots)
        await choose_supervisors(draw, form.supervisors)
        known = {*await find_avoided(draw.id), *(await find_avoided(draw.original_id) if draw.original_id else ())}
        await AvoidedDraw.filter(draw_id=draw.id).delete()
        for earlier_id in recused:
            await AvoidedDraw.create(draw_id=draw.id, earlier_id=earlier_id)
        wanted = set(form.avoided_draws) - set(recused)
        earlier = await Draw.filter(id__in=list(wanted), pool=draw.pool, organisation_id=draw.organisation_id)
        if len([other for other in earlier if other.finished_at or other.id in known]) != len(wanted):
            raise InvalidInput("只能选择已抽取完成的活动作为回避来源。", field="avoided_draws")
        for other in earlier:
            await AvoidedDraw.create(draw_id=draw.id, earlier_id=other.id)

    async def _replace_lots(self, draw: Draw, wanted: Sequence[UUID]) -> Sequence[UUID]:
        """Replace the lots by ``wanted``, whose histories must allow this draw. A project without lots is one lot.

        Those of a redraw are held by the draw that it follows until it is approved, see ``lot_holding``. Returns the
        draws whose experts are recused in a redraw.
        """
        await DrawLot.filter(draw_id=draw.id).delete()
        for lot_id in list[UUID | None](wanted) or [None]:
            await DrawLot.create(draw_id=draw.id, lot_id=lot_id, project_id=draw.project_id, live=False)
        recused = await check_history(draw)
        if draw.kind != "normal":
            await check_lots(draw)
            return recused if draw.kind == "redraw" else ()
        try:
            async with transaction():
                await DrawLot.filter(draw_id=draw.id).update(live=True)
        except IntegrityError as error:
            raise Conflict("所选标段已有抽取活动，只能选择未抽取的标段。", code="lot_taken") from error
        return ()

    # ---- submission

    async def submit(self, actor: Actor, draw_id: UUID, terminal: str, reason: str, *, key: str | None = None) -> UUID:
        """Submit for verification. Raises InvalidInput when counts differ or something is missing.

        Repeated with one ``key``, it is submitted once.
        """
        permissions.check(actor, "draw.submit")

        async def run() -> UUID:
            locked = await lock_own_draw(actor, draw_id)
            now, draw = self.deps.now(), locked.draw
            attachment = await attached_name(draw_id)
            await self._check_complete(locked, terminal, attachment, now)
            await check_repeats("draw", draw_id, ("draw.submitted",), now)
            await move(draw, DrawEvent.SUBMIT)
            draw.terminal = terminal
            await draw.save(update_fields=["terminal"])
            application = await DrawApplication.create(
                draw_id=draw_id,
                kind=draw.kind,
                reason=reason.strip(),
                terminal=terminal,
                submitted_by_id=actor.account_id,
                submitted_at=now,
                attachment=attachment,
            )
            await record(actor, now, "draw.submitted", "draw", draw_id, terminal=terminal)
            if actor.role == permissions.INTEGRATOR:
                await self.parties.notify(draw, "sent_by_platform", occasion=str(application.id))
            organisation = await Organisation.get(id=draw.organisation_id)
            await notify_verifiers(
                self.notices,
                draw,
                [terminal],
                "verification_waiting",
                str(application.id),
                application=str(application.id),
                organisation=organisation.name,
            )
            return application.id

        owner, request = f"draw.submit:{actor.account_id}", f"{draw_id} {terminal} {reason}"
        return await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=request)

    async def _check_complete(self, locked: Locked, terminal: str, attachment: str, now: datetime) -> None:
        """Raises InvalidInput when counts differ or something is missing."""
        book, draw, faults = self.deps.book(locked.draw.pool), locked.draw, Faults()
        if terminal not in book.draw.terminals:
            faults.add(InvalidInput("请选择提交终端。", field="terminal"))
        faults.check(check_counts, [c.planned for c in locked.conditions], draw.needed)
        for c in locked.conditions:
            faults.check(check_emergency, c.emergency, draw.starts_at, now, book, f"抽取条件{c.position}：")
        with faults.part():
            await self._check_notices(locked, now)
        with faults.part():
            await check_in_force(draw.pool, locked.conditions, local(now).date())
        if draw.kind != "normal":
            with faults.part():
                await self._check_follower(draw, attachment)
        if draw.on_site:
            faults.check(check_on_site, book, (await Project.get(id=draw.project_id)).number)
        with faults.part():
            await check_supervisors(draw)
        faults.raise_any()
        if draw.kind != "normal":
            await check_lots(draw)
        await check_history(draw)

    async def _check_follower(self, draw: Draw, attachment: str) -> None:
        """Additional requirements of an application for a redraw or a recall: proof and supervisors."""
        faults = Faults()
        if not attachment:
            message = "请先上传证明材料（盖章的申请表等），再提交审核。"
            faults.add(InvalidInput(message, field="file", code="proof_missing"))
        if "supervisors" in self.deps.book(draw.pool).draw.required and not await Supervisor.exists(draw_id=draw.id):
            faults.add(InvalidInput("请在活动信息中从监督人名册选择监督人。", field="supervisors"))
        faults.raise_any()

    async def _check_notices(self, locked: Locked, now: datetime) -> None:
        """Check all again, since the draw's own data may have changed after them, or they come from another draw."""
        draw, book, faults = locked.draw, self.deps.book(locked.draw.pool), Faults()
        if draw.starts_at <= now:
            faults.add(InvalidInput("预计评标开始时间已过，请修改后再提交。", field="starts_at"))
        for call_notice in await CallNotice.filter(draw_id=draw.id).order_by("position"):
            if not now < call_notice.gathering_at <= draw.starts_at:
                message = "集合时间应在现在之后、评标开始之前，请修改语音通知。"
                faults.add(InvalidInput(message, field="gathering_at"))
            faults.check(check_same_day, draw, call_notice.gathering_at)
            form, where = self._stored_form(call_notice), f"请修改语音通知{call_notice.position}："
            with faults.part(where=where):
                check_notice_texts(form, book)
            with faults.part(where=where):
                await self._check_names_nobody(draw, form)
            with faults.part(where=where):
                await self._check_place(draw, form)
        faults.raise_any()

    async def withdraw(self, actor: Actor, draw_id: UUID) -> None:
        """Withdraw an application while it is not verified."""
        permissions.check(actor, "draw.withdraw")
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            await move(locked.draw, DrawEvent.WITHDRAW)
            now = self.deps.now()
            await DrawApplication.filter(draw_id=draw_id, state="submitted").update(state="withdrawn", withdrawn_at=now)
            await self.parties.notify(locked.draw, "withdrawn", by=actor.account_id, occasion=str(now.timestamp()))
            await record(actor, now, "draw.withdrawn", "draw", draw_id)


async def _check_lots_chosen(form: DrawForm) -> None:
    """Of a project with lots some are drawn. Raises InvalidInput."""
    lots: set[UUID] = {lot.id for lot in await Lot.filter(project_id=form.project_id)}
    if bool(lots) != bool(form.lots) or not set(form.lots) <= lots:
        raise InvalidInput("请勾选要抽取的标段。", field="lots")
