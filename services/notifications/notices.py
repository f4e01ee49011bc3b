"""Making, advancing and stopping notices; everything here runs inside the caller's transaction."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from tortoise.expressions import Q

from domain.errors import NotFound
from domain.ids import new_id
from domain.notifications.lifecycles import AttemptState
from models.accounts import Account
from models.experts import Expert
from models.notices import Attempt, Notice
from services.core.base import Deps, execute, rows
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


class Notifier(Protocol):
    """Tells a person something, in the transaction that is under way; see ``Notices``."""

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


@dataclass(frozen=True)
class Recipient:
    """The recipient, by account, expert or bare mobile; ``params`` and ``dedupe_key`` are this person's own."""

    dedupe_key: str
    params: Params = field(default_factory=dict)
    account_id: UUID | None = None
    expert_id: UUID | None = None
    mobile: str | None = None


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

    async def notify_many(self, *, pool: str, kind: str, recipients: Sequence[Recipient]) -> int:
        """Tell thousands in a few statements; returns how many are new. Recipients name an account or an expert."""
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
                params=dict(r.params),
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
        numbers = await self._numbers(len(notices) * len(first.attempts))
        made = [(notice, planned) for notice in notices for planned in first.attempts]
        await Attempt.bulk_create(
            [
                _new_attempt(notice, planned, number, now)
                for (notice, planned), number in zip(made, numbers, strict=True)
            ],
            batch_size=2000,
        )
        await self._deps.jobs.defer("notices.deliver")
        return len(notices)

    async def advance(self, notice_id: UUID) -> None:
        """Lock a notice and make whatever attempts its ladder asks for now."""
        notice = await Notice.select_for_update().get_or_none(id=notice_id)
        if notice is None or notice.state != "active":
            return
        now = self._deps.now()
        await self._apply(notice, self._plan(notice, await _tried(notice_id), now), now)

    async def stop(self, *, invitation_id: UUID, kinds: Sequence[str]) -> None:
        """End the ladders of an invitation: what was not sent yet is not sent any more."""
        notices = await Notice.filter(invitation_id=invitation_id, kind__in=list(kinds), state="active")
        await self._close([n.id for n in notices], "stopped")

    async def resume(self, *, invitation_id: UUID, kind: str, pause: timedelta) -> None:
        """Let a ladder that an answer has stopped go on, since the answer was undone; nothing is sent before ``pause``.

        What was not sent when it stopped is due again.
        """
        for notice in await Notice.filter(invitation_id=invitation_id, kind=kind, state="stopped").select_for_update():
            notice.state, notice.closed_at = "active", None
            await notice.save(update_fields=["state", "closed_at"])
            now = self._deps.now()
            await self._apply(notice, self._plan(notice, await _tried(notice.id), now + pause), now)

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
        if not step.attempts:
            return
        numbers = await self._numbers(len(step.attempts))
        await Attempt.bulk_create(
            [_new_attempt(notice, planned, n, now) for planned, n in zip(step.attempts, numbers, strict=True)]
        )
        if any(planned.due_at <= now for planned in step.attempts):
            await self._deps.jobs.defer("notices.deliver")

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
    )


async def _tried(notice_id: UUID) -> list[Tried]:
    """Attempts as the ladder sees them; those that were never made are none."""
    attempts = await Attempt.filter(notice_id=notice_id).exclude(vendor_code=STOPPED)
    return [Tried(a.step, AttemptState(a.state), a.created_at, _is_repeatable(a)) for a in attempts]


def _is_repeatable(attempt: Attempt) -> bool:
    return not (attempt.channel == "voice" and attempt.vendor_code == NO_RECEIPT)
