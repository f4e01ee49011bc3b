"""A new draw with the data of an earlier one (复制上次), moved to future days.

What belongs to the project comes from the project: its lots, whether it is on site, the recusals of its parties and of
earlier panels on the same lot. What is typed beside the button is taken before what is copied, so that every refusal
names a field that can be filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import InvalidInput, RuleViolation
from domain.rulebook.book import Rulebook
from models.draws import (
    AvoidedDraw,
    CallNotice,
    Condition,
    Draw,
    DrawLot,
    RecusalPerson,
    RecusalUnit,
    Supervisor,
    SupervisorEntry,
)
from services.core.base import Actor, Deps
from services.core.crypto import PHONE
from services.core.idempotency import once
from services.draws.access import DrawAccess
from services.draws.setup.call_notices_and_conditions import fill_condition
from services.draws.setup.draw_setup import DrawSetup
from services.draws.setup.forms import ConditionForm, DrawForm, check_requirements

_DAY = timedelta(days=1)
_OF_THE_PROJECT = frozenset({"project_id", "lots", "name", "on_site", "bid_closing_at"})
_OPERATOR = ("operator_name", "operator_phone", "operator_id_number")


@dataclass(frozen=True)
class DrawCopies:
    deps: Deps
    access: DrawAccess
    setup: DrawSetup

    async def copy(self, actor: Actor, draw_id: UUID, typed: DrawForm, *, key: str | None = None) -> UUID:
        """A new draw with what is ``typed``; what is left empty, supervisors, recusals, notices and conditions are
        those of an earlier draw.

        Times keep their hour and move by whole days until the gathering lies ahead, or as far as a typed start. Notices
        are copied as they stand: what does not fit this project is asked for before the submission. Conditions that
        the rulebook no longer permits are left out. Repeated with one ``key``, it is created once.

        Raises NotFound, InvalidInput, RuleViolation, Conflict.
        """

        async def run() -> UUID:
            old = await self.access.get(actor, draw_id)
            notices = await CallNotice.filter(draw_id=old.id).order_by("position")
            later = typed.starts_at - old.starts_at if typed.starts_at else self._shift(old, notices)
            new_id = await self.setup.create(actor, _complete(typed, await self._form(old, later)))
            await copy_recusals(old.id, new_id)
            new = await Draw.get(id=new_id)
            copied = await _copy_notices(new, notices, later)
            await _copy_conditions(old, new, copied, self.deps.book(actor.pool))
            return new_id

        owner, request = f"draw.copy:{actor.account_id}", f"{draw_id} {typed!r}"
        return await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=request)

    def _shift(self, old: Draw, notices: Sequence[CallNotice]) -> timedelta:
        """Number of days by which calling can still begin before the first gathering."""
        lead = self.deps.book(old.pool).draw.calling.stop_before_gathering
        first = min([old.starts_at, *(call_notice.gathering_at for call_notice in notices)])
        behind = self.deps.now() + lead - first
        return max(_DAY * 0, _DAY * (behind // _DAY + 1))

    async def _form(self, old: Draw, later: timedelta) -> DrawForm:
        keys = self.deps.keys
        entry_ids = await Supervisor.filter(draw_id=old.id).values_list("entry_id", flat=True)
        active = SupervisorEntry.filter(id__in=list(entry_ids), pool=old.pool, active_until=None)
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
            supervisors=tuple([entry.id async for entry in active.order_by("id")]),
            avoided_draws=await _find_chosen_avoided(old),
            remark=old.remark,
        )


def _complete(typed: DrawForm, earlier: DrawForm) -> DrawForm:
    """What is not typed is that of the earlier draw, but for what belongs to the project. An operator is one person:
    name, phone and ID number come from the same form."""
    own = _OF_THE_PROJECT | (frozenset(_OPERATOR) if typed.operator_name.strip() else frozenset())
    empty = [field.name for field in fields(typed) if field.name not in own and not getattr(typed, field.name)]
    return replace(typed, **{name: getattr(earlier, name) for name in empty})


async def _copy_notices(new: Draw, notices: Sequence[CallNotice], later: timedelta) -> dict[UUID, CallNotice]:
    """The copies, by the id of the original."""
    copied = {}
    for call_notice in notices:
        columns = {name: getattr(call_notice, name) for name in call_notice._meta.db_fields if name != "id"}
        at: datetime = call_notice.gathering_at + later
        copied[call_notice.id] = await CallNotice.create(**columns | {"draw_id": new.id, "gathering_at": at})
    new.gathering_first = min((call_notice.gathering_at for call_notice in copied.values()), default=None)
    await new.save(update_fields=["gathering_first"])
    return copied


async def _copy_conditions(old: Draw, new: Draw, notices: dict[UUID, CallNotice], book: Rulebook) -> None:
    """As far as they fit the number of experts."""
    remaining, position = new.needed, 0
    for condition in await Condition.filter(draw_id=old.id).order_by("position"):
        form = condition_form_of(condition, notices[condition.notice_id].id)
        try:
            check_requirements(form, book)
        except (InvalidInput, RuleViolation):
            continue
        if form.planned > remaining:
            continue
        remaining, position = remaining - form.planned, position + 1
        copied = Condition(draw_id=new.id, position=position)
        fill_condition(copied, form, notices[condition.notice_id])
        await copied.save()


async def _find_chosen_avoided(draw: Draw) -> tuple[UUID, ...]:
    """Earlier draws that the agency chose. Those on the same lots are recused because this draw followed them: they
    have no place on another lot. Neither have draws that were never drawn."""
    own = {lot.lot_id for lot in await DrawLot.filter(draw_id=draw.id)}
    followed = {
        lot.draw_id
        for lot in await DrawLot.filter(project_id=draw.project_id).exclude(draw_id=draw.id)
        if lot.lot_id in own
    }
    avoided_draws = AvoidedDraw.filter(draw_id=draw.id, earlier__finished_at__isnull=False).order_by("id")
    return tuple([avoided.earlier_id async for avoided in avoided_draws if avoided.earlier_id not in followed])


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
