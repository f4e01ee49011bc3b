"""Making, advancing and stopping notices; everything here runs inside the caller's transaction."""

from __future__ import annotations

import secrets
import string
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from tortoise.expressions import Q

from domain.errors import NotFound
from domain.ids import new_id
from domain.notifications.lifecycles import AttemptState
from models.accounts import Account
from models.experts import Expert
from models.notices import Attempt, Notice
from services.core.base import Deps, execute, rows
from services.core.batches import not_paused, process_together
from services.notifications.ladder import Plan, Planned, Tried, plan

Params = Mapping[str, str | int]

_LETTERS = string.ascii_letters + string.digits
_OUT_ID_LENGTH = 15
NO_RECEIPT = "no_receipt"
"""Ledger code of an attempt given up because its outcome was never reported."""
STOPPED = "stopped"
"""Ledger code of an attempt that was never made, since its ladder had ended."""
NO_VALID_KEY, UNCONFIRMED = "no_valid_key", "unconfirmed"
"""Ledger codes of calls that were picked up to no avail; the vendor did not confirm the keys of the second."""
_TO_CLIMB = f"""
SELECT id FROM notice WHERE state = 'active' AND next_at <= $1 AND bulk = $2 AND {not_paused("climb", "id")}
ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_THESE = "SELECT id FROM notice WHERE id = ANY($1::uuid[]) AND state = 'active' ORDER BY id FOR UPDATE"
_LOOK_AT = (
    "UPDATE notice n SET next_at = to_be.next_at FROM unnest($1::uuid[], $2::timestamptz[]) AS to_be (id, next_at) "
    "WHERE n.id = to_be.id"
)


@dataclass(frozen=True)
class Recipient:
    """The recipient, by account, expert or bare mobile; ``params`` and ``dedupe_key`` are this person's own."""

    dedupe_key: str
    params: Params = field(default_factory=dict)
    account_id: UUID | None = None
    expert_id: UUID | None = None
    mobile: str | None = None
    invitation_id: UUID | None = None


class Notifier(Protocol):
    """Tells people something, in the transaction that is under way; see ``Notices``."""

    async def notify(
        self,
        *,
        pool: str,
        kind: str,
        dedupe_key: str,
        params: Mapping[str, str | int],
        account_id: UUID | None = None,
        expert_id: UUID | None = None,
        mobile: str | None = None,
        invitation_id: UUID | None = None,
        secret: str | None = None,
        told_on: str = "",
    ) -> UUID: ...

    async def notify_many(self, *, pool: str, kind: str, recipients: Sequence[Recipient], bulk: bool = True) -> int: ...


class Notices:
    """Writes notices and their attempts. A repeated ``dedupe_key`` is silently the same notice."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def notify(
        self,
        *,
        pool: str,
        kind: str,
        dedupe_key: str,
        params: Params,
        account_id: UUID | None = None,
        expert_id: UUID | None = None,
        mobile: str | None = None,
        invitation_id: UUID | None = None,
        secret: str | None = None,
        told_on: str = "",
    ) -> UUID:
        """Tell one person; returns the notice's id. ``secret`` fills ``{code}`` and is kept sealed.

        ``told_on`` names a channel that gives the person this already (the reply of a conversation): it is noted
        as delivered there and not sent again. Raises NotFound without a recipient.
        """
        existing = await Notice.get_or_none(pool=pool, dedupe_key=dedupe_key)
        if existing is not None:
            return existing.id
        now = self._deps.now()
        recipient = Recipient(dedupe_key, params, account_id, expert_id, mobile)
        sealed_mobile, account = await self._address(recipient)
        notice = Notice(
            pool=pool,
            kind=kind,
            account_id=account,
            expert_id=expert_id,
            mobile_sealed=sealed_mobile,
            invitation_id=invitation_id,
            params=dict(params),
            secret_sealed=self._deps.keys.seal(secret, "notice") if secret else "",
            dedupe_key=dedupe_key,
            created_at=now,
        )
        first = self._plan(notice, [], now)
        notice.next_at = first.next_at
        await notice.save(force_create=True)
        await self._apply(notice, first, now)
        if told_on:
            await Attempt.filter(notice_id=notice.id, channel=told_on, state=AttemptState.PENDING).update(
                state=AttemptState.DELIVERED, vendor_code="told", closed_at=now
            )
            await self.advance(notice.id)
        return notice.id

    async def notify_many(self, *, pool: str, kind: str, recipients: Sequence[Recipient], bulk: bool = True) -> int:
        """Tell thousands in a few statements; returns how many are new. Recipients name an account or an expert.

        ``bulk``: nobody waits for them, so notices to one person overtake them.
        """
        now = self._deps.now()
        known = {
            row["dedupe_key"]
            for row in await rows(
                "SELECT dedupe_key FROM notice WHERE pool = $1 AND dedupe_key = ANY($2::text[])",
                pool,
                [r.dedupe_key for r in recipients],
            )
        }
        fresh = [r for r in recipients if r.dedupe_key not in known]
        addresses = await self._addresses(fresh)
        notices = [
            Notice(
                id=new_id(),
                pool=pool,
                kind=kind,
                account_id=account,
                expert_id=r.expert_id,
                mobile_sealed=mobile,
                invitation_id=r.invitation_id,
                params=dict(r.params),
                bulk=bulk,
                dedupe_key=r.dedupe_key,
                created_at=now,
            )
            for r, (mobile, account) in zip(fresh, addresses, strict=True)
        ]
        if not notices:
            return 0
        first = self._plan(notices[0], [], now)
        for notice in notices:
            notice.next_at = first.next_at
        await Notice.bulk_create(notices, batch_size=2000)
        await self._add_attempts([(notice, planned) for notice in notices for planned in first.attempts], now)
        return len(notices)

    async def climb_due(self, limit: int = 250) -> int:
        """Make the attempts that ladders ask for by now; returns how many notices there were.

        Those to one person and those to thousands get the same number of places.
        """
        done = 0
        for bulk in (False, True):
            find = partial(rows, _TO_CLIMB, self._deps.now(), bulk, limit)
            done += await process_together("climb", find, self._climb)
        return done

    async def climb(self, notice_ids: Sequence[UUID]) -> None:
        """The same for certain notices; what is wrong with one holds up no other."""
        if not notice_ids:
            return
        find = partial(rows, _THESE, list(notice_ids))
        await process_together("climb", find, self._climb)

    async def _climb(self, due: Sequence[Any]) -> None:
        await self.advance_many([row["id"] for row in due])

    async def advance(self, notice_id: UUID) -> None:
        """Lock a notice and make whatever attempts its ladder asks for now."""
        await self.advance_many([notice_id])

    async def advance_many(self, notice_ids: Sequence[UUID]) -> None:
        now = self._deps.now()
        notices = await Notice.filter(id__in=list(notice_ids), state="active").order_by("id").select_for_update()
        tried = await _tried([notice.id for notice in notices])
        plans = [(notice, self._plan(notice, tried[notice.id], now)) for notice in notices]
        for state in ("done", "failed"):
            await self._close([notice.id for notice, step in plans if step.state == state], state)
        going_on = [(notice, step) for notice, step in plans if step.state == "active"]
        moved = [(notice, step) for notice, step in going_on if notice.next_at != step.next_at]
        if moved:
            await execute(_LOOK_AT, [notice.id for notice, _ in moved], [step.next_at for _, step in moved])
        await self._add_attempts([(notice, planned) for notice, step in going_on for planned in step.attempts], now)

    async def stop(self, *, invitation_id: UUID, kinds: Sequence[str]) -> None:
        """End the ladders of an invitation: what was not sent yet is not sent any more."""
        await self.stop_many([invitation_id], kinds)

    async def stop_many(self, invitation_ids: Sequence[UUID], kinds: Sequence[str]) -> None:
        notices = await rows(
            "SELECT id FROM notice WHERE invitation_id = ANY($1::uuid[]) AND kind = ANY($2::text[]) "
            "AND state = 'active'",
            list(invitation_ids),
            list(kinds),
        )
        await self._close([row["id"] for row in notices], "stopped")

    async def resume(self, *, invitation_id: UUID, kind: str, pause: timedelta) -> None:
        """Let a ladder that an answer has stopped go on, since the answer was undone; nothing is sent before ``pause``.

        What was not sent when it stopped is due again.
        """
        for notice in await Notice.filter(invitation_id=invitation_id, kind=kind, state="stopped").select_for_update():
            notice.state, notice.closed_at = "active", None
            await notice.save(update_fields=["state", "closed_at"])
            now = self._deps.now()
            await self._apply(notice, self._plan(notice, (await _tried([notice.id]))[notice.id], now + pause), now)

    async def reword(self, *, invitation_id: UUID, kind: str, params: Params) -> None:
        """Replace facts of a ladder that runs or may be resumed: what it sends from now on says the new ones."""
        living = Notice.filter(invitation_id=invitation_id, kind=kind, state__in=["active", "stopped"])
        for notice in await living.select_for_update():
            notice.params = {**notice.params, **params}
            await notice.save(update_fields=["params"])

    async def finish(self, notice_ids: Sequence[UUID]) -> None:
        """End ladders that reached their person."""
        await self._close(notice_ids, "done")

    async def _close(self, notice_ids: Sequence[UUID], state: str) -> None:
        if not notice_ids:
            return
        now = self._deps.now()
        await execute(
            "UPDATE notice SET state = $2, closed_at = $3, next_at = NULL, secret_sealed = '' "
            "WHERE id = ANY($1::uuid[])",
            list(notice_ids),
            state,
            now,
        )
        await execute(
            "UPDATE attempt SET state = 'failed', vendor_code = $3, closed_at = $2 "
            "WHERE notice_id = ANY($1::uuid[]) AND state = 'pending'",
            list(notice_ids),
            now,
            STOPPED,
        )

    def _plan(self, notice: Notice, tried: Sequence[Tried], now: datetime) -> Plan:
        return plan(self._deps.book(notice.pool).ladder[notice.kind], notice.created_at, tried, now)

    async def _apply(self, notice: Notice, step: Plan, now: datetime) -> None:
        if step.state != "active":
            await self._close([notice.id], step.state)
            return
        if notice.next_at != step.next_at:
            notice.next_at = step.next_at
            await notice.save(update_fields=["next_at"])
        await self._add_attempts([(notice, planned) for planned in step.attempts], now)

    async def _add_attempts(self, planned: Sequence[tuple[Notice, Planned]], now: datetime) -> None:
        """Nobody is called: the deadlines' tick finds what is due."""
        if not planned:
            return
        numbers = await self._numbers(len(planned))
        await Attempt.bulk_create(
            [_new_attempt(notice, one, number, now) for (notice, one), number in zip(planned, numbers, strict=True)],
            batch_size=2000,
        )

    async def _address(self, recipient: Recipient) -> tuple[str, UUID | None]:
        return (await self._addresses([recipient]))[0]

    async def _addresses(self, recipients: Sequence[Recipient]) -> list[tuple[str, UUID | None]]:
        """Sealed mobile and account of each. Raises NotFound for an unknown recipient."""
        expert_ids = [r.expert_id for r in recipients if r.expert_id]
        experts = {e.id: e for e in await Expert.filter(id__in=expert_ids)} if expert_ids else {}
        wanted = {r.account_id for r in recipients if r.account_id} | {e.account_id for e in experts.values()}
        accounts = {a.id: a for a in await Account.filter(Q(id__in=[w for w in wanted if w]))}
        return [self._resolve(r, experts, accounts) for r in recipients]

    def _resolve(
        self, recipient: Recipient, experts: Mapping[UUID, Expert], accounts: Mapping[UUID, Account]
    ) -> tuple[str, UUID | None]:
        expert = experts.get(recipient.expert_id) if recipient.expert_id else None
        account_id = recipient.account_id or (expert.account_id if expert else None)
        account = accounts.get(account_id) if account_id else None
        if recipient.mobile is not None:
            return self._deps.keys.seal(recipient.mobile, "mobile"), account_id
        if expert is not None:
            return expert.mobile_sealed, account_id
        if account is not None:
            return account.mobile_sealed, account_id
        raise NotFound("找不到要通知的人，请核对后重试。")

    async def _numbers(self, count: int) -> list[int]:
        found = await rows("SELECT nextval('attempt_number') AS n FROM generate_series(1, $1)", count)
        return [int(row["n"]) for row in found]


def new_out_id() -> str:
    """An id that a vendor echoes and that can't be guessed: 89 random bits, the most that its 15 characters hold."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_OUT_ID_LENGTH))


def _new_attempt(notice: Notice, planned: Planned, number: int, now: datetime) -> Attempt:
    return Attempt(
        id=new_id(),
        notice_id=notice.id,
        channel=planned.channel,
        step=planned.step,
        number=number,
        out_id=new_out_id(),
        created_at=now,
        due_at=planned.due_at,
        wait=int(planned.wait.total_seconds()),
        bulk=notice.bulk,
    )


async def _tried(notice_ids: Sequence[UUID]) -> Mapping[UUID, list[Tried]]:
    """Attempts as the ladder sees them; those that were never made are none."""
    tried: defaultdict[UUID, list[Tried]] = defaultdict(list)
    for a in await Attempt.filter(notice_id__in=list(notice_ids)).exclude(vendor_code=STOPPED):
        tried[a.notice_id].append(Tried(a.step, AttemptState(a.state), a.created_at, _is_repeatable(a)))
    return tried


def _is_repeatable(attempt: Attempt) -> bool:
    return not (attempt.channel == "voice" and attempt.vendor_code == NO_RECEIPT)
