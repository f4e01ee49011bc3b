"""What vendors report about calls and messages: stored as it came, then applied once, in any order, however often."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.errors import GatewayError
from domain.ids import new_id
from domain.lifecycles import ATTEMPT, AttemptEvent, AttemptState
from domain.rulebook_sections import Voice
from models.accounts import WechatIdentity
from models.notices import Attempt, Notice, Receipt
from services.base import Deps, rows, transaction
from services.batches import each
from services.invitations import Choice, Invitations
from services.notices import Notices
from services.notices.notify import NO_RECEIPT
from services.ports import CallReport, SmsReport, SmsSender, VoiceCaller

Vendor = Literal["voice", "sms", "wechat"]

HEARD = ("200000", "200001", "200008", "300000")
"""Somebody picked up: heard to the end, hung up early, no key in time, keys pressed."""
_MAX_CHECKS = 3
_PATIENCE = timedelta(seconds=60)
"""How long a receipt that fits no attempt may still turn out to have come too early."""

_STORE = (
    "INSERT INTO receipt (id, vendor, key, body, received_at) VALUES ($1, $2, $3, $4::jsonb, $5) "
    "ON CONFLICT (vendor, key) DO NOTHING RETURNING id"
)


class Receipts:
    def __init__(
        self, deps: Deps, notices: Notices, invitations: Invitations, sms: SmsSender, voice: VoiceCaller
    ) -> None:
        self._deps = deps
        self._notices = notices
        self._invitations = invitations
        self._sms = sms
        self._voice = voice

    # ---- taking them in

    async def take_calls(self, reports: Sequence[CallReport]) -> None:
        """Store reports of calls; a job applies them. Repeats are dropped by call, status and keys."""
        await self._take(
            "voice",
            [
                (
                    f"{r.call_id}:{r.attempt}:{r.status}:{r.keys}:{int(r.ended)}",
                    {**asdict(r), "ended_at": r.ended_at.isoformat() if r.ended_at else None},
                )
                for r in reports
            ],
        )

    async def take_sms(self, reports: Sequence[SmsReport]) -> None:
        await self._take("sms", [(f"{r.biz_id}:{r.attempt}:{r.delivered}:{r.vendor_code}", asdict(r)) for r in reports])

    async def take_template(self, appid: str, msgid: str, status: str, openid: str) -> None:
        """The finish event of a template message."""
        body = {"appid": appid, "msgid": msgid, "status": status, "openid": openid}
        await self._take("wechat", [(f"{appid}:{msgid}", body)])

    async def _take(self, vendor: Vendor, reports: Sequence[tuple[str, dict[str, Any]]]) -> None:
        now = self._deps.now()
        async with transaction():
            for key, body in reports:
                stored = await rows(_STORE, new_id(), vendor, key[:120], json.dumps(body), now)
                if stored:
                    await self._deps.jobs.defer("receipts.apply", receipt_id=str(stored[0]["id"]))

    # ---- applying them

    async def apply(self, receipt_id: UUID) -> None:
        """Carry one receipt out. Harmless to repeat; a receipt that fits no attempt is kept and left alone."""
        receipt = await Receipt.get_or_none(id=receipt_id)
        if receipt is None or receipt.applied_at is not None:
            return
        async with transaction():
            now = self._deps.now()
            if await self._carry_out(receipt) or now >= receipt.received_at + _PATIENCE:
                await Receipt.filter(id=receipt_id).update(applied_at=now)

    async def _carry_out(self, receipt: Receipt) -> bool:
        """False when it may have come too early: the id that WeChat gave its message is not in the ledger yet."""
        if receipt.vendor == "wechat":
            return await self._apply_template(receipt.body)
        if receipt.vendor == "voice":
            ended_at = receipt.body["ended_at"]
            at = datetime.fromisoformat(ended_at) if ended_at else None
            await self._apply_call(CallReport(**{**receipt.body, "ended_at": at}))
        else:
            await self._apply_sms(SmsReport(**receipt.body))
        return True

    async def _apply_call(self, report: CallReport) -> None:
        if not report.ended:
            return
        known = await self._find_attempt("voice", report.attempt, report.call_id)
        if known is None:
            return
        notice = await Notice.get(id=known.notice_id)
        choice = self._choice(notice, report.keys)
        if choice is not None and notice.invitation_id is not None and notice.expert_id is not None:
            await self._invitations.answer(notice.invitation_id, notice.expert_id, choice, by="voice")
        await self._close(known.id, self._call_event(notice, report, choice), report.status, report)

    def _call_event(self, notice: Notice, report: CallReport, choice: Choice | None) -> AttemptEvent:
        if choice is not None:
            return AttemptEvent.ANSWER
        if report.status in HEARD and notice.kind != "draw_call":
            return AttemptEvent.DELIVER
        return AttemptEvent.FAIL

    def _choice(self, notice: Notice, keys: str) -> Choice | None:
        if notice.kind != "draw_call":
            return None
        return read_keys(keys, self._deps.book(notice.pool).voice)

    async def _apply_sms(self, report: SmsReport) -> None:
        known = await self._find_attempt("sms", report.attempt, report.biz_id)
        if known is None or report.delivered is None:
            return
        event = AttemptEvent.DELIVER if report.delivered else AttemptEvent.FAIL
        await self._close(known.id, event, report.vendor_code, None)

    async def _apply_template(self, body: dict[str, str]) -> bool:
        known = await self._find_attempt("wechat", 0, body["msgid"])
        if known is None:
            return False
        delivered = body["status"].startswith("success")
        event = AttemptEvent.DELIVER if delivered else AttemptEvent.FAIL
        await self._close(known.id, event, body["status"][:60], None)
        if body["status"].startswith("failed:user block") or body["status"].startswith("failed: user block"):
            await WechatIdentity.filter(appid=body["appid"], openid=body["openid"]).update(blocked=True)
        return True

    async def _find_attempt(self, channel: str, number: int, vendor_id: str) -> Attempt | None:
        if number:
            return await Attempt.get_or_none(number=number, channel=channel)
        return await Attempt.filter(vendor_id=vendor_id, channel=channel).order_by("-created_at").first()

    async def _close(self, attempt_id: UUID, event: AttemptEvent, code: str, call: CallReport | None) -> None:
        """Move an attempt as far as is known, then let its notice go on. Knowledge never shrinks."""
        attempt = await self._lock(attempt_id)
        state = AttemptState(attempt.state)
        if not ATTEMPT.can(state, event):
            return
        attempt.state = ATTEMPT.next(state, event)
        attempt.vendor_code = code
        if call is not None:
            attempt.keys, attempt.vendor_id = call.keys[:20], call.call_id or attempt.vendor_id
            if event == AttemptEvent.FAIL and call.status in HEARD:
                attempt.vendor_code = "no_valid_key"
        attempt.check_at, attempt.closed_at = None, self._deps.now()
        await attempt.save()
        await self._notices.advance(attempt.notice_id)

    async def _lock(self, attempt_id: UUID) -> Attempt:
        """The attempt, locked; its notice before it, as everywhere."""
        known = await Attempt.get(id=attempt_id)
        await Notice.select_for_update().get(id=known.notice_id)
        return await Attempt.select_for_update().get(id=attempt_id)

    # ---- asking for those that don't come

    async def check_due(self, limit: int = 100) -> int:
        """Ask vendors about attempts whose outcome is overdue; give up after a few questions. Returns how many."""
        due = await rows(
            "SELECT a.id, a.number, a.channel, a.vendor_id, a.sent_at, n.mobile_sealed "
            "FROM attempt a JOIN notice n ON n.id = a.notice_id "
            "WHERE a.check_at <= $1 AND a.state IN ('sent', 'unknown') ORDER BY a.check_at LIMIT $2",
            self._deps.now(),
            limit,
        )
        await each("check_outcomes", due, self._check)
        return len(due)

    async def _check(self, row: Any) -> None:
        await self._wait_or_give_up(row["id"], answered=await self._ask(row))

    async def _ask(self, row: Any) -> bool:
        """True when the vendor knew the outcome, which is then on its way as a receipt."""
        try:
            if row["channel"] == "voice" and row["vendor_id"]:
                call = await self._voice.report(row["vendor_id"], row["sent_at"])
                if call is not None and call.ended:
                    await self.take_calls([_numbered(call, row["number"])])
                    return True
            elif row["channel"] == "sms" and row["mobile_sealed"]:
                mobile = self._deps.keys.open_text(row["mobile_sealed"], "mobile")
                sms = await self._sms.report(mobile, row["sent_at"], row["vendor_id"], attempt=row["number"])
                if sms is not None and sms.delivered is not None:
                    await self.take_sms([sms])
                    return True
        except GatewayError:
            return False
        return False

    async def _wait_or_give_up(self, attempt_id: UUID, *, answered: bool) -> None:
        async with transaction():
            attempt = await self._lock(attempt_id)
            if attempt.state not in (AttemptState.SENT, AttemptState.UNKNOWN):
                return
            attempt.checks += not answered
            attempt.check_at = self._deps.now() + timedelta(seconds=max(attempt.wait, 10))
            await attempt.save(update_fields=["checks", "check_at"])
            if not answered and (attempt.checks >= _MAX_CHECKS or attempt.channel in ("wechat", "mini")):
                await self._close(attempt.id, AttemptEvent.FAIL, NO_RECEIPT, None)


def _numbered(call: CallReport, number: int) -> CallReport:
    return CallReport(call.call_id, number, call.ended, call.status, call.keys, call.ended_at)


def read_keys(keys: str, voice: Voice) -> Choice | None:
    """What the pressed keys mean: the last two presses, repeats left out, must be the same answer (or the last one,
    where no second press is asked for); anything else is no answer."""
    pressed = [key for key in keys if key != voice.repeat]
    wanted = 2 if voice.confirm_twice else 1
    last = pressed[-wanted:]
    if len(last) < wanted or len(set(last)) != 1:
        return None
    choices: dict[str, Choice] = {voice.attend: "accept", voice.decline: "decline"}
    return choices.get(last[0])
