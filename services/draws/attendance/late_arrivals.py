"""What an expert says himself of a late arrival (晚到): agency, venue and supervisors are told at once, by his code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.clock import local, print_time
from domain.draws.agreed_times import agreed_gathering, late_arrival_opens
from domain.draws.lifecycles import InvitationState
from domain.errors import Conflict, InvalidInput, NotFound
from models.attendance import LateArrival, has_entered
from models.draws import Draw
from models.invitations import Invitation
from services.core.base import Actor, Deps, record, system, transaction, violation
from services.core.limits import check_repeats
from services.draws.calls.invitation_views import InvitationView, find_views
from services.draws.calls.invitations import Channel
from services.draws.locks import lock_invitation
from services.draws.party_notifications import Event, PartyNotifications

DELAY_REASON_LONGEST = 60
_ACTS = ("late_arrival.stated", "late_arrival.withdrawn")


@dataclass(frozen=True)
class LateArrivals:
    deps: Deps
    parties: PartyNotifications

    async def state(
        self,
        invitation_id: UUID,
        expert_id: UUID,
        minutes: int,
        reason: str = "",
        *,
        by: Channel,
    ) -> InvitationView:
        """The expert comes ``minutes`` after the gathering to which he agreed. A newer statement replaces the one
        before, which stays as history; the same again changes nothing, so that a caller may repeat it.

        Raises NotFound for another expert's invitation, Conflict for one that is not accepted, entered or over,
        RuleViolation before the time for it, InvalidInput for minutes outside the rulebook's bounds, for an arrival
        that is over and for a long reason, TooMany.
        """
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, expert_id)
            now, words = self.deps.now(), " ".join(reason.split())
            await self._check(locked.draw, invitation, minutes, words)
            standing = await LateArrival.get_or_none(invitation_id=invitation.id, ended_at=None)
            if standing is None or not _says_the_same(standing, invitation, minutes, words):
                await self._end(standing, "replaced", now)
                arrival = await LateArrival.create(
                    invitation_id=invitation.id,
                    gathering_at=agreed_gathering(invitation),
                    minutes=minutes,
                    reason=words,
                    stated_at=now,
                    channel=by,
                )
                await self._report(locked.draw, invitation, arrival, "late_announced", by)
            return await self._view(invitation)

    async def check(self, invitation_id: UUID, expert_id: UUID, minutes: int, reason: str = "") -> None:
        """Whether it can be stated now: for a step that reads it back first. Raises as ``state``, but TooMany."""
        invitation = await Invitation.get_or_none(id=invitation_id, expert_id=expert_id)
        if invitation is None:
            raise NotFound("找不到这个评标邀请，请查看最新一条通知。")
        await self._check(await Draw.get(id=invitation.draw_id), invitation, minutes, " ".join(reason.split()))

    async def _check(self, draw: Draw, invitation: Invitation, minutes: int, reason: str) -> None:
        await self._check_awaited(draw, invitation)
        self._check_arrival(draw, invitation, minutes, self.deps.now())
        if len(reason) > DELAY_REASON_LONGEST:
            raise InvalidInput(f"原因最多{DELAY_REASON_LONGEST}个字，请写短一些。", field="reason")

    async def withdraw(self, invitation_id: UUID, expert_id: UUID, *, by: Channel) -> InvitationView:
        """He comes on time after all; without a statement that counts nothing changes.

        Raises NotFound, Conflict and TooMany as ``state``.
        """
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, expert_id)
            await self._check_awaited(locked.draw, invitation)
            standing = await LateArrival.get_or_none(invitation_id=invitation.id, ended_at=None)
            if standing is not None:
                await self._end(standing, "withdrawn", self.deps.now())
                if standing.gathering_at == agreed_gathering(invitation):
                    await self._report(locked.draw, invitation, standing, "late_withdrawn", by)
            return await self._view(invitation)

    async def _check_awaited(self, draw: Draw, invitation: Invitation) -> None:
        if invitation.state != InvitationState.ACCEPTED:
            raise Conflict("您目前没有参加这场评标，不用说明晚到。", code="not_accepted")
        if draw.ended_at is not None or self.deps.now() > invitation.ends_at:
            raise Conflict("这场评标已结束，不用再说明晚到。", code="panel_over")
        if await has_entered(invitation.id):
            raise Conflict("您已签到，不用说明晚到。", code="entered")

    def _check_arrival(self, draw: Draw, invitation: Invitation, minutes: int, now: datetime) -> None:
        book = self.deps.book(draw.pool)
        rules, gathering_at = book.attendance.late_arrival, agreed_gathering(invitation)
        if now < (opens := late_arrival_opens(invitation, book.attendance)):
            message = f"{print_time(opens)}起才能说明晚到。现在就知道不能按时到的，可以请假，或致电联系人商量。"
            raise violation(book, "attendance.late_arrival.opens", message)
        least, most = (int(length.total_seconds() // 60) for length in (rules.shortest, rules.longest))
        if not least <= minutes <= most:
            message = f"请填写比集合时间晚多少分钟，{least}到{most}之间的整数。更晚才能到、来不了的，请请假。"
            raise InvalidInput(message, code="bad_minutes", field="minutes")
        if (arrives_at := gathering_at + timedelta(minutes=minutes)) <= now:
            message = (
                f"集合时间是{print_time(gathering_at)}，晚{minutes}分钟是{local(arrives_at):%H:%M}，已经过了。"
                "请按现在估计的到场时间重新填写。"
            )
            raise InvalidInput(message, code="bad_minutes", field="minutes")

    async def _end(self, standing: LateArrival | None, ending: str, now: datetime) -> None:
        if standing is not None:
            standing.ended_at, standing.ending = now, ending
            await standing.save(update_fields=["ended_at", "ending"])

    async def _report(
        self, draw: Draw, invitation: Invitation, arrival: LateArrival, event: Event, by: Channel
    ) -> None:
        """To the parties, the log of operations and the audit trail; bounded, since each time others are told."""
        now, act = self.deps.now(), _ACTS[event == "late_withdrawn"]
        await check_repeats("invitation", invitation.id, _ACTS, now)
        facts: dict[str, str | int] = {
            "code": invitation.code,
            "minutes": arrival.minutes,
            "at": f"{local(arrival.arrives_at):%H:%M}",
        }
        actor = Actor(draw.pool, "expert", expert_id=invitation.expert_id)
        await record(actor, now, act, "invitation", invitation.id, minutes=arrival.minutes, channel=by)
        what = f"{invitation.code}，{f'晚到{arrival.minutes}分钟' if event == 'late_announced' else '将按时到'}"
        await record(system(draw.pool), now, act, "draw", draw.id, what=what)
        await self.parties.notify(draw, event, facts, occasion=arrival.id.hex)

    async def _view(self, invitation: Invitation) -> InvitationView:
        return (await find_views(self.deps, "i.id = $1", invitation.id))[0]


def _says_the_same(standing: LateArrival, invitation: Invitation, minutes: int, reason: str) -> bool:
    return (standing.gathering_at, standing.minutes, standing.reason) == (
        agreed_gathering(invitation),
        minutes,
        reason,
    )
