"""Vendors' reports on calls and messages: stored as received, then applied once, in any order, however often repeated.

Reports are not signed, so each is only a claim. It must contain our secret id of the attempt and the vendor's id of the
call or message; a key that decides counts only after the vendor, queried by us, confirms the call.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog
from prometheus_client import Counter

from domain.errors import GatewayError
from domain.ids import new_id
from domain.notifications.lifecycles import ATTEMPT, ContactAttemptEvent, ContactAttemptState
from domain.rulebook.notice_texts import CALLS
from domain.rulebook.sections import VoiceRules
from models.accounts import WechatIdentity
from models.notices import Attempt, DeliveryReport, Notice
from services.core.base import Deps, rows, transaction
from services.core.due_rows import not_paused, process_each
from services.core.outages import AWAY
from services.draws import Choice, Invitations, VirtualCalls
from services.notifications import NO_REPORT, NO_VALID_KEY, UNCONFIRMED, Notices, subscription_key
from services.ports import CallDetail, CallReport, SmsReport, SmsSender, VoiceCaller

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Vendor = Literal["voice", "sms", "wechat"]

refused = Counter("pbt_reports_refused_total", "Reports of vendors that were not believed", ["vendor", "reason"])

HEARD = ("200000", "200001", "200008", "300000")
"""Codes of an answered call: heard to the end, hung up early, no key in time, keys pressed."""
REPORT_TTL = timedelta(days=30)
"""How long a report is kept after it was applied."""
_MAX_CHECKS = 3
_MAX_CONFIRMATIONS = 8
_LONGEST_PAUSE = 20.0
"""Seconds. Eight queries take some 90 seconds, as long as an invitation waits for its call's outcome."""
_AT_ONCE = 8
_MASKED_DIGITS = 4
_UNMATCHED_TTL = timedelta(seconds=60)
"""How long a report without matching attempt is kept, since it may have come before the attempt's id was stored."""
WITHOUT_JOB = (
    "applied_at IS NULL AND received_at <= $1::timestamptz - interval '30 seconds' "
    f"AND (vendor = 'voice' OR received_at <= $1::timestamptz - interval '{_UNMATCHED_TTL.total_seconds()} seconds') "
    f"AND {not_paused('delivery_reports', 'id')}"
)
"""Condition of reports whose job was lost, at the moment ``$1``: those that are applied whatever attempt they match, or
the scheduler would find them again with each tick."""

_STORE = (
    "INSERT INTO delivery_report (id, vendor, key, body, received_at) VALUES ($1, $2, $3, $4::jsonb, $5) "
    "ON CONFLICT (vendor, key) DO NOTHING RETURNING id"
)


WRITTEN_AFTER_CALL: Mapping[str, str] = {"draw_released": "draw_release_text"}
"""Kinds of which an answered call is followed by a short message, and that message's kind."""


@dataclass(frozen=True)
class DeliveryReports:
    deps: Deps
    notices: Notices
    invitations: Invitations
    virtual_calls: VirtualCalls
    sms: SmsSender
    voice: VoiceCaller

    # ---- receiving

    async def take_calls(self, reports: Sequence[CallReport]) -> None:
        """Store reports of calls; a job applies them. Repeats are dropped by call, status and keys."""
        await self._receive(
            "voice",
            [
                (
                    f"{r.call_id}:{r.out_id}:{r.status}:{r.keys}:{int(r.ended)}",
                    {**asdict(r), "ended_at": r.ended_at.isoformat() if r.ended_at else None},
                )
                for r in reports
            ],
        )

    async def take_sms(self, reports: Sequence[SmsReport]) -> None:
        await self._receive(
            "sms", [(f"{r.biz_id}:{r.out_id}:{r.delivered}:{r.vendor_code}", asdict(r)) for r in reports]
        )

    async def take_template(self, appid: str, msgid: str, status: str, openid: str) -> None:
        """The finish event of a template message."""
        body = {"appid": appid, "msgid": msgid, "status": status, "openid": openid}
        await self._receive("wechat", [(f"{appid}:{msgid}", body)])

    async def take_subscription(self, appid: str, openid: str, template_id: str, msgid: str, status: str) -> None:
        """The sent event of a 订阅通知; it finds its attempt by template and receiver."""
        found_by = subscription_key(template_id, openid)
        body = {"appid": appid, "msgid": found_by, "status": status, "openid": openid}
        await self._receive("wechat", [(f"{appid}:{msgid}", body)])

    async def _receive(self, vendor: Vendor, reports: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """All in one transaction; if that fails, each in its own, so that one that can't be stored costs no other."""
        try:
            await self._store_reports(vendor, reports)
        except AWAY:
            raise
        except Exception:  # last resort: the vendor would repeat the whole push, including the bad report
            log.exception("reports_not_stored", vendor=vendor, count=len(reports))
            for report in reports if len(reports) > 1 else ():
                await self._receive(vendor, [report])

    async def _store_reports(self, vendor: Vendor, reports: Sequence[tuple[str, dict[str, Any]]]) -> None:
        now = self.deps.now()
        async with transaction():
            for key, body in reports:
                stored = await rows(_STORE, new_id(), vendor, key[:120], json.dumps(body), now)
                if stored:
                    await self.deps.jobs.defer("delivery_reports.apply", report_id=str(stored[0]["id"]))

    # ---- applying

    async def apply(self, report_id: UUID) -> None:
        """Apply one report. Harmless to repeat; a report without matching attempt is kept unapplied."""
        stored = await DeliveryReport.get_or_none(id=report_id)
        if stored is None or stored.applied_at is not None:
            return
        async with transaction():
            now = self.deps.now()
            if await self._apply_report(stored) or now >= stored.received_at + _UNMATCHED_TTL:
                await DeliveryReport.filter(id=report_id).update(applied_at=now)

    async def _apply_report(self, stored: DeliveryReport) -> bool:
        """False when it may have come too early: the vendor's id of the message is not stored yet."""
        if stored.vendor == "wechat":
            return await self._apply_template(stored.body)
        if stored.vendor == "sms":
            return await self._apply_sms(SmsReport(**stored.body))
        ended_at = stored.body["ended_at"]
        at = datetime.fromisoformat(ended_at) if ended_at else None
        report = CallReport(**{**stored.body, "ended_at": at})
        if not await self.virtual_calls.apply_report(report):
            await self._apply_call_report(report)
        return True

    async def _apply_call_report(self, report: CallReport) -> None:
        """A report without deciding key closes the call it names; any other makes us query the vendor."""
        known = await Attempt.get_or_none(out_id=report.out_id, channel="voice") if report.ended else None
        if known is None:
            return
        if known.vendor_id not in ("", report.call_id):
            _note_refused_report("voice", "another_call", known)
            return
        notice = await Notice.get(id=known.notice_id)
        if known.vendor_id and self._choice_of(notice, report.keys) is None:
            await self._close_attempt(known.id, _call_event(notice, report.status), report.status, report.keys)
        else:
            await self._request_confirmation(known.id, report)

    async def _request_confirmation(self, attempt_id: UUID, report: CallReport) -> None:
        attempt = await self._lock_attempt(attempt_id)
        if not ATTEMPT.can(ContactAttemptState(attempt.state), ContactAttemptEvent.ANSWER):
            return
        attempt.vendor_id, attempt.keys = report.call_id, report.keys
        attempt.checks, attempt.check_at = 0, self.deps.now()
        await attempt.save(update_fields=["vendor_id", "keys", "checks", "check_at"])

    def _choice_of(self, notice: Notice, keys: str) -> Choice | None:
        if notice.kind not in CALLS:
            return None
        return read_keys(keys, self.deps.book(notice.pool).voice)

    async def _apply_sms(self, report: SmsReport) -> bool:
        known = await Attempt.get_or_none(out_id=report.out_id, channel="sms")
        if known is None or report.delivered is None:
            return True
        if not known.vendor_id:
            return False
        if known.vendor_id != report.biz_id:
            _note_refused_report("sms", "another_message", known)
            return True
        await self._close_sms(known.id, report)
        return True

    async def _close_sms(self, attempt_id: UUID, report: SmsReport) -> None:
        event = ContactAttemptEvent.DELIVER if report.delivered else ContactAttemptEvent.FAIL
        await self._close_attempt(attempt_id, event, report.vendor_code)

    async def _apply_template(self, body: dict[str, str]) -> bool:
        # several 订阅通知 of one template to one person have the same id: the oldest that waits comes first
        attempts = Attempt.filter(vendor_id=body["msgid"], channel="wechat")
        waiting = attempts.filter(state__in=[ContactAttemptState.SENT, ContactAttemptState.UNKNOWN])
        known = await waiting.order_by("created_at").first() or await attempts.order_by("-created_at").first()
        if known is None:
            return False
        delivered = body["status"].startswith("success")
        event = ContactAttemptEvent.DELIVER if delivered else ContactAttemptEvent.FAIL
        await self._close_attempt(known.id, event, body["status"][:60])
        if body["status"].startswith("failed:user block") or body["status"].startswith("failed: user block"):
            await WechatIdentity.filter(appid=body["appid"], openid=body["openid"]).update(blocked=True)
        return True

    async def _close_attempt(
        self, attempt_id: UUID, event: ContactAttemptEvent, code: str, keys: str | None = None
    ) -> None:
        """Move an attempt as far as is known, then let its notice go on. Reports never undo earlier knowledge."""
        attempt = await self._lock_attempt(attempt_id)
        state = ContactAttemptState(attempt.state)
        if not ATTEMPT.can(state, event):
            return
        attempt.state = ATTEMPT.next(state, event)
        attempt.vendor_code = code
        if keys is not None:
            attempt.keys = keys
            if event == ContactAttemptEvent.FAIL and code in HEARD:
                attempt.vendor_code = NO_VALID_KEY
                await self._notify_unconfirmed(attempt)
        attempt.check_at, attempt.closed_at = None, self.deps.now()
        await attempt.save()
        if event == ContactAttemptEvent.DELIVER and attempt.channel == "voice":
            await self._write_after_call(await Notice.get(id=attempt.notice_id))
        await self.notices.advance(attempt.notice_id)

    async def _write_after_call(self, notice: Notice) -> None:
        """For kinds that promise it, send a short message after an answered call, once."""
        kind = WRITTEN_AFTER_CALL.get(notice.kind)
        if kind:
            await self.notices.notify(
                pool=notice.pool,
                kind=kind,
                dedupe_key=f"{kind}:{notice.invitation_id}",
                params=notice.params,
                expert_id=notice.expert_id,
                invitation_id=notice.invitation_id,
            )

    async def _notify_unconfirmed(self, attempt: Attempt) -> None:
        """The person may believe to have answered without confirming. Deferred to a job, since a draw is locked before
        its notices."""
        notice = await Notice.get(id=attempt.notice_id)
        chose = attempt.keys.replace(self.deps.book(notice.pool).voice.repeat, "")
        if chose and notice.kind in CALLS and notice.invitation_id is not None:
            await self.deps.jobs.defer("invitations.notify_unconfirmed", invitation_id=str(notice.invitation_id))

    async def _lock_attempt(self, attempt_id: UUID) -> Attempt:
        """The attempt, locked; its notice is locked before, as everywhere."""
        known = await Attempt.get(id=attempt_id)
        await Notice.select_for_update().get(id=known.notice_id)
        return await Attempt.select_for_update().get(id=attempt_id)

    # ---- querying vendors

    async def check_due(self, limit: int = 100) -> int:
        """Query vendors about attempts whose outcome is overdue or not confirmed; abandon them after a few queries.

        Returns the number of attempts.
        """
        due = await rows(
            "SELECT a.id, a.out_id, a.channel, a.vendor_id, a.sent_at, n.mobile_sealed "
            "FROM attempt a JOIN notice n ON n.id = a.notice_id WHERE a.check_at <= $1 "
            f"AND {not_paused('check_outcomes', 'a.id')} ORDER BY a.check_at LIMIT $2",
            self.deps.now(),
            limit,
        )
        await process_each("check_outcomes", due, self._check_attempt, at_once=_AT_ONCE)
        return len(due)

    async def _check_attempt(self, row: Any) -> None:
        try:
            answer = await self._query_vendor(row)
        except GatewayError:
            answer = None
        in_vain: UUID | None = None
        async with transaction():
            if isinstance(answer, CallDetail):
                in_vain = await self._apply_call_detail(row, answer)
            elif answer is not None:
                await self._close_sms(row["id"], answer)
            else:
                in_vain = await self._wait_or_give_up(row["id"])
        if in_vain is not None:  # after the transaction: an invitation's draw is locked before its notices
            await self.invitations.notify_answer_unclear(in_vain)

    async def _query_vendor(self, row: Any) -> CallDetail | SmsReport | None:
        """The vendor's details, if it knows the outcome."""
        if row["channel"] == "voice" and row["vendor_id"]:
            call = await self.voice.report(row["vendor_id"], row["sent_at"])
            return call if call is not None and call.ended else None
        if row["channel"] == "sms" and row["mobile_sealed"]:
            mobile = self.deps.keys.open_text(row["mobile_sealed"], "mobile")
            sms = await self.sms.report(mobile, row["sent_at"], row["vendor_id"], out_id=row["out_id"])
            return sms if sms is not None and sms.delivered is not None else None
        return None

    async def _apply_call_detail(self, row: Any, detail: CallDetail) -> UUID | None:
        """Now a key may decide: the vendor itself confirms that this call went to this person, and was answered.

        The vendor's keys count; if it returns none, those reported under the call's secret id.
        """
        attempt = await Attempt.get(id=row["id"])
        if not is_number(detail.called, self.deps.keys.open_text(row["mobile_sealed"], "mobile")):
            _note_refused_report("voice", "another_number", attempt)
            await Attempt.filter(id=row["id"], state=ContactAttemptState.UNKNOWN).update(vendor_id="", keys="")
            return await self._wait_or_give_up(row["id"])
        notice = await Notice.get(id=attempt.notice_id)
        keys = attempt.keys if detail.keys is None else detail.keys
        choice = self._choice_of(notice, keys) if detail.status in HEARD else None
        if choice is not None and notice.invitation_id is not None and notice.expert_id is not None:
            await self.invitations.answer(
                notice.invitation_id, notice.expert_id, choice, by="voice", sent_at=row["sent_at"]
            )
        event = ContactAttemptEvent.ANSWER if choice is not None else _call_event(notice, detail.status)
        await self._close_attempt(row["id"], event, detail.status, keys)
        # also where the attempt was closed before and didn't move: else it would be queried again
        await Attempt.filter(id=row["id"]).update(check_at=None)
        return None

    async def _wait_or_give_up(self, attempt_id: UUID) -> UUID | None:
        """Query again after a growing pause, or abandon. A key without confirmation doesn't count: its call failed.
        Then returns the invitation whose expert must be notified."""
        attempt = await self._lock_attempt(attempt_id)
        if attempt.check_at is None:
            return None
        attempt.checks += 1
        spread = random.uniform(0.9, 1.1)  # noqa: S311  (spread, not secrecy)
        if attempt.keys:
            pause, most, code = min(2.0**attempt.checks, _LONGEST_PAUSE) * spread, _MAX_CONFIRMATIONS, UNCONFIRMED
        else:
            pause, most, code = max(attempt.wait, 10) * (1 + attempt.checks / 2) * spread, _MAX_CHECKS, NO_REPORT
        attempt.check_at = self.deps.now() + timedelta(seconds=pause)
        await attempt.save(update_fields=["checks", "check_at"])
        # messages of WeChat can't be queried: the first check already gives them up
        if attempt.checks < most and attempt.channel not in ("wechat", "mini"):
            return None
        await Attempt.filter(id=attempt_id).update(check_at=None, vendor_code=code)
        await self._close_attempt(attempt_id, ContactAttemptEvent.FAIL, code)
        if code != UNCONFIRMED:
            return None
        log.error("call_unconfirmed", attempt=attempt.number)
        return (await Notice.get(id=attempt.notice_id)).invitation_id


def _call_event(notice: Notice, status: str) -> ContactAttemptEvent:
    return ContactAttemptEvent.DELIVER if status in HEARD and notice.kind not in CALLS else ContactAttemptEvent.FAIL


def _note_refused_report(vendor: str, reason: str, attempt: Attempt) -> None:
    refused.labels(vendor, reason).inc()
    log.warning("report_refused", vendor=vendor, reason=reason, attempt=attempt.number)


def is_number(reported: str, mobile: str) -> bool:
    """Whether the vendor's number is ours; it may have a country code and four masked digits."""
    fits = len(reported) >= len(mobile) and all(
        reported_digit in (digit, "*") for reported_digit, digit in zip(reported[-11:], mobile, strict=True)
    )
    return fits and reported.count("*") <= _MASKED_DIGITS


def read_keys(keys: str, voice: VoiceRules) -> Choice | None:
    """The meaning of the pressed keys: the last two presses must be the same key (only the last one, where no second
    press is required); anything else decides nothing."""
    pressed = [key for key in keys if key != voice.repeat]
    wanted = 2 if voice.confirm_twice else 1
    last = pressed[-wanted:]
    if len(last) < wanted or len(set(last)) != 1:
        return None
    choices: dict[str, Choice] = {voice.attend: "accept", voice.decline: "decline"}
    return choices.get(last[0])
