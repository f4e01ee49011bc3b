"""The register of experts who will not sit on the panel, and filling their places again (补抽)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from tortoise.exceptions import IntegrityError

from domain.draws.lifecycles import DrawEvent, DrawState, InvitationState
from domain.draws.record import GatheringMoved
from domain.errors import Conflict, InvalidInput, NotFound
from domain.masking import mask_id_number, mask_name
from domain.rulebook.notice_texts import time_params
from models.attendance import has_entered
from models.draws import CallNotice, Condition, Draw
from models.experts import CatalogueEntry
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.draws.access import DrawAccess
from services.draws.attendance.postponement import NewStart, Postponement
from services.draws.call_order.rounds import Rounds, RoundView, ordered_regions
from services.draws.calls.calling import Calling, place
from services.draws.calls.invitations import Invitations
from services.draws.news import DrawNews
from services.draws.repository import Locked, append, lock_for
from services.notifications import Notices

_VACANT = """((SELECT count(*) FROM absence l WHERE l.condition_id = a.condition_id
  AND (l.registered_at, l.id) > (a.registered_at, a.id)) < c.needed - c.accepted)"""
"""Whether the place of an absence ``a`` is still free. The oldest absences of a condition ``c`` are filled first."""
ABSENCES_MAX = 200
"""So many are listed, the newest."""
_OPEN, _CALLING = "未补抽", "补抽中"


@dataclass(frozen=True)
class AbsenceRow:
    """One line of the register. Name and ID number are empty before unsealing, then masked (测**, 4113***6933)."""

    id: UUID
    draw_id: UUID
    draw_number: str
    draw_name: str
    draw_state: DrawState
    condition: int
    notice: Annotated[int, Field(description="Number of the call notice")]
    name: Annotated[str, Field(examples=["测**"])]
    id_number: Annotated[str, Field(examples=["4113***6933"])]
    code: str
    gathering_at: datetime
    kind: str
    reason: str
    source: Annotated[str, Field(description="`expert`: by the expert; `manual`: registered by agency or venue")]
    registered_at: datetime
    registered_by: Annotated[str, Field(description="Who registered it; empty: the expert himself")]
    handled: Annotated[bool, Field(description="Filled again, or not to be filled any more")]
    handled_label: Annotated[str, Field(description="To be shown", examples=["未补抽", "补抽中"])]
    missing: Annotated[int, Field(description="Places of the activity that are free now")]


@dataclass(frozen=True)
class RegionChange:
    """New regions of one condition for a supplementary draw."""

    condition_id: UUID
    regions: tuple[str, ...]


class Absences:
    def __init__(self, deps: Deps, notices: Notices, invitations: Invitations, run: Calling, rounds: Rounds) -> None:
        self._deps = deps
        self._notices = notices
        self._invitations = invitations
        self._run = run
        self._rounds = rounds
        self._news = DrawNews(deps, notices)
        self._postponement = Postponement(deps, notices)
        self._access = DrawAccess(deps)

    async def of_draw(self, actor: Actor, draw_id: UUID) -> list[AbsenceRow]:
        """The register of a draw, newest first."""
        permissions.check(actor, "discard.read")
        await self._access.get(actor, draw_id)
        return await self._rows("a.draw_id = $1", draw_id)

    async def pending(self, actor: Actor) -> list[AbsenceRow]:
        """Everything that waits for a supplementary draw of this organisation (待补抽)."""
        permissions.check(actor, "draw.create")
        agent = actor.account_id if actor.role == "agent" else None
        return await self._rows(
            "d.organisation_id = $1 AND ($2::uuid IS NULL OR d.agent_id = $2) AND a.handled_at IS NULL",
            actor.organisation_id,
            agent,
        )

    async def _rows(self, where: str, *values: object) -> list[AbsenceRow]:
        found = await rows(
            "SELECT a.id, a.draw_id, d.number AS draw_number, d.name AS draw_name, d.state AS draw_state, d.pool, "
            "d.kind AS draw_kind, d.starts_at, d.ended_at, c.position AS condition, n.position AS notice, e.name, "
            "(SELECT sum(p.needed - p.accepted)::int FROM draw_condition p WHERE p.draw_id = d.id) AS missing, "
            "coalesce(p.real_name, '') AS registered_by, "
            "e.id_number_sealed, i.code, i.gathering_at, a.kind, a.reason, a.source, a.registered_at, a.handled_at, "
            f"{_VACANT} AS vacant "
            "FROM absence a JOIN draw d ON d.id = a.draw_id JOIN draw_condition c ON c.id = a.condition_id "
            "JOIN invitation i ON i.id = a.invitation_id JOIN expert e ON e.id = i.expert_id "
            "JOIN call_notice n ON n.id = i.notice_id LEFT JOIN account p ON p.id = a.registered_by_id "
            f"WHERE {where} ORDER BY a.registered_at DESC LIMIT {ABSENCES_MAX}",
            *values,
        )
        return [self._row(row) for row in found]

    def _row(self, row: Any) -> AbsenceRow:
        facts = {name: row[name] for name in AbsenceRow.__dataclass_fields__ if name in row}
        label = _label(row)
        facts |= {"name": "", "id_number": "", "handled": label not in (_OPEN, _CALLING), "handled_label": label}
        facts["draw_state"] = DrawState(row["draw_state"])
        sealed_for = self._deps.book(row["pool"]).draw.result_visible_before
        if self._deps.now() >= row["starts_at"] - sealed_for:
            number = self._deps.keys.open_text(row["id_number_sealed"], "id_number")
            facts |= {"name": mask_name(row["name"]), "id_number": mask_id_number(number)}
        return AbsenceRow(**facts)

    # ---- filling the places again

    async def start_supplement(
        self,
        actor: Actor,
        draw_id: UUID,
        *,
        regions: Sequence[RegionChange] = (),
        gathering: dict[UUID, datetime] | None = None,
        start: NewStart | None = None,
    ) -> RoundView | None:
        """Fill the missing places: on along the same order, or in wider regions once that is at its end.

        ``gathering`` gives new gathering times by notice; ``start`` a later expected start, for a panel that is already
        at the door. Several absences are filled together. The answer is the new round when one must be committed to
        first, else None and calling has begun.
        """
        permissions.check(actor, "draw.start")
        async with transaction():
            locked = await lock_for(actor, draw_id)
            if locked.draw.kind == "recall":
                raise Conflict("复评没有抽取顺序，不能补抽。请结束或终止本活动，再从原活动重新抽取。", code="recall")
            if locked.state not in (DrawState.SUPPLEMENT_PENDING, DrawState.SHORT):
                message = f"活动{locked.state.label}，当前没有等待补抽的名额。"
                raise Conflict(message, code="nothing_to_supplement")
            now = self._deps.now()
            if start is not None:
                await self._postponement.apply(actor, locked, start)
            for notice_id, at in (gathering or {}).items():
                await self.move_gathering(locked, notice_id, at, by=actor.account_id)
            await record(actor, now, "draw.supplemented", "draw", draw_id, changed=len(regions))
            if regions:
                return await self._widen(locked, regions)
            await self._run.begin(locked, DrawEvent.START_SUPPLEMENT, by=actor.account_id)
            return None

    async def _widen(self, locked: Locked, changes: Sequence[RegionChange]) -> RoundView:
        book = self._deps.book(locked.draw.pool)
        if not book.draw.supplement.region_change:
            raise violation(book, "draw.supplement.region_change", "补抽不能更换抽取地区。")
        for change in changes:
            condition = next((c for c in locked.conditions if c.id == change.condition_id), None)
            if condition is None:
                raise NotFound("找不到这个抽取条件，请刷新后重试。")
            await self._check_regions(locked.draw, condition, change.regions)
            condition.regions = list(change.regions)
            await condition.save(update_fields=["regions"])
        ids = {change.condition_id for change in changes}
        changed = [c for c in locked.conditions if c.id in ids]
        await self._run.check_time(locked.draw, changed)
        return await self._rounds.widen(locked, [c.position for c in changed])

    async def _check_regions(self, draw: Draw, condition: Condition, regions: Sequence[str]) -> None:
        """Only wider regions than all that were drawn in, and only at the end of the order: else this would be drawing
        again until it suits."""
        book = self._deps.book(draw.pool)
        if not regions:
            raise InvalidInput("请选择抽取地区。", field="regions")
        before = await ordered_regions(draw, condition)
        if len(set(regions) - before) > 1 and not book.draw.several_regions:
            raise violation(book, "draw.several_regions", "一次只能增加一个地区。", field="regions")
        known = CatalogueEntry.filter(pool__in=["", draw.pool], kind="region", code__in=list(regions))
        if unknown := sorted(set(regions) - set(await known.values_list("code", flat=True))):
            raise InvalidInput(f"目录中没有“{unknown[0]}”，请重新选择。", field="regions")
        if condition.needed == condition.accepted:
            raise Conflict(f"条件{condition.position}没有缺额，不能扩大地区。", code="condition_full")
        if not condition.exhausted:
            raise Conflict(
                f"条件{condition.position}的名单还没有抽完，请先按原顺序启动补抽；抽完仍缺人时再扩大地区。",
                code="order_not_exhausted",
            )
        if not set(regions) > before:
            raise Conflict(
                f"条件{condition.position}只能在原有地区之外增加地区，请保留原有地区，再选择要增加的地区。",
                code="region_not_wider",
            )

    # ---- gathering time

    async def change_gathering(self, actor: Actor, draw_id: UUID, notice_id: UUID, at: datetime) -> None:
        """After the start only the gathering time may change, and only while no new expert is being called."""
        permissions.check(actor, "draw.pause")
        async with transaction():
            locked = await lock_for(actor, draw_id)
            if locked.draw.kind == "recall":
                raise Conflict("复评的集合时间以与专家商定并提交的为准，不能在这里修改。", code="recall")
            if locked.state not in (
                DrawState.VERIFIED,
                DrawState.COMMITTING,
                DrawState.PAUSED,
                DrawState.SUPPLEMENT_PENDING,
                DrawState.SHORT,
                DrawState.COMPLETED,
            ):
                raise Conflict("请先暂停抽取，再修改集合时间。", code="not_paused")
            await self.move_gathering(locked, notice_id, at, by=actor.account_id)
            await record(actor, self._deps.now(), "draw.gathering_changed", "draw", draw_id)

    async def move_gathering(self, locked: Locked, notice_id: UUID, at: datetime, *, by: UUID | None = None) -> None:
        """Move a notice's gathering and notify everybody who was notified of the old one; ``by`` did it."""
        draw, now = locked.draw, self._deps.now()
        call_notice = await CallNotice.get_or_none(id=notice_id, draw_id=draw.id)
        if call_notice is None:
            raise NotFound("找不到这条语音通知，请刷新后重试。")
        if not now < at <= draw.starts_at:
            raise InvalidInput("集合时间应在现在之后、预计评标开始之前。", field="gathering_at")
        if at == call_notice.gathering_at:
            return
        old = call_notice.gathering_at
        call_notice.gathering_at = at
        await call_notice.save(update_fields=["gathering_at"])
        if draw.log_length and any(c.notice_id == call_notice.id for c in locked.conditions):
            await append(draw, now, GatheringMoved(call_notice.position, old, at))
        first = min([n.gathering_at for n in await CallNotice.filter(draw_id=draw.id)])
        draw.gathering_first = first
        await draw.save(update_fields=["gathering_first"])
        await self._notify_moved(draw, call_notice, old)
        if draw.started_at is not None:
            occasion = f"{call_notice.id.hex}:{at.timestamp():.0f}"
            await self._news.notify(draw, "moved", time_params(at), by=by, occasion=occasion)

    async def _notify_moved(self, draw: Draw, call_notice: CallNotice, old: datetime) -> None:
        invited = Invitation.filter(
            draw_id=draw.id, notice_id=call_notice.id, state__in=[InvitationState.OPEN, InvitationState.ACCEPTED]
        )
        for invitation in await invited.order_by("id").select_for_update():
            invitation.gathering_at = call_notice.gathering_at
            invitation.starts_at = min(invitation.starts_at, call_notice.gathering_at)
            try:
                await invitation.save(update_fields=["gathering_at", "starts_at"])
            except IntegrityError as error:
                raise Conflict(
                    "有专家在提前后的时段另有评标，请选择晚一些的集合时间。", code="gathering_overlaps"
                ) from error
            if await has_entered(invitation.id):
                continue  # he is there already: a new start concerns him, see Postponement
            times = time_params(call_notice.gathering_at)
            if invitation.state == InvitationState.ACCEPTED:
                await self._invitations.plan_reminder(invitation, draw.pool, self._deps.now())
            else:
                await self._notices.reword(invitation_id=invitation.id, kind="draw_call", params=times)
            params = {
                **times,
                "old_gathering": time_params(old)["gathering"],
                "place": place(call_notice),
            }
            await self._notices.notify(
                pool=draw.pool,
                kind="gathering_changed",
                dedupe_key=f"gathering_changed:{invitation.id}:{call_notice.gathering_at.timestamp():.0f}",
                params=params,
                expert_id=invitation.expert_id,
                invitation_id=invitation.id,
            )


def _label(row: Any) -> str:
    """An activity closes what it never filled in the moment of its end; a recall fills nothing."""
    if row["handled_at"] is None:
        return _OPEN
    ended = row["ended_at"] is not None
    if row["draw_kind"] == "recall" or (ended and (row["vacant"] or row["handled_at"] >= row["ended_at"])):
        return "不再补抽"
    return _CALLING if row["vacant"] else "已补抽"
