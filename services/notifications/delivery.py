"""Carries attempts out: claims those due, sends them concurrently, stores each outcome.

An attempt is marked ``unknown`` and committed before the vendor is called, so that a crash leaves a trace; it is never
sent again unless the vendor is known to have refused it or to ignore repetitions (template messages, by their id).
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from domain.clock import SHANGHAI, local
from domain.errors import GatewayError, NeedsOperator, OutcomeUnknown, Rejected, Transient
from services.core.base import Deps, execute, rows, transaction
from services.core.operator_waits import OPERATOR, operator_wait
from services.core.outages import AWAY
from services.notifications import rendering
from services.notifications.facts import as_object
from services.notifications.ladder import begin_of, is_follow_up, is_too_late, urgent_ladder
from services.notifications.notices import STOPPED, Notices
from services.notifications.sending import CHAT, NO_CREDIT, Sending, SendOutcome, WechatRecipient, subscription_key
from services.ports import AccountSubscriptions, SubscribeTemplate, SubscribeTemplates

log = structlog.get_logger(__name__)

_BATCH = 400
_AT_ONCE = 64
_MAX_TRIES = 4
_LONGEST_PAUSE = 60.0
"""Seconds."""
_FIRST_HOLD, _LONGEST_HOLD = timedelta(seconds=30), timedelta(hours=1)
"""Pauses of an attempt that waits for the operator; each is twice as long as the one before."""
_HOLD_MAX = timedelta(days=1)
"""How long an attempt waits for the operator; one with a code as long as the code is valid."""
_NOT_FOLLOWING = ("43004", "50005")
"""WeChat's refusals of a person who doesn't follow the account any more."""
_BLOCKED = ("43019", "48002", "50002")
"""WeChat's refusals of a person who wants no messages of ours."""

_COSTLY = ("sms", "voice")
OVER_BUDGET = "day_budget"
"""Code of a message that was not sent, because the person has got as many of its kind today as the rulebook permits."""

_CLAIM = """
UPDATE attempt a SET state = 'unknown', tries = tries + 1, sent_at = $1,
    check_at = $1 + make_interval(secs => greatest(a.wait, 5))
WHERE a.id IN (SELECT id FROM attempt WHERE state = 'pending' AND bulk = $3 AND due_at <= $1
               ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING a.id
"""
_LOAD = """
SELECT a.id, a.number, a.out_id, a.channel, a.step, a.tries, a.vendor_code, a.created_at, a.sent_at,
    n.id AS notice_id, n.pool, n.kind, n.params, n.secret_sealed, n.mobile_sealed, n.account_id, n.expert_id,
    n.invitation_id, n.state, i.menu_id, i.link, i.answer_until
FROM attempt a JOIN notice n ON n.id = a.notice_id LEFT JOIN invitation i ON i.id = n.invitation_id
WHERE a.id = ANY($1::uuid[]) ORDER BY a.due_at, a.number
"""
_SPENT = f"""
SELECT n.id FROM unnest($1::uuid[], $2::int[]) AS limits (id, most) JOIN notice n ON n.id = limits.id
 WHERE EXISTS (SELECT FROM attempt d WHERE d.notice_id = n.id AND d.state IN ('delivered', 'answered'))
   AND (SELECT count(*) FROM notice o JOIN attempt t ON t.notice_id = o.id
         WHERE o.invitation_id = n.invitation_id AND o.kind = n.kind AND t.channel IN ('sms', 'voice')
           AND t.sent_at >= $3 AND t.vendor_code <> '{OVER_BUDGET}' AND t.id <> ALL($4::uuid[])) >= limits.most
"""
_IDENTITIES = """
SELECT DISTINCT ON (account_id, app) id, account_id, app, openid, subscribe_credits FROM wechat_identity
WHERE account_id = ANY($1::uuid[]) AND following AND NOT blocked ORDER BY account_id, app, bound_at DESC NULLS LAST
"""
_END_CONSENT = """
UPDATE wechat_identity SET subscribe_credits = jsonb_set(subscribe_credits, ARRAY[$2::text], '0'),
    subscribe_refusals = CASE WHEN $3 AND (subscribe_credits->>$2)::int > 0
        THEN jsonb_set(subscribe_refusals, ARRAY[$2::text], jsonb_build_object('at', $4::text, 'how', 'ended'))
        ELSE subscribe_refusals END
 WHERE id = $1 AND coalesce((subscribe_accepts->>$2)::timestamptz <= $5, true)
"""
"""Unless the person has consented again since the message was sent, at ``$5``."""
_SPEND_CREDIT = (
    "UPDATE wechat_identity SET subscribe_credits = jsonb_set(subscribe_credits, ARRAY[$2::text], "
    "to_jsonb(greatest((subscribe_credits->>$2)::int - 1, 0))) WHERE id = $1 AND subscribe_credits ? $2"
)
_LOCK_NOTICES = "SELECT id FROM notice WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
_PLAN_NOW = "UPDATE notice SET next_at = $2 WHERE id = ANY($1::uuid[]) AND state = 'active'"
_EARLY = (
    "SELECT id FROM delivery_report WHERE applied_at IS NULL AND vendor IN ('wechat', 'sms') "
    "AND coalesce(body->>'msgid', body->>'biz_id') = ANY($1::text[])"
)
"""Reports that came before the message's id was stored."""
_APPLY = """
UPDATE attempt a SET state = o.state, vendor_id = o.vendor_id, vendor_code = o.vendor_code,
    due_at = coalesce(o.retry_at, a.due_at), cost = o.cost,
    check_at = CASE WHEN o.state IN ('sent', 'unknown') THEN a.check_at END,
    closed_at = CASE WHEN o.state IN ('delivered', 'failed') THEN $2::timestamptz END
FROM jsonb_to_recordset($1::jsonb)
    AS o(id uuid, state text, vendor_id text, vendor_code text, retry_at timestamptz, cost int)
WHERE a.id = o.id AND a.state = 'unknown'
"""


@dataclass(frozen=True)
class Delivery:
    deps: Deps
    notices: Notices
    subscribe_template: SubscribeTemplates
    account_subscription: AccountSubscriptions
    sending: Sending

    async def deliver_due(self, *, bulk: bool = False, longest: float = math.inf) -> int:
        """Send due attempts, batch by batch; returns how many were made.

        ``bulk``: those to thousands, which may wait. After ``longest`` seconds no further batch begins.
        """
        done, until = 0, time.monotonic() + longest
        while batch := await self._claim_batch(bulk):
            limit = asyncio.Semaphore(_AT_ONCE)
            people = await self._find_recipients([row["account_id"] for row in batch if row["account_id"]])
            spent = await self._find_spent_budgets(batch)
            outcomes = await asyncio.gather(
                *(
                    _over_budget(row) if row["notice_id"] in spent else self._make_attempt(row, people, limit)
                    for row in batch
                )
            )
            await self._store_outcomes(batch, outcomes)
            done += len(batch)
            if time.monotonic() >= until:
                break
        return done

    async def _claim_batch(self, bulk: bool) -> list[Any]:
        async with transaction():
            claimed = await rows(_CLAIM, self.deps.now(), _BATCH, bulk)
        return await rows(_LOAD, [row["id"] for row in claimed]) if claimed else []

    async def _find_recipients(self, accounts: Sequence[UUID]) -> dict[UUID, WechatRecipient]:
        identities_by_account: dict[UUID, dict[str, tuple[UUID, str]]] = {}
        allowed: dict[UUID, dict[str, int]] = {}
        for row in await rows(_IDENTITIES, list(set(accounts))):
            identities_by_account.setdefault(row["account_id"], {})[row["app"]] = (row["id"], row["openid"])
            allowed.setdefault(row["account_id"], {}).update(as_object(row["subscribe_credits"]))
        return {
            account: WechatRecipient(identities, allowed.get(account, {}))
            for account, identities in identities_by_account.items()
        }

    async def _find_spent_budgets(self, batch: Sequence[Any]) -> set[UUID]:
        """Notices that have reached the person, whose further messages of today would be more than the rulebook
        permits."""
        following = [row for row in batch if row["channel"] in _COSTLY and self._day_max(row) is not None]
        if not following:
            return set()
        today = local(self.deps.now()).replace(hour=0, minute=0, second=0, microsecond=0)
        overspent = await rows(
            _SPENT,
            [row["notice_id"] for row in following],
            [self._day_max(row) for row in following],
            today,
            [row["id"] for row in batch],
        )
        return {row["id"] for row in overspent}

    def _day_max(self, row: Any) -> int | None:
        ladder = self.deps.book(row["pool"]).ladder[row["kind"]]
        return ladder.day_max if ladder.until == "opened" else None

    async def _make_attempt(
        self, row: Any, people: Mapping[UUID, WechatRecipient], limit: asyncio.Semaphore
    ) -> SendOutcome:
        """Call the vendor once. Every gateway error becomes an outcome; no other exception is expected."""
        outcome = SendOutcome(row["id"], row["notice_id"], "sent")
        try:
            if (held := self._find_obstacle(row, outcome)) is not None:
                return held
            person = people.get(row["account_id"], WechatRecipient({}))
            app = {"wechat": "oa", "mini": "mini"}.get(row["channel"])
            if app is not None:
                if app not in person.identities:
                    return replace(outcome, state="failed", vendor_code="no_openid")
                identity_id, openid = person.identities[app]
                outcome = replace(outcome, identity_id=identity_id, vendor_id=self._subscription_key(row, openid))
            elif not row["mobile_sealed"]:
                return replace(outcome, state="failed", vendor_code="no_mobile")
            async with limit:
                return await self.sending.send(row, person, outcome)
        except GatewayError as error:
            return self._outcome_of(row, outcome, error)
        except Exception:  # last resort: a fault in one message must not lose the outcomes of all others
            log.exception("attempt_failed", attempt=row["number"], kind=row["kind"], channel=row["channel"])
            return self._retry_or_unknown(row, outcome, "our_error")

    def _subscription_key(self, row: Any, openid: str) -> str:
        """By which the event of a 订阅通知 finds its attempt; empty for anything else."""
        template = self.account_subscription(row["pool"], row["kind"]) if row["channel"] == "wechat" else None
        return subscription_key(template.id, openid) if template else ""

    def _outcome_of(self, row: Any, outcome: SendOutcome, error: GatewayError) -> SendOutcome:
        if not isinstance(error, OutcomeUnknown):  # nothing was sent, so no event may find it
            outcome = replace(outcome, vendor_id="")
        if isinstance(error, NeedsOperator):
            return self._wait_for_operator(row, outcome, operator_wait(error))
        if isinstance(error, Transient):
            if row["vendor_code"].startswith(OPERATOR):  # its tries were used up while it was held
                return self._wait_for_operator(row, outcome, row["vendor_code"])
            return self._retry_or_fail(row, outcome, error)
        if isinstance(error, Rejected):
            return replace(outcome, state="failed", vendor_code=error.vendor_code[:60])
        return self._retry_or_unknown(row, outcome, str(error)[:60])

    def _find_obstacle(self, row: Any, outcome: SendOutcome) -> SendOutcome | None:
        """An attempt delayed by an outage may have reached its end, or the quiet hours, since it was planned."""
        now = self.deps.now()
        if row["state"] != "active":
            return replace(outcome, state="failed", vendor_code=STOPPED)
        if row["kind"] in rendering.CHOICES and row["answer_until"] is not None and now >= row["answer_until"]:
            return replace(outcome, state="failed", vendor_code="too_late")
        params = as_object(row["params"])
        ladder = urgent_ladder(self.deps.book(row["pool"]).ladder[row["kind"]], params, now)
        if is_follow_up(ladder, row["step"]) and is_too_late(ladder, begin_of(params), now):
            return replace(outcome, state="failed", vendor_code="too_late")
        hours = ladder.hours.get(row["channel"])
        if hours is not None and not hours.contains(now):
            return replace(outcome, state="pending", vendor_code="quiet_hours", retry_at=hours.next_open(now))
        return None

    def _wait_for_operator(self, row: Any, outcome: SendOutcome, code: str) -> SendOutcome:
        """Our side is wrong, which says nothing about the person: try again in growing pauses, while the ladder goes on
        with its next channels. After ``_HOLD_MAX`` the message would only confuse, and the attempt has failed."""
        now = self.deps.now()
        useful = self.deps.book(row["pool"]).login.code_valid if row["secret_sealed"] else _HOLD_MAX
        pause = min(_FIRST_HOLD * 2 ** min(row["tries"] - 1, 10), _LONGEST_HOLD)
        if now + pause >= row["created_at"] + useful:
            return replace(outcome, state="failed", vendor_code=code)
        return replace(outcome, state="pending", vendor_code=code, retry_at=now + pause)

    def _retry_or_unknown(self, row: Any, outcome: SendOutcome, code: str) -> SendOutcome:
        """Perhaps sent: only a template message is repeated, since WeChat ignores a repeated id."""
        if row["channel"] == "wechat" and not outcome.vendor_id and row["tries"] < _MAX_TRIES:
            pause = 5 * 2.0 ** row["tries"] * random.uniform(1.0, 1.25)  # noqa: S311  (spread, not secrecy)
            retry_at = self.deps.now() + timedelta(seconds=pause)
            return replace(outcome, state="pending", vendor_code="repeat", retry_at=retry_at)
        return replace(outcome, state="unknown", vendor_code=code)

    def _retry_or_fail(self, row: Any, outcome: SendOutcome, error: Transient) -> SendOutcome:
        """Try again soon; if the vendor asks for a long pause the attempt has failed, so that the ladder goes on."""
        if row["tries"] >= _MAX_TRIES or (error.retry_after or 0) > _LONGEST_PAUSE:
            return replace(outcome, state="failed", vendor_code=error.reason[:60])
        pause = error.retry_after if error.retry_after is not None else 2.0 ** row["tries"]
        pause *= random.uniform(1.0, 1.25)  # noqa: S311  (spread, not secrecy)
        retry_at = self.deps.now() + timedelta(seconds=pause)
        return replace(outcome, state="pending", vendor_code=error.reason[:60], retry_at=retry_at)

    async def _store_outcomes(self, batch: Sequence[Any], outcomes: Sequence[SendOutcome]) -> None:
        """All in one transaction; if that fails, each in its own. An outcome that can't be stored leaves the attempt
        *unknown*: it is queried later, and never sent again."""
        try:
            await self._apply_outcomes(batch, outcomes)
        except AWAY:
            raise
        except Exception:  # last resort: whatever is wrong with one outcome, the others must not be lost
            log.exception("outcomes_not_written", count=len(batch))
            if len(batch) == 1:
                return
            for row, outcome in zip(batch, outcomes, strict=True):
                await self._store_outcomes([row], [outcome])

    async def _apply_outcomes(self, batch: Sequence[Any], outcomes: Sequence[SendOutcome]) -> None:
        """Notices are locked before attempts, as everywhere; notices whose ladder goes on are marked in the same
        transaction."""
        now = self.deps.now()
        kinds = {row["notice_id"]: (row["pool"], row["kind"]) for row in batch}
        ended = {o.notice_id for o in outcomes if o.state in ("delivered", "failed")}
        done = {o.notice_id for o in outcomes if o.state == "delivered" and self._ends_on_delivery(kinds[o.notice_id])}
        retried = {o.notice_id for o in outcomes if o.state == "pending"}
        held = {o.notice_id for o in outcomes if o.state == "pending" and o.vendor_code.startswith(OPERATOR)}
        going_on = sorted((ended | held) - done)
        async with transaction():
            await execute(_LOCK_NOTICES, sorted(ended | retried))
            await execute(_APPLY, json.dumps([_as_row(o) for o in outcomes]), now)
            await self._mark_identities(outcomes)
            await self._count_credits(batch, outcomes)
            await self.notices.finish(sorted(done))
            await self.notices.drop_late(sorted(retried))
            await execute(_PLAN_NOW, going_on, now)
            await self._wake_early_reports(batch, outcomes)
        await self.notices.climb(going_on)

    async def _wake_early_reports(self, batch: Sequence[Any], outcomes: Sequence[SendOutcome]) -> None:
        messages = [
            o.vendor_id for row, o in zip(batch, outcomes, strict=True) if row["channel"] != "voice" and o.vendor_id
        ]
        if messages:
            early = await rows(_EARLY, messages)
            await self.deps.jobs.defer_many("delivery_reports.apply", [{"report_id": str(row["id"])} for row in early])

    def _ends_on_delivery(self, kind: tuple[str, str]) -> bool:
        book = self.deps.rulebooks.get(kind[0])
        ladder = book.ladder.get(kind[1]) if book else None
        return ladder is not None and ladder.until == "delivered"

    async def _count_credits(self, batch: Sequence[Any], outcomes: Sequence[SendOutcome]) -> None:
        """A sent message uses up a consent of the one-time kind; where WeChat knows of none, there is none left."""
        for row, outcome in zip(batch, outcomes, strict=True):
            template = self._consented_template(row)
            if template is None or outcome.identity_id is None:
                continue
            if outcome.vendor_code == NO_CREDIT:
                now = self.deps.now().isoformat()
                await execute(_END_CONSENT, outcome.identity_id, template.id, template.long_term, now, row["sent_at"])
            elif outcome.state in ("sent", "delivered") and outcome.vendor_code != CHAT and not template.long_term:
                await execute(_SPEND_CREDIT, outcome.identity_id, template.id)

    def _consented_template(self, row: Any) -> SubscribeTemplate | None:
        """The template for which the attempt's message needed a consent."""
        if row["channel"] == "mini":
            return self.subscribe_template(row["pool"], row["kind"])
        return self.account_subscription(row["pool"], row["kind"]) if row["channel"] == "wechat" else None

    async def _mark_identities(self, outcomes: Sequence[SendOutcome]) -> None:
        """Mark users who, by a refusal, don't follow any more or want no messages."""
        gone = [o.identity_id for o in outcomes if o.identity_id and o.vendor_code in _NOT_FOLLOWING]
        blocked = [o.identity_id for o in outcomes if o.identity_id and o.vendor_code in _BLOCKED]
        if gone:
            await execute("UPDATE wechat_identity SET following = false WHERE id = ANY($1::uuid[])", gone)
        if blocked:
            await execute("UPDATE wechat_identity SET blocked = true WHERE id = ANY($1::uuid[])", blocked)


async def _over_budget(row: Any) -> SendOutcome:
    return SendOutcome(row["id"], row["notice_id"], "failed", vendor_code=OVER_BUDGET)


def _as_row(outcome: SendOutcome) -> dict[str, object]:
    return {
        "id": str(outcome.attempt_id),
        "state": outcome.state,
        "vendor_id": outcome.vendor_id,
        "vendor_code": outcome.vendor_code,
        "retry_at": outcome.retry_at.astimezone(SHANGHAI).isoformat() if outcome.retry_at else None,
        "cost": outcome.cost,
    }
