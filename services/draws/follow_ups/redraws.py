"""Redraw (重新抽取) and recall (复评、通知原专家): new draws based on one that is over.

Both copy the original's data and start as drafts with an application of their own. A redraw is then drawn like any
other, with everyone who took part before recused; a recall has the original panel and draws no one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from domain.draws.lifecycles import OVER, DrawState, InvitationState
from domain.errors import Conflict, InvalidInput, RuleViolation
from models.draws import CallNotice, Condition, Draw, DrawLot, RecalledExpert, Round, Supervisor, SupervisorEntry
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, transaction
from services.core.crypto import PHONE
from services.core.idempotency import once
from services.draws.locks import lock_own_draw
from services.draws.lot_histories import find_rows_still_its_own
from services.draws.recall_rules import shifted_gathering_time
from services.draws.scopes import check_owner, find_avoided
from services.draws.setup.copying import condition_form_of, copy_recusals
from services.draws.setup.draw_setup import DrawSetup, Origin
from services.draws.setup.forms import CallNoticeForm, DrawForm

_REDRAWABLE = (DrawState.ENDED, DrawState.RELEASED, DrawState.TERMINATED)


@dataclass(frozen=True)
class RecallTimes:
    """When the original panel is to meet again; the experts gather on the day of the start. None: not typed."""

    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class RedrawTimes:
    """``lots`` empty: the original's lots. None: not typed."""

    opening_at: datetime | None
    bid_closing_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    lots: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class RedrawsAndRecalls:
    deps: Deps
    setup: DrawSetup

    async def find_open_follower(self, actor: Actor, draw_id: UUID) -> Draw | None:
        """The redraw or recall under way: another one can be made only when it is over. Raises NotFound."""
        check_owner(actor, await Draw.get(id=draw_id))
        return await open_followers(draw_id).first()

    async def redraw(self, actor: Actor, draw_id: UUID, times: RedrawTimes, *, key: str | None = None) -> UUID:
        """A new group for the lots of an activity that ended, was released, or was given up when its order was known.

        Experts who took part are recused. Notices and conditions are copied where still valid, for review. Repeated
        with one ``key``, it is created once. Raises Conflict, InvalidInput, RuleViolation.
        """
        permissions.check(actor, "draw.create")

        async def run() -> UUID:
            old = await self._lock_original(actor, draw_id, _REDRAWABLE, "重新抽取")
            if old.state == DrawState.TERMINATED and not await Round.filter(draw_id=old.id).exclude(seed="").exists():
                raise Conflict("活动没有确定过抽取顺序，请新建抽取活动。", code="no_order")
            form = await self._form(old, times.starts_at, times.ends_at, times.lots)
            form = replace(form, opening_at=times.opening_at, bid_closing_at=times.bid_closing_at)
            new = await self.setup.create(actor, form, origin=Origin("redraw", old.id))
            await copy_recusals(old.id, new)
            await self._copy_for_redraw(actor, old, await Draw.get(id=new))
            return new

        owner, request = f"draw.redraw:{actor.account_id}", f"{draw_id} {times!r}"
        return await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=request)

    async def recall(self, actor: Actor, draw_id: UUID, times: RecallTimes, *, key: str | None = None) -> UUID:
        """Reconvene the experts who took part at the end of an ended draw, for those of its lots that have had no other
        order since."""
        permissions.check(actor, "draw.create")

        async def run() -> UUID:
            old = await self._lock_original(actor, draw_id, (DrawState.ENDED,), "复评")
            panel = await _find_panel(old.id)
            if not panel:
                raise Conflict("该活动没有参评的专家，不能通知原专家，请重新抽取。", code="no_panel")
            form = await self._form(old, times.starts_at, times.ends_at, await _find_recallable_lots(old))
            form = replace(form, needed=len(panel))
            new = await self.setup.create(actor, form, origin=Origin("recall", old.id))
            await copy_recusals(old.id, new)
            await _copy_panel(old, await Draw.get(id=new), panel)
            return new

        owner, request = f"draw.recall:{actor.account_id}", f"{draw_id} {times!r}"
        return await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=request)

    async def _lock_original(self, actor: Actor, draw_id: UUID, states: Sequence[DrawState], what: str) -> Draw:
        """The locked original, so that nothing else is created from it meanwhile. Raises Conflict."""
        locked = await lock_own_draw(actor, draw_id)
        if locked.state not in states:
            raise Conflict(f"活动{locked.state.label}，不能{what}。", code="not_over")
        if (follower := await open_followers(draw_id).first()) is not None:
            raise Conflict(f"该活动已有办理中的活动{follower.number}，请先办完或终止后再{what}。", code="follower_open")
        return locked.draw

    async def _form(
        self, old: Draw, starts_at: datetime | None, ends_at: datetime | None, lots: tuple[UUID, ...]
    ) -> DrawForm:
        keys = self.deps.keys
        lots_of_old = DrawLot.filter(draw_id=old.id, lot_id__isnull=False).order_by("id")
        entry_ids = await Supervisor.filter(draw_id=old.id).values_list("entry_id", flat=True)
        active = SupervisorEntry.filter(id__in=list(entry_ids), pool=old.pool, active_until=None)
        return DrawForm(
            project_id=old.project_id,
            lots=lots or tuple([lot.lot_id async for lot in lots_of_old if lot.lot_id is not None]),
            name=old.name,
            medium=old.medium,
            opening_at=old.opening_at,
            opening_place=old.opening_place,
            needed=old.needed,
            starts_at=starts_at,
            ends_at=ends_at,
            on_site=old.on_site,
            operator_name=old.operator_name,
            operator_phone=keys.read(old.operator_phone_sealed, PHONE),
            operator_id_number=keys.read(old.operator_id_sealed, "id_number"),
            supervisors=tuple([entry.id async for entry in active.order_by("id")]),
            avoided_draws=await find_avoided(old.id),
            remark=old.remark,
            bid_closing_at=old.bid_closing_at,
        )

    async def _copy_for_redraw(self, actor: Actor, old: Draw, new: Draw) -> None:
        """Values that the catalogues or the rulebook no longer accept are left out: the wizard asks for them."""
        copied: dict[UUID, UUID] = {}
        for call_notice in await CallNotice.filter(draw_id=old.id).order_by("position"):
            at = shifted_gathering_time(
                new.starts_at, earlier_start=old.starts_at, earlier_gathering=call_notice.gathering_at
            )
            form = self._notice_form(call_notice, at)
            try:
                async with transaction():
                    copied[call_notice.id] = await self.setup.add_call_notice(actor, new.id, form)
            except (InvalidInput, RuleViolation):
                continue
        for condition in await Condition.filter(draw_id=old.id).order_by("position"):
            if condition.notice_id not in copied:
                continue
            try:
                async with transaction():
                    condition_form = condition_form_of(condition, copied[condition.notice_id])
                    await self.setup.add_condition(actor, new.id, condition_form)
            except (InvalidInput, RuleViolation):
                continue

    def _notice_form(self, call_notice: CallNotice, gathering_at: datetime) -> CallNoticeForm:
        phone = self.deps.keys.read(call_notice.contact_phone_sealed, PHONE)
        return CallNoticeForm(
            call_notice.venue,
            call_notice.address,
            gathering_at,
            call_notice.contact,
            phone,
            call_notice.room,
            call_notice.remark,
        )


def open_followers(draw_id: UUID) -> QuerySet[Draw]:
    """Redraws and recalls of a draw that are not over."""
    return Draw.filter(original_id=draw_id).exclude(state__in=list(OVER))


async def _find_recallable_lots(old: Draw) -> tuple[UUID, ...]:
    """Empty where the project is one lot, or where no lot is left, which the history of all of them then refuses."""
    own = DrawLot.filter(id__in=list(await find_rows_still_its_own(old)), lot_id__isnull=False)
    return tuple([lot.lot_id async for lot in own.order_by("id") if lot.lot_id is not None])


async def _find_panel(draw_id: UUID) -> list[Invitation]:
    """The participants at the end."""
    return await Invitation.filter(draw_id=draw_id, state=InvitationState.ACCEPTED).order_by("condition_id", "id")


async def _copy_panel(old: Draw, new: Draw, panel: Sequence[Invitation]) -> None:
    """Copy notices and conditions unchanged, the panel's places in them, and a row for each expert."""
    notices: dict[UUID, UUID] = {}
    for call_notice in await CallNotice.filter(draw_id=old.id).order_by("position"):
        at = shifted_gathering_time(
            new.starts_at, earlier_start=old.starts_at, earlier_gathering=call_notice.gathering_at
        )
        notices[call_notice.id] = (await _copy_row(call_notice, draw_id=new.id, gathering_at=at)).id
        new.gathering_first = min(at, new.gathering_first or at)
    await new.save(update_fields=["gathering_first"])
    for condition in await Condition.filter(draw_id=old.id).order_by("position"):
        seats = [invitation for invitation in panel if invitation.condition_id == condition.id]
        if not seats:
            continue
        copy = await _copy_row(
            condition,
            draw_id=new.id,
            notice_id=notices[condition.notice_id],
            planned=len(seats),
            needed=len(seats),
            **_UNWALKED,
        )
        for seat in seats:
            await RecalledExpert.create(
                draw_id=new.id, expert_id=seat.expert_id, earlier_id=seat.id, condition_id=copy.id
            )


_UNWALKED = {"open": 0, "accepted": 0, "round_number": 0, "tier": "main", "cursor": 0, "exhausted": False}


async def _copy_row(row: CallNotice | Condition, **changes: object) -> CallNotice | Condition:
    columns = {name: getattr(row, name) for name in row._meta.db_fields if name != "id"}
    return await type(row).create(**columns | changes)
