"""Handles one message from its arrival to its reply, across processes and repeated deliveries.

Within ``timeout`` the reply goes back passively. After it the message is first committed as a job row, then the
callback answers ``success``, so that WeChat doesn't retry; the run continues in its process, and the job sends its
reply through the customer-service window that the message opened. Should the process die, the job runs the message
itself.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import structlog
from prometheus_client import Counter

from bot.codec import Codec
from bot.dialogue import BUSY, BUSY_OUTCOME, OUTAGES, SILENT_EVENTS, Dialogue, DialogueOutcome
from bot.inbox import CLOSE, FORGET, KEEP, LEASE_TTL, ClaimStatus, Inbox, JournalAct, MessageClaim
from bot.journal import Journal, JournalBroken, message_from_json, message_to_json, seal, unseal
from bot.messages import Message, parse_xml
from bot.pending_replies import prepend_pending
from bot.rendering import render
from bot.replies import Text, speak
from bot.turn import Turn
from bot.users import LEAVING_EVENTS, Users
from bot.windows import Windows
from config.outage_reports import report_outage
from domain.errors import NeedsOperator, OutcomeUnknown, Rejected, Transient
from services.core.crypto import Keyring, SealBroken
from services.ports import OfficialAccountSender

if TYPE_CHECKING:
    from services.registry import Services

log = structlog.get_logger()

CommitLate: TypeAlias = Callable[[str, str], Awaitable[None]]
"""Commit a sealed message (second argument) of a pool as a job that calls ``Engine.finish_late`` with it."""

NotifyElsewhere: TypeAlias = Callable[[str, str], Awaitable[object]]
"""Notify a user (pool, openid) on another channel that a reply waits in the chat."""

SUCCESS = ""
"""The response body that shows the user nothing and stops WeChat's retries."""

_RUN_LIMIT = 60.0
"""Seconds after which a handler is aborted."""
_JOB_WAITS = 20.0
"""Seconds that a job waits for the run, which goes on; the job is then retried and leaves its slot to others."""
_LATE_LIMIT = 0.3
_REDIS_LIMIT = 0.2
"""Seconds that both Redis steps of the hand-over may take: with ``timeout`` they stay below WeChat's five."""
_PURPOSE = "late-message"
_PENDING_PURPOSE = "pending-reply"

late_reply_outcomes = Counter(
    "bot_late_total", "Replies that missed WeChat's five seconds, by what became of them", ["outcome"]
)


@dataclass(frozen=True)
class EngineParts:
    """The engine's collaborators; ``codecs`` by pool."""

    codecs: Mapping[str, Codec]
    dialogue: Dialogue
    services: Services
    users: Users
    inbox: Inbox
    windows: Windows
    keys: Keyring
    sender: OfficialAccountSender
    commit_late: CommitLate
    notify_elsewhere: NotifyElsewhere
    connected: Callable[[], AbstractContextManager[None]] = nullcontext
    """Context manager in which the database is reached over connections reserved for the chat."""


class Engine:
    """``timeout`` is how long a reply may take, in seconds from the message's arrival."""

    def __init__(self, parts: EngineParts, *, timeout: float = 4.4) -> None:
        self._parts = parts
        self._timeout = timeout
        self._running: set[asyncio.Task[object]] = set()

    async def receive(self, message: Message, arrived: float) -> str:
        """The encrypted reply for one delivery, or SUCCESS; never raises. ``arrived`` is ``time.monotonic()``'s."""
        with self._parts.connected():
            return await self._receive(message, arrived)

    async def _receive(self, message: Message, arrived: float) -> str:
        token = secrets.token_hex(8)
        run = asyncio.create_task(self._run_or_wait(message, token))
        # Most runs end within a third of the lease: only a longer one needs a task that renews it.
        first = min(self._time_left(arrived), LEASE_TTL / 3)
        await asyncio.wait((run,), timeout=first)
        if not run.done():
            self._keep_lease(run, message, token)
            await asyncio.wait((run,), timeout=self._time_left(arrived))
        try:
            return run.result() if run.done() else await self._hand_over_message(message)
        except OUTAGES as error:
            return await self._answer_without_redis(message, error)
        except Exception:
            log.exception("bot_engine_failed", kind=message.kind, bot_event=message.event)
            return self._busy_reply(message)

    async def finish_late(self, pool: str, sealed: str) -> None:
        """The job's part: wait for the run or do it, and send its reply once. Raises Transient when to be tried again
        later."""
        with self._parts.connected():
            await self._finish_late(pool, sealed)

    async def _finish_late(self, pool: str, sealed: str) -> None:
        message = message_from_json(json.loads(self._parts.keys.open(sealed, f"{_PURPOSE}:{pool}")))
        token = secrets.token_hex(8)
        run = asyncio.create_task(self._run_or_wait(message, token, job=True))
        self._keep_lease(run, message, token)
        try:
            reply = await asyncio.wait_for(asyncio.shield(run), _JOB_WAITS)
        except OUTAGES as error:
            raise Transient("the message could not be finished yet", retry_after=5) from error
        if reply:
            await self._send_once(message, reply)

    async def resume_parked(self) -> int:
        """Turn messages that came while PostgreSQL was unavailable into jobs, and count them; call it every few
        seconds."""
        count = 0
        while (parked_message := await self._parts.inbox.find_parked()) is not None:
            pool, _, sealed = parked_message.partition(" ")
            await self._parts.commit_late(pool, sealed)
            await self._parts.inbox.unpark(parked_message)
            count += 1
        return count

    async def close(self) -> None:
        """Wait until running conversations end; the caller sets the time limit."""
        while self._running:
            await asyncio.wait(set(self._running))
        await self._parts.inbox.close()

    def _time_left(self, arrived: float) -> float:
        return max(0.0, self._timeout - (time.monotonic() - arrived))

    async def _run_or_wait(self, message: Message, token: str, *, job: bool = False) -> str:
        """Run the message once this process holds the claim, else wait for the process that does; returns this caller's
        reply."""
        # Another process aborts its run at _RUN_LIMIT, and its lease ends at most LEASE_TTL later.
        pause, limit = 0.01, time.monotonic() + _RUN_LIMIT + LEASE_TTL
        while time.monotonic() < limit:
            claim = await self._parts.inbox.claim(message, token, job=job)
            if claim.status is ClaimStatus.RUN:
                reply = await self._run_claimed(message, token, claim, job=job)
                if reply is not None:
                    return reply
            elif claim.status is ClaimStatus.DONE:
                return claim.reply if claim.late or not job else SUCCESS
            elif claim.status is ClaimStatus.LATE:
                return SUCCESS
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.2)
        raise TimeoutError("the message is at work elsewhere for too long")

    async def _run_claimed(self, message: Message, token: str, claim: MessageClaim, *, job: bool) -> str | None:
        """None when the claim was lost meanwhile."""
        outcome = await self._answer_message(message, claim)
        if outcome.outage and (job or message.event in SILENT_EVENTS or message.event == "subscribe"):
            await self._postpone_message(message, token, job=job)
            return SUCCESS
        outcome, included = self._prepend_pending(message, outcome, claim)
        stored, act = self._stored_reply(message, outcome), self._journal_act(message, outcome)
        return stored if await self._parts.inbox.finish(message, token, stored, act, included=included) else None

    def _prepend_pending(
        self, message: Message, outcome: DialogueOutcome, claim: MessageClaim
    ) -> tuple[DialogueOutcome, int]:
        """Prepend replies that could not be sent earlier."""
        if not claim.pending or outcome.outage or message.event in SILENT_EVENTS:
            return outcome, 0
        reply, included = prepend_pending(
            outcome.reply, [self._open_pending(message.pool, sealed_reply) for sealed_reply in claim.pending]
        )
        return replace(outcome, reply=reply), included

    def _open_pending(self, pool: str, sealed: str) -> str:
        """Empty when it can't be decrypted any more because its key is gone."""
        try:
            return self._parts.keys.open(sealed, f"{_PENDING_PURPOSE}:{pool}").decode()
        except SealBroken:
            log.warning("bot_pending_reply_broken")
            return ""

    async def _answer_message(self, message: Message, claim: MessageClaim) -> DialogueOutcome:
        try:
            user = await self._parts.users.find(message)
        except OUTAGES as error:
            if not report_outage("chat-database", error):
                log.warning("bot_database_away", error=str(error))
            return BUSY_OUTCOME
        turn = Turn(user, self._parts.services, message, message.received_at)
        return await self._parts.dialogue.answer(turn, self._unseal_journal(message, claim), claim.timed_out or None)

    async def _postpone_message(self, message: Message, token: str, *, job: bool) -> None:
        """WeChat doesn't repeat it: a job is retried, an event waits in Redis to become a job."""
        if not job:
            await self._parts.inbox.park(f"{message.pool} {self._seal_message(message)}")
            await self._parts.inbox.hand_over(message)
        await self._parts.inbox.release(message, token)
        if job:
            raise TimeoutError("a part of ours is away")

    async def _hand_over_message(self, message: Message) -> str:
        """``timeout`` is over: commit the message as a job, then answer WeChat."""
        try:
            async with asyncio.timeout(_LATE_LIMIT):
                await self._parts.commit_late(message.pool, self._seal_message(message))
        except OUTAGES as error:
            if not report_outage("chat-hand-over", error):
                log.warning("bot_hand_over_failed", error=type(error).__name__)
            late_reply_outcomes.labels("not_committed").inc()
            step = self._parts.inbox.set_answer_once(message, self._busy_reply(message))
        else:
            step = self._parts.inbox.hand_over(message)
        async with asyncio.timeout(_REDIS_LIMIT):
            return (await step).reply

    async def _answer_without_redis(self, message: Message, error: BaseException) -> str:
        """No de-duplication, no journal: ask the person to repeat; an event, which is not repeated, becomes a job."""
        if not report_outage("chat-redis", error):
            log.warning("bot_redis_away", error=type(error).__name__)
        if message.event not in SILENT_EVENTS:
            return self._busy_reply(message)
        try:
            async with asyncio.timeout(_LATE_LIMIT):
                await self._parts.commit_late(message.pool, self._seal_message(message))
        except OUTAGES as second:
            log.error("bot_event_lost", bot_event=message.event, error=type(second).__name__)
        return SUCCESS

    async def _send_once(self, message: Message, reply: str) -> None:
        text = speak(parse_xml(self._parts.codecs[message.pool].decrypt(reply)))
        if not text:
            return
        # Before the claim, which could not be returned during an outage: the reply would count as sent.
        in_window = await self._parts.windows.spend(message.pool, message.openid)
        if not await self._parts.inbox.claim_delivery(message):
            return
        try:
            outcome = await self._send_text(message, text, in_window=in_window)
        except Transient:
            await self._parts.inbox.return_delivery(message)
            raise
        except OutcomeUnknown:
            outcome = "unknown"
        except OUTAGES as error:
            await self._parts.inbox.return_delivery(message)
            raise Transient("the reply could not be kept yet", retry_after=5) from error
        late_reply_outcomes.labels(outcome).inc()

    async def _send_text(self, message: Message, text: str, *, in_window: bool) -> str:
        if in_window:
            try:
                await self._parts.sender.send_text(message.pool, message.openid, text)
            except (Rejected, NeedsOperator) as error:  # kept, and shown at the person's next message
                log.warning("bot_late_reply_refused", code=error.vendor_code)
            else:
                return "sent"
        sealed = self._parts.keys.seal(text, f"{_PENDING_PURPOSE}:{message.pool}")
        # Stored first: when the notification fails, the job repeats both, and a reply stored twice is shown once.
        await self._parts.inbox.add_pending(message, sealed)
        await self._parts.notify_elsewhere(message.pool, message.openid)
        return "kept"

    def _keep_lease(self, run: asyncio.Task[str], message: Message, token: str) -> None:
        """Renew the lease while the run goes on, even when no caller waits any more, and abort it at the limit."""
        renewal = asyncio.create_task(self._renew_lease(run, message, token))
        self._running.add(renewal)
        renewal.add_done_callback(self._running.discard)

    async def _renew_lease(self, run: asyncio.Task[str], message: Message, token: str) -> None:
        limit = time.monotonic() + _RUN_LIMIT
        while not run.done():
            await asyncio.wait((run,), timeout=LEASE_TTL / 3)
            if time.monotonic() > limit:
                run.cancel()
            elif not run.done():
                try:
                    await self._parts.inbox.claim(message, token)
                except OUTAGES as error:
                    if not report_outage("chat-redis", error):
                        log.warning("bot_lease_not_renewed", error=type(error).__name__)
        if run.cancelled() or run.exception() is not None:
            log.warning("bot_run_failed", error="cancelled" if run.cancelled() else type(run.exception()).__name__)

    def _unseal_journal(self, message: Message, claim: MessageClaim) -> Journal | None:
        if not claim.journal:
            return None
        try:
            return unseal(claim.journal, self._parts.keys, message)
        except JournalBroken as error:
            log.warning("bot_journal_broken", reason=str(error)[:80])
            return None

    def _journal_act(self, message: Message, outcome: DialogueOutcome) -> JournalAct:
        if message.event in LEAVING_EVENTS and not outcome.outage:
            return FORGET
        if outcome.keep:
            return KEEP
        if outcome.journal is None:
            return CLOSE
        return JournalAct("set", seal(outcome.journal, self._parts.keys), outcome.journal.conversation)

    def _stored_reply(self, message: Message, outcome: DialogueOutcome) -> str:
        if message.event in SILENT_EVENTS:
            return SUCCESS
        articles = 8 if message.kind == "event" else 1
        xml = render(
            outcome.reply, message.openid, message.account, int(message.received_at.timestamp()), articles=articles
        )
        return SUCCESS if xml is None else self._parts.codecs[message.pool].encrypt(xml)

    def _busy_reply(self, message: Message) -> str:
        return self._stored_reply(message, DialogueOutcome(Text(BUSY)))

    def _seal_message(self, message: Message) -> str:
        plain = json.dumps(message_to_json(message), ensure_ascii=False)
        return self._parts.keys.seal(plain, f"{_PURPOSE}:{message.pool}")
