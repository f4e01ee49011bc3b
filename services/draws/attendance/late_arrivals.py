"""Late arrivals (晚到): what an expert says himself, or what the staff write down of a call. Agency, venue and
supervisors are told at once, by his code; of a call the expert is told as well, and mends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from domain.clock import local, print_time
from domain.draws.agreed_times import agreed_gathering, late_arrival_opens
from domain.draws.lifecycles import InvitationState
from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.rulebook.notice_texts import time_params
from domain.typed_text import half_width
from models.attendance import LateArrival, has_entered
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, system, transaction, violation
from services.core.crypto import PHONE
from services.core.limits import check_repeats
from services.draws.access import DrawAccess
from services.draws.calls.invitation_views import InvitationView, find_views
from services.draws.calls.invitations import Channel
from services.draws.locks import lock_invitation
from services.draws.party_notifications import Event, PartyNotifications
from services.notifications import Notices

DELAY_REASON_LONGEST = 60
_ACTS = ("late_arrival.stated", "late_arrival.withdrawn", "late_arrival.recorded")
ToldBy = Literal["self", "other"]


@dataclass(frozen=True)
class TelephoneDelay:
    """What somebody said by telephone of an expert's arrival. ``read_back``: code and time were repeated to the caller,
    who agreed."""

    code: str
    minutes: int
    told_by: str
    read_back: bool


@dataclass(frozen=True)
class LateArrivals:
    deps: Deps
    parties: PartyNotifications
    notices: Notices
    access: DrawAccess

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

    async def record_call(self, actor: Actor, draw_id: UUID, delay: TelephoneDelay) -> datetime:
        """Venue or office write down what an expert tells them by telephone; returns when he comes by that.

        It counts until he says otherwise, is shown as what a call said, and he is told of it at once. It never replaces
        what he has stated himself. Raises InvalidInput for all faults of the form, NotFound for a code of nobody who is
        awaited, Conflict where his own statement counts, and as ``state``.
        """
        permissions.check(actor, "late_arrival.record")
        await self.access.get(actor, draw_id)
        invitation_id, minutes = await self._check_call(draw_id, delay), delay.minutes
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, None)
            if await has_entered(invitation.id):
                raise Conflict("该专家已进场，不用登记晚到。", code="entered")
            await self._check(locked.draw, invitation, minutes, "")
            now = self.deps.now()
            standing = await LateArrival.get_or_none(invitation_id=invitation.id, ended_at=None)
            if standing is not None and standing.gathering_at == agreed_gathering(invitation):
                if standing.recorded_by_id is None:
                    raise Conflict(
                        f"该专家已本人说明约{local(standing.arrives_at):%H:%M}到，以本人说的为准；时间有变请他本人更正。",
                        code="stated_by_himself",
                    )
                if (standing.minutes, standing.told_by) == (minutes, delay.told_by):
                    return standing.arrives_at
            await self._end(standing, "replaced", now)
            arrival = await LateArrival.create(
                invitation_id=invitation.id,
                gathering_at=agreed_gathering(invitation),
                minutes=minutes,
                reason="",
                stated_at=now,
                channel="phone",
                told_by=delay.told_by,
                recorded_by_id=actor.account_id,
            )
            await self._report_call(locked.draw, invitation, arrival, actor)
            return arrival.arrives_at

    async def _check_call(self, draw_id: UUID, delay: TelephoneDelay) -> UUID:
        """The invitation that a form concerns. Raises NotFound for the code alone, InvalidInput with all faults."""
        faults = Faults()
        code = half_width(delay.code).strip()
        accepted = await Invitation.get_or_none(draw_id=draw_id, code=code, state=InvitationState.ACCEPTED)
        invitation = faults.check(_check_found, accepted, code)
        if delay.minutes <= 0:
            faults.add(InvalidInput("请填写比集合时间晚多少分钟，整数。", field="minutes"))
        if delay.told_by not in get_args(ToldBy):
            faults.add(InvalidInput("请选择是谁来电。", field="told_by"))
        if not delay.read_back:
            faults.add(InvalidInput("请先在电话中复述验证码和到场时间，对方确认后勾选。", field="read_back"))
        faults.raise_any()
        return invitation.id

    async def _report_call(self, draw: Draw, invitation: Invitation, arrival: LateArrival, actor: Actor) -> None:
        """To the parties and the logs as any, and to the expert, who may have said nothing of it."""
        now = self.deps.now()
        await check_repeats("invitation", invitation.id, _ACTS, now)
        at = f"{local(arrival.arrives_at):%H:%M}"
        act, told_by = "late_arrival.recorded", arrival.told_by
        await record(actor, now, act, "invitation", invitation.id, minutes=arrival.minutes, told_by=told_by)
        what = f"{invitation.code}，晚到{arrival.minutes}分钟，{'本人' if told_by == 'self' else '他人'}来电"
        await record(actor, now, act, "draw", draw.id, what=what)
        facts: dict[str, str | int] = {"code": invitation.code, "minutes": arrival.minutes, "at": at}
        await self.parties.notify(draw, "late_announced", facts, occasion=arrival.id.hex)
        call_notice = await CallNotice.get(id=invitation.notice_id)
        await self.notices.notify(
            pool=draw.pool,
            kind="late_recorded",
            dedupe_key=f"late_recorded:{arrival.id}",
            params={
                **time_params(arrival.gathering_at),
                "at": at,
                "contact_phone": self.deps.keys.read(call_notice.contact_phone_sealed, PHONE),
            },
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )

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


def _check_found(invitation: Invitation | None, code: str) -> Invitation:
    if not code:
        raise InvalidInput("请输入专家的数字验证码。", field="code")
    if invitation is None:
        raise NotFound("本活动没有这个验证码，请核对后重试。", field="code")
    return invitation


def _says_the_same(standing: LateArrival, invitation: Invitation, minutes: int, reason: str) -> bool:
    """Whether he has stated it himself already."""
    own = standing.recorded_by_id is None
    return own and (standing.gathering_at, standing.minutes, standing.reason) == (
        agreed_gathering(invitation),
        minutes,
        reason,
    )
