"""A new draw with the data of an earlier one (复制上次), moved to future days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from models.draws import AvoidedDraw, CallNotice, Condition, Draw, RecusalPerson, RecusalUnit, Supervisor
from services.core.base import Actor, Deps
from services.core.crypto import PHONE
from services.core.idempotency import once
from services.draws.access import DrawAccess
from services.draws.setup.draw_setup import DrawSetup
from services.draws.setup.forms import CallNoticeForm, ConditionForm, DrawForm

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DrawCopies:
    deps: Deps
    access: DrawAccess
    setup: DrawSetup

    async def copy(
        self,
        actor: Actor,
        draw_id: UUID,
        project_id: UUID,
        lots: Sequence[UUID],
        name: str,
        *,
        key: str | None = None,
    ) -> UUID:
        """A new draw of a project with supervisors, recusals, notices and conditions of an earlier one.

        Times keep their hour and move by whole days until the gathering lies ahead. Values that have left the catalogue
        or the register meanwhile are refused as if typed. Repeated with one ``key``, it is created once.

        Raises NotFound, InvalidInput, RuleViolation, Conflict.
        """

        async def run() -> UUID:
            old = await self.access.get(actor, draw_id)
            notices = await CallNotice.filter(draw_id=old.id).order_by("position")
            later = self._shift(old, notices)
            form = await self._form(old, later)
            new = await self.setup.create(actor, replace(form, project_id=project_id, lots=tuple(lots), name=name))
            await copy_recusals(old.id, new)
            await self._copy_conditions(actor, old.id, new, notices, later)
            return new

        owner, request = f"draw.copy:{actor.account_id}", f"{draw_id} {project_id} {lots} {name}"
        return await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=request)

    def _shift(self, old: Draw, notices: Sequence[CallNotice]) -> timedelta:
        """Number of days by which calling can still begin before the first gathering."""
        lead = self.deps.book(old.pool).draw.calling.stop_before_gathering
        first = min([old.starts_at, *(call_notice.gathering_at for call_notice in notices)])
        behind = self.deps.now() + lead - first
        return max(_DAY * 0, _DAY * (behind // _DAY + 1))

    async def _form(self, old: Draw, later: timedelta) -> DrawForm:
        keys = self.deps.keys
        chosen = await Supervisor.filter(draw_id=old.id)
        return DrawForm(
            project_id=old.project_id,
            lots=(),
            name=old.name,
            medium=old.medium,
            opening_at=old.opening_at + later,
            opening_place=old.opening_place,
            needed=old.needed,
            starts_at=old.starts_at + later,
            ends_at=old.ends_at + later,
            on_site=old.on_site,
            operator_name=old.operator_name,
            operator_phone=keys.read(old.operator_phone_sealed, PHONE),
            operator_id_number=keys.read(old.operator_id_sealed, "id_number"),
            supervisors=tuple(supervisor.entry_id for supervisor in chosen),
            avoided_draws=await _finished_avoided(old.id),
            remark=old.remark,
        )

    async def _copy_conditions(
        self, actor: Actor, old_id: UUID, new_id: UUID, notices: Sequence[CallNotice], later: timedelta
    ) -> None:
        copied = {
            call_notice.id: await self.setup.add_call_notice(actor, new_id, self._notice_form(call_notice, later))
            for call_notice in notices
        }
        for condition in await Condition.filter(draw_id=old_id).order_by("position"):
            await self.setup.add_condition(actor, new_id, condition_form_of(condition, copied[condition.notice_id]))

    def _notice_form(self, call_notice: CallNotice, later: timedelta) -> CallNoticeForm:
        at: datetime = call_notice.gathering_at + later
        phone = self.deps.keys.read(call_notice.contact_phone_sealed, PHONE)
        return CallNoticeForm(
            call_notice.venue, call_notice.address, at, call_notice.contact, phone, call_notice.room, call_notice.remark
        )


async def _finished_avoided(draw_id: UUID) -> tuple[UUID, ...]:
    """Without draws that were never drawn, which only their own redraw recuses."""
    avoided_draws = AvoidedDraw.filter(draw_id=draw_id, earlier__finished_at__isnull=False).order_by("id")
    return tuple([avoided.earlier_id async for avoided in avoided_draws])


def condition_form_of(condition: Condition, notice_id: UUID) -> ConditionForm:
    """A form with the values of this condition."""
    return ConditionForm(
        notice_id,
        condition.region_mode,
        tuple(condition.regions),
        condition.specialty,
        condition.planned,
        condition.alternative,
        condition.title_level,
        condition.qualification,
        condition.department,
        condition.emergency,
    )


async def copy_recusals(old_id: UUID, new_id: UUID) -> None:
    """Tenderee and agency come from the new project; a unit equal to one of them is not copied."""
    fixed = {unit.name for unit in await RecusalUnit.filter(draw_id=new_id)}
    for unit in await RecusalUnit.filter(draw_id=old_id, fixed=False).exclude(name__in=fixed):
        await RecusalUnit.create(
            draw_id=new_id, name=unit.name, credit_code=unit.credit_code, reason=unit.reason, evidence=unit.evidence
        )
    for person in await RecusalPerson.filter(draw_id=old_id):
        await RecusalPerson.create(
            draw_id=new_id,
            name=person.name,
            id_number_hash=person.id_number_hash,
            unit_name=person.unit_name,
            reason=person.reason,
            evidence=person.evidence,
        )
