"""Virtual calls (虚拟号通话): the platform rings the member of staff, then the expert; neither sees the other's number.

Recalls, urgings and releases use them and record what was agreed: a call by itself decides nothing, so a vendor's
unsigned report is accepted when it contains our secret id and the vendor's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from pydantic import Field

from domain.clock import print_time
from domain.draws.lifecycles import VIRTUAL_CALL
from domain.draws.lifecycles import VirtualCallEvent as Event
from domain.draws.lifecycles import VirtualCallState as State
from domain.errors import Conflict, GatewayError, InvalidInput, NeedsOperator, OutcomeUnknown, Rejected, TooMany
from domain.parsing import mobile_number
from models.accounts import Account
from models.draws import CallNotice, Draw
from models.experts import Expert
from models.virtual_calls import VirtualCall
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.core.crypto import PHONE
from services.core.due_rows import not_paused, process_each
from services.core.limits import DAY, advisory_lock
from services.core.operator_waits import OPERATOR, operator_wait
from services.notifications import new_out_id
from services.ports import CallBridge, CallReport

log = structlog.get_logger(__name__)

Purpose = Literal["recall", "urging", "release"]
Caller = Literal["own", "contact"]
"""Whose phone rings first: the caller's own verified mobile, or the contact's of the expert's notice; no other."""
_PER_DAY = 10
"""Calls per expert within 24 hours; the vendor's limit is 20."""
_CALL_INTERVAL = timedelta(minutes=1)
"""Between two calls to the same expert."""
_UNPLACED_TTL = timedelta(minutes=1)
"""A call not placed by then is dropped, since its requester no longer waits."""
_RINGING = timedelta(minutes=3)
"""Both phones have stopped ringing by then."""
_UNHEARD = timedelta(minutes=10)
"""A call without a report, unknown to the vendor, is abandoned after this."""
_LONGEST = timedelta(minutes=35)
"""The longest duration of a call; the vendor allows half an hour."""
_PROGRESS: Mapping[str, Event] = {"200102": Event.TAKE, "200103": Event.CONNECT}
_TALKED = "200100"
_EXPERT_AWAY = frozenset({"200111", "200112", "200113", "200116", "200120"})
_NOT_CONNECTED = frozenset({"200118", "200119", "200121", "999999"})
"""The carrier or the vendor connected nothing, or cut the call off: a connection before still counts."""
_RANG = frozenset({State.CALLING, State.TALKING, State.TALKED, State.MISSED, State.LOST})
"""The expert's phone rang, or may have rung."""
UNREPORTED = f"EXISTS (SELECT 1 FROM virtual_call v WHERE v.check_at <= $1 AND {not_paused('virtual_calls', 'v.id')})"
_DUE = f"SELECT v.id FROM virtual_call v WHERE v.check_at <= $1 AND {not_paused('virtual_calls', 'v.id')} LIMIT 100"
_LOG = """
SELECT v.expert_id, v.asked_at, v.state, v.seconds, coalesce(a.real_name, '') AS asked_by
FROM virtual_call v LEFT JOIN account a ON a.id = v.asked_by_id WHERE v.draw_id = $1 AND v.purpose = $2
ORDER BY v.asked_at DESC, v.id DESC
"""


@dataclass(frozen=True)
class CallLine:
    """One call of the call log (拨打记录)."""

    at: datetime
    asked_by: Annotated[str, Field(description="Who asked for it; may be empty")]
    state: State
    state_label: Annotated[str, Field(examples=["专家未接听"])]
    seconds: Annotated[int, Field(description="How long was talked")]
    under_way: bool

    @property
    def has_rung(self) -> bool:
        """Whether the expert's phone rang, or may have rung."""
        return self.state in _RANG


@dataclass(frozen=True)
class CallWindow:
    """When a person may speak with an expert: once the panel is unsealed, around the gathering that he agreed to."""

    unseals_at: datetime
    begins: datetime
    ends: datetime

    def is_open(self, now: datetime) -> bool:
        return max(self.unseals_at, self.begins) <= now <= self.ends


@dataclass(frozen=True)
class VirtualCalls:
    deps: Deps
    bridge: CallBridge

    def is_offered(self, pool: str) -> bool:
        return self.bridge.offers(pool)

    async def log_of(self, draw_id: UUID, purpose: Purpose) -> Mapping[UUID, tuple[CallLine, ...]]:
        """The calls of a draw by expert, newest first."""
        calls_by_expert: dict[UUID, tuple[CallLine, ...]] = {}
        for row in await rows(_LOG, draw_id, purpose):
            calls_by_expert[row["expert_id"]] = (*calls_by_expert.get(row["expert_id"], ()), _line(row))
        return calls_by_expert

    # ---- requesting a call

    async def own_mobile(self, actor: Actor) -> str:
        """The caller's own mobile, which a code has verified."""
        account = await Account.get(id=actor.account_id)
        return self.deps.keys.read(account.mobile_sealed, "mobile")

    async def caller_mobile(self, actor: Actor, caller: Caller, call_notice: CallNotice) -> str:
        """The phone that rings first. Raises Conflict for a contact without a mobile."""
        if caller == "own":
            return await self.own_mobile(actor)
        phone = self.deps.keys.read(call_notice.contact_phone_sealed, PHONE)
        try:
            return mobile_number(phone)
        except InvalidInput as error:
            message = f"通知{call_notice.position}的联系人电话不是手机号，不能用虚拟号，请用您的登记手机号呼叫。"
            raise Conflict(message, code="contact_no_mobile") from error

    async def request_call(
        self, actor: Actor, draw: Draw, expert_id: UUID, purpose: Purpose, staff: str, window: CallWindow
    ) -> UUID:
        """Ask for a call within the caller's transaction, which has checked that it may be made; a job dials.

        ``staff`` is the phone that rings first, of ``caller_mobile``; the audit keeps it sealed. Raises RuleViolation
        outside the window, Conflict without a number or during another call, TooMany.
        """
        if not self.is_offered(draw.pool):
            raise Conflict("本专家库未开通虚拟号通话，请改用其他方式联系专家。", code="no_virtual_number")
        now = self.deps.now()
        self.check_window(draw, window, now)
        await self._check_free(actor, expert_id, now)
        call = await VirtualCall.create(
            draw_id=draw.id,
            expert_id=expert_id,
            purpose=purpose,
            asked_by_id=actor.account_id,
            asked_at=now,
            staff_phone_sealed=self.deps.keys.seal(staff, PHONE),
            out_id=new_out_id(),
            check_at=now + _UNPLACED_TTL,
        )
        await self.deps.jobs.defer("virtual_calls.dial", call_id=str(call.id))
        facts = {"purpose": purpose, "call": str(call.id), "staff_phone_sealed": call.staff_phone_sealed}
        await record(actor, now, "virtual_call.asked", "draw", draw.id, **facts)
        return call.id

    def check_window(self, draw: Draw, window: CallWindow, now: datetime) -> None:
        """Raises RuleViolation while nobody may speak with this expert."""
        book = self.deps.book(draw.pool)
        if now < window.unseals_at:
            message = f"名单{print_time(window.unseals_at)}解密，解密前任何人不能与专家通话；可以用系统语音催促。"
            raise violation(book, "draw.result_visible_before", message)
        if not window.is_open(now):
            span = f"{print_time(window.begins)}至{print_time(window.ends)}"
            message = f"只能在{span}之间呼叫这位专家（以其同意的集合时间为准）。"
            raise violation(book, "attendance.urging_window", message)

    async def _check_free(self, actor: Actor, expert_id: UUID, now: datetime) -> None:
        """Each of the two takes part in one call at a time."""
        # in the order of the ids: two requests that lock the same two can't wait for each other
        await advisory_lock(f"virtual_call:{min(str(expert_id), str(actor.account_id))}")
        await advisory_lock(f"virtual_call:{max(str(expert_id), str(actor.account_id))}")
        if await VirtualCall.exists(asked_by_id=actor.account_id, closed_at=None):
            raise Conflict("您有一个虚拟号通话还没有结束，请结束后再呼叫。", code="staff_busy")
        if await VirtualCall.exists(expert_id=expert_id, closed_at=None):
            raise Conflict("正在呼叫这位专家，请通话结束后再试。", code="expert_busy")
        recent = VirtualCall.filter(expert_id=expert_id, asked_at__gt=now - DAY)
        calls = await recent.exclude(vendor_code__startswith=OPERATOR).order_by("-asked_at", "-id")
        if calls and now < calls[0].asked_at + _CALL_INTERVAL:
            wait = int((calls[0].asked_at + _CALL_INTERVAL - now).total_seconds()) + 1
            raise TooMany(f"刚刚呼叫过这位专家，请{wait}秒后再试。", retry_after=wait, code="called_just_now")
        if len(calls) >= _PER_DAY:
            wait = int((calls[_PER_DAY - 1].asked_at + DAY - now).total_seconds()) + 1
            raise TooMany(
                f"24小时内已呼叫这位专家{_PER_DAY}次，请改用其他方式联系。", retry_after=wait, code="called_enough"
            )

    async def dial(self, call_id: UUID) -> None:
        """Request the call from the vendor, once: the row is marked as perhaps dialled before."""
        async with transaction():
            call = await VirtualCall.select_for_update().get(id=call_id)
            now = self.deps.now()
            if call.state != State.ASKED:
                return
            if now >= call.asked_at + _UNPLACED_TTL:
                await self._close_call(call, Event.REFUSE, "too_late")
                return
            call.state, call.check_at = VIRTUAL_CALL.next(State.ASKED, Event.DIAL), now + _RINGING
            await call.save(update_fields=["state", "check_at"])
        expert, draw = await Expert.get(id=call.expert_id), await Draw.get(id=call.draw_id)
        staff = self.deps.keys.read(call.staff_phone_sealed, PHONE)
        mobile = self.deps.keys.open_text(expert.mobile_sealed, "mobile")
        try:
            vendor_id = await self.bridge.connect(draw.pool, staff, mobile, out_id=call.out_id)
        except OutcomeUnknown:
            return  # its report decides, or the call is abandoned
        except GatewayError as error:
            log.warning("virtual_call_refused", call=str(call_id), error=str(error))
            await self._move_call(call_id, Event.REFUSE, code=_code(error))
            return
        await VirtualCall.filter(id=call_id, call_id="").update(call_id=vendor_id)

    # ---- outcome

    async def apply_report(self, report: CallReport) -> bool:
        """Apply a report; false when it belongs to no virtual call."""
        call = await VirtualCall.get_or_none(out_id=report.out_id)
        if call is None:
            return False
        if call.call_id not in ("", report.call_id):
            log.warning("report_refused", vendor="voice", reason="another_call", call=str(call.id))
            return True
        if report.ended:
            await self._end_call(call.id, report.status, report.seconds, report.call_id)
        elif report.status in _PROGRESS:
            await self._move_call(call.id, _PROGRESS[report.status], vendor_id=report.call_id)
        return True

    async def check_due(self) -> int:
        """Query calls without an end, and abandon those without a report."""
        due = await rows(_DUE, self.deps.now())
        return await process_each("virtual_calls", due, lambda row: self._check_call(row["id"]))

    async def _check_call(self, call_id: UUID) -> None:
        call, now = await VirtualCall.get(id=call_id), self.deps.now()
        if call.state == State.ASKED:
            await self._move_call(call_id, Event.REFUSE, code="too_late")
            return
        answer = None
        if call.call_id:
            try:
                answer = await self.bridge.report(call.call_id, call.asked_at)
            except GatewayError as error:
                log.warning("virtual_call_report_missing", call=str(call_id), error=str(error))
        if answer is not None and answer.ended:
            await self._end_call(call_id, answer.status, answer.seconds)
        elif now >= call.asked_at + _report_timeout(call):
            await self._move_call(call_id, Event.LOSE, code="no_report")
        else:
            await VirtualCall.filter(id=call_id, closed_at=None).update(check_at=now + _RINGING)

    async def _move_call(self, call_id: UUID, event: Event, *, code: str = "", vendor_id: str = "") -> None:
        async with transaction():
            call = await VirtualCall.select_for_update().get(id=call_id)
            if not VIRTUAL_CALL.can(State(call.state), event):
                return
            call.call_id = call.call_id or vendor_id
            if event in (Event.TAKE, Event.CONNECT):
                call.state = VIRTUAL_CALL.next(State(call.state), event)
                await call.save(update_fields=["state", "call_id"])
            else:
                await self._close_call(call, event, code)

    async def _end_call(self, call_id: UUID, code: str, seconds: int, vendor_id: str = "") -> None:
        """Close a call. It is locked first, since the result depends on reports applied before."""
        async with transaction():
            call = await VirtualCall.select_for_update().get(id=call_id)
            event = _outcome(State(call.state), code, seconds)
            if VIRTUAL_CALL.can(State(call.state), event):
                call.call_id = call.call_id or vendor_id
                await self._close_call(call, event, code, seconds if event == Event.TALK else 0)

    async def _close_call(self, call: VirtualCall, event: Event, code: str, seconds: int = 0) -> None:
        call.state = VIRTUAL_CALL.next(State(call.state), event)
        call.vendor_code, call.seconds = code[:60], seconds
        call.staff_phone_sealed, call.check_at, call.closed_at = "", None, self.deps.now()
        await call.save()


def _code(error: GatewayError) -> str:
    """Why a call was not placed. Its requester is waiting at the phone, so it is not tried again by itself."""
    if isinstance(error, NeedsOperator):
        return operator_wait(error)
    return error.vendor_code if isinstance(error, Rejected) else "busy"


def _outcome(state: State, code: str, seconds: int) -> Event:
    """Who was reached in a call that ended with this vendor status, after so many seconds of talk."""
    if state == State.TALKING or (code == _TALKED and seconds):
        return Event.TALK
    if state == State.CALLING or code == _TALKED or code in _EXPERT_AWAY:
        return Event.MISS
    return Event.REFUSE if code in _NOT_CONNECTED else Event.NOT_TAKE


def _report_timeout(call: VirtualCall) -> timedelta:
    """How long to wait for a call's end: in progress, placed, or perhaps placed."""
    if call.state != State.DIALLING:
        return _LONGEST
    return _UNHEARD if call.call_id else _RINGING


def _line(row: Mapping[str, Any]) -> CallLine:
    state = State(row["state"])
    return CallLine(
        at=row["asked_at"],
        asked_by=row["asked_by"],
        state=state,
        state_label=state.label,
        seconds=row["seconds"],
        under_way=state in (State.ASKED, State.DIALLING, State.CALLING, State.TALKING),
    )
