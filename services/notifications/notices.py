"""Creating, advancing and stopping notices; everything here runs inside the caller's transaction."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from domain.errors import NotFound
from domain.ids import new_id
from domain.notifications.lifecycles import ContactAttemptState
from domain.rulebook.notice_texts import OPENABLE
from models.notices import Attempt, Notice
from services.core.base import Deps, execute, rows
from services.core.due_rows import not_paused, process_together
from services.core.inserts import insert
from services.core.operator_waits import OPERATOR
from services.notifications.ladder import EarlierAttempt, LadderPlan, PlannedAttempt, begin_of, plan, urgent_ladder

Params = Mapping[str, str | int]

_LETTERS = string.ascii_letters + string.digits
_OUT_ID_LENGTH = 15
NO_REPORT = "no_receipt"
"""Code of an attempt abandoned because its outcome was never reported."""
STOPPED = "stopped"
"""Code of an attempt that was never made, since its ladder had ended."""
CHAT_REPLY = "chat_reply"
"""Ledger code of an attempt that the reply of a conversation has made needless."""
NO_VALID_KEY, UNCONFIRMED = "no_valid_key", "unconfirmed"
"""Codes of calls that were answered without a valid key; the vendor did not confirm the keys of the second."""
FAREWELL = "account_closed"
"""The notice to somebody whose account is deleted: it forgets the number as soon as it has ended."""
_CLIMBS = f"""
n.state = 'active' AND n.next_at <= $1 AND {not_paused("climb", "n.id")} AND NOT EXISTS (SELECT 1 FROM invitation i
    WHERE i.id = n.invitation_id AND i.state = 'open' AND i.answer_until <= $1)
"""
"""Nobody is called any more about an invitation that is about to expire, or whether the telephone rings would depend on
which of two tasks comes first."""
CLIMB_DUE = " OR ".join(
    f"EXISTS (SELECT 1 FROM notice n WHERE {which} AND {_CLIMBS})" for which in ("bulk", "NOT bulk")
)
_TO_CLIMB = (
    f"SELECT n.id FROM notice n WHERE n.bulk = $2 AND {_CLIMBS} ORDER BY n.next_at LIMIT $3 FOR UPDATE SKIP LOCKED"
)
_TO_ADVANCE = "SELECT id FROM notice WHERE id = ANY($1::uuid[]) AND state = 'active' ORDER BY id FOR UPDATE"
_SET_NEXT = (
    "UPDATE notice n SET next_at = to_be.next_at FROM unnest($1::uuid[], $2::timestamptz[]) AS to_be (id, next_at) "
    "WHERE n.id = to_be.id"
)


_ADDRESSES = """
SELECT n.id AS known, e.id AS expert, e.mobile_sealed AS experts_mobile, a.id AS account, a.mobile_sealed AS mobile,
  coalesce(r.account_id, e.account_id) AS account_id
FROM unnest($2::text[], $3::uuid[], $4::uuid[]) WITH ORDINALITY AS r (dedupe_key, account_id, expert_id, at)
LEFT JOIN notice n ON n.pool = $1 AND n.dedupe_key = r.dedupe_key LEFT JOIN expert e ON e.id = r.expert_id
LEFT JOIN account a ON a.id = coalesce(r.account_id, e.account_id) ORDER BY r.at
"""
"""For each recipient: the notice with its key, if there is one, and the person's addresses."""
_OPEN = """
UPDATE notice n SET opened_at = $3
  FROM (SELECT id FROM notice WHERE invitation_id = ANY($1::uuid[]) AND kind = ANY($2::text[]) AND opened_at IS NULL
        ORDER BY id FOR UPDATE) AS unopened
 WHERE n.id = unopened.id RETURNING n.id, n.pool, n.kind, n.state
"""
_NUMBERED = (("attempt.number", "nextval('attempt_number')"),)
_KEY_MAX = 120
"""Characters of ``Notice.dedupe_key``."""
_AT_ONCE = 2000


@dataclass(frozen=True)
class Recipient:
    """The recipient, by account, expert or bare mobile; ``params`` and ``dedupe_key`` are specific to this person."""

    dedupe_key: str
    params: Params = field(default_factory=dict)
    account_id: UUID | None = None
    expert_id: UUID | None = None
    mobile: str | None = None
    invitation_id: UUID | None = None


@dataclass(frozen=True)
class NoticeRequest:
    """A notice to one person. ``secret`` and ``notified_channel`` as in ``Notices.notify``."""

    kind: str
    to: Recipient
    secret: str | None = None
    notified_channel: str = ""


def stored_key(dedupe_key: str) -> str:
    """As the column holds it: of a long key its beginning and a digest, so that no key is too long for a moment with
    microseconds."""
    if len(dedupe_key) <= _KEY_MAX:
        return dedupe_key
    digest = hashlib.sha256(dedupe_key.encode()).hexdigest()[:32]
    return f"{dedupe_key[: _KEY_MAX - 1 - len(digest)]}:{digest}"


@dataclass(frozen=True)
class Notices:
    """Writes notices and their attempts. A repeated ``dedupe_key`` silently yields the same notice."""

    deps: Deps

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
        notified_channel: str = "",
    ) -> UUID:
        """Notify one person; returns the notice's id. ``secret`` fills ``{code}`` and is stored encrypted.

        ``notified_channel`` is a channel that notifies the person anyway (the reply of a conversation): the notice
        counts as delivered there and is not sent again. Raises NotFound without a recipient.
        """
        to = Recipient(dedupe_key, params, account_id, expert_id, mobile, invitation_id)
        return (await self.notify_each(pool, [NoticeRequest(kind, to, secret, notified_channel)]))[0]

    async def notify_many(self, *, pool: str, kind: str, recipients: Sequence[Recipient], bulk: bool = True) -> int:
        """Notify thousands in a few statements; returns how many are new. Recipients name an account or an expert.

        ``bulk``: they may wait, so notices to single persons are sent before them.
        """
        requests = [NoticeRequest(kind, recipient) for recipient in recipients]
        fresh = 0
        for start in range(0, len(requests), _AT_ONCE):
            _, new = await self._create_notices(pool, requests[start : start + _AT_ONCE], bulk)
            fresh += new
        return fresh

    async def notify_each(self, pool: str, requests: Sequence[NoticeRequest]) -> list[UUID]:
        """Send different notices to several people by two statements; returns the notices' ids. Raises as
        ``notify``."""
        return (await self._create_notices(pool, requests, bulk=False))[0]

    async def _create_notices(self, pool: str, requests: Sequence[NoticeRequest], bulk: bool) -> tuple[list[UUID], int]:
        """The notices' ids, and how many of them are new."""
        now = self.deps.now()
        created: list[tuple[Notice, list[Attempt]]] = []
        ids: list[UUID] = []
        for request, row in zip(requests, await self._find_addresses(pool, requests), strict=True):
            if row["known"] is None:
                created.append(self._build_notice(pool, request, row, now, bulk))
            ids.append(row["known"] or created[-1][0].id)
        if created:
            attempts = [attempt for _, own_attempts in created for attempt in own_attempts]
            await insert((Notice, [notice for notice, _ in created]), (Attempt, attempts), given=_NUMBERED)
        return ids, len(created)

    async def _find_addresses(self, pool: str, requests: Sequence[NoticeRequest]) -> list[Any]:
        return await rows(
            _ADDRESSES,
            pool,
            [stored_key(request.to.dedupe_key) for request in requests],
            [request.to.account_id for request in requests],
            [request.to.expert_id for request in requests],
        )

    def _build_notice(
        self, pool: str, request: NoticeRequest, row: Mapping[str, Any], now: datetime, bulk: bool
    ) -> tuple[Notice, list[Attempt]]:
        """A notice with its first attempts, not inserted yet."""
        to, keys = request.to, self.deps.keys
        notice = Notice(
            pool=pool,
            kind=request.kind,
            account_id=row["account_id"],
            expert_id=to.expert_id,
            mobile_sealed=self._sealed_mobile(to, row),
            invitation_id=to.invitation_id,
            params=dict(to.params),
            secret_sealed=keys.seal(request.secret, "notice") if request.secret else "",
            bulk=bulk,
            dedupe_key=stored_key(to.dedupe_key),
            created_at=now,
        )
        step = self._plan_next(notice, [], now)
        attempts = [_new_attempt(notice, planned, now) for planned in step.attempts]
        if request.notified_channel:
            for attempt in attempts:
                if attempt.channel == request.notified_channel:
                    attempt.state, attempt.vendor_code = ContactAttemptState.DELIVERED, CHAT_REPLY
                    attempt.closed_at = now
            step = self._plan_next(notice, [_as_earlier_attempt(attempt) for attempt in attempts], now)
            attempts += [_new_attempt(notice, planned, now) for planned in step.attempts]
        notice.next_at = step.next_at
        if step.state != "active":
            notice.state, notice.closed_at, notice.next_at, notice.secret_sealed = step.state, now, None, ""
            for attempt in attempts:
                if attempt.state == ContactAttemptState.PENDING:
                    attempt.state, attempt.vendor_code, attempt.closed_at = ContactAttemptState.FAILED, STOPPED, now
        return notice, attempts

    def _sealed_mobile(self, to: Recipient, row: Mapping[str, Any]) -> str:
        """Encrypted. Raises NotFound for an unknown recipient."""
        if to.mobile is not None:
            return self.deps.keys.seal(to.mobile, "mobile")
        if row["expert"] is not None:
            return str(row["experts_mobile"])
        if row["account"] is not None:
            return str(row["mobile"])
        raise NotFound("找不到要通知的人，请核对后重试。")

    async def climb_due(self, limit: int = 250) -> int:
        """Make attempts that ladders require by now; returns the number of notices.

        Notices to one person and to thousands get the same share.
        """
        done = 0
        for bulk in (False, True):
            find = partial(rows, _TO_CLIMB, self.deps.now(), bulk, limit)
            done += await process_together("climb", find, self._advance_due)
        return done

    async def climb(self, notice_ids: Sequence[UUID]) -> None:
        """The same for certain notices; a fault in one delays no other."""
        if not notice_ids:
            return
        find = partial(rows, _TO_ADVANCE, list(notice_ids))
        await process_together("climb", find, self._advance_due)

    async def _advance_due(self, due: Sequence[Any]) -> None:
        await self.advance_many([row["id"] for row in due])

    async def advance(self, notice_id: UUID) -> None:
        """Lock a notice and make the attempts that its ladder requires now."""
        await self.advance_many([notice_id])

    async def advance_many(self, notice_ids: Sequence[UUID]) -> None:
        now = self.deps.now()
        notices = await Notice.filter(id__in=list(notice_ids), state="active").order_by("id").select_for_update()
        tried = await _read_attempts([notice.id for notice in notices])
        plans = [(notice, self._plan_next(notice, tried[notice.id], now)) for notice in notices]
        for state in ("done", "failed"):
            await self._close([notice.id for notice, step in plans if step.state == state], state)
        going_on = [(notice, step) for notice, step in plans if step.state == "active"]
        moved = [(notice, step) for notice, step in going_on if notice.next_at != step.next_at]
        if moved:
            await execute(_SET_NEXT, [notice.id for notice, _ in moved], [step.next_at for _, step in moved])
        await self._add_attempts([(notice, planned) for notice, step in going_on for planned in step.attempts], now)

    async def stop(self, *, invitation_id: UUID, kinds: Sequence[str]) -> None:
        """End the ladders of an invitation: unsent attempts are cancelled."""
        await self.stop_many([invitation_id], kinds)

    async def stop_many(self, invitation_ids: Sequence[UUID], kinds: Sequence[str]) -> None:
        notices = await rows(
            "UPDATE notice SET state = 'stopped', closed_at = $3, next_at = NULL, secret_sealed = '' "
            "WHERE invitation_id = ANY($1::uuid[]) AND kind = ANY($2::text[]) AND state = 'active' RETURNING id",
            list(invitation_ids),
            list(kinds),
            self.deps.now(),
        )
        if notices:
            await self._drop_attempts([row["id"] for row in notices])

    async def resume(self, *, invitation_id: UUID, kind: str, pause: timedelta) -> None:
        """Resume a ladder that an answer has stopped, since the answer was undone; nothing is sent before ``pause`` is
        over.

        Attempts cancelled by the stop are due again.
        """
        for notice in await Notice.filter(invitation_id=invitation_id, kind=kind, state="stopped").select_for_update():
            notice.state, notice.closed_at = "active", None
            await notice.save(update_fields=["state", "closed_at"])
            now = self.deps.now()
            await self._apply_plan(
                notice, self._plan_next(notice, (await _read_attempts([notice.id]))[notice.id], now + pause), now
            )

    async def reword(self, *, invitation_id: UUID, kind: str, params: Params) -> None:
        """Replace params of a ladder that runs or may be resumed: later messages contain the new values."""
        living = Notice.filter(invitation_id=invitation_id, kind=kind, state__in=["active", "stopped"])
        for notice in await living.select_for_update():
            notice.params = {**notice.params, **params}
            await notice.save(update_fields=["params"])

    async def mark_opened(self, invitation_ids: Sequence[UUID]) -> None:
        """The person has the page of these invitations before the eyes: notices about them are opened, and those that
        went on until then end."""
        opened = await rows(_OPEN, list(invitation_ids), list(OPENABLE), self.deps.now())
        ended = [row["id"] for row in opened if row["state"] == "active" and self._ends_when_opened(row)]
        await self._close(ended, "done")

    def _ends_when_opened(self, row: Mapping[str, Any]) -> bool:
        return self.deps.book(row["pool"]).ladder[row["kind"]].until == "opened"

    async def finish(self, notice_ids: Sequence[UUID]) -> None:
        """End ladders that have reached the person."""
        await self._close(notice_ids, "done")

    async def _close(self, notice_ids: Sequence[UUID], state: str) -> None:
        if not notice_ids:
            return
        now = self.deps.now()
        await execute(
            "UPDATE notice SET state = $2, closed_at = $3, next_at = NULL, secret_sealed = '', "
            "mobile_sealed = CASE WHEN kind = $4 THEN '' ELSE mobile_sealed END WHERE id = ANY($1::uuid[])",
            list(notice_ids),
            state,
            now,
            FAREWELL,
        )
        await self._drop_attempts(notice_ids)

    async def drop_late(self, notice_ids: Sequence[UUID]) -> None:
        """Cancel attempts that were to be tried again, while their notice ended by another one."""
        if notice_ids:
            ended = await rows(
                "SELECT id FROM notice WHERE id = ANY($1::uuid[]) AND state <> 'active'", list(notice_ids)
            )
            await self._drop_attempts([row["id"] for row in ended])

    async def _drop_attempts(self, notice_ids: Sequence[UUID]) -> None:
        """Cancel attempts of notices that have just ended. In a separate statement, since one that waited for a
        notice's lock does not see attempts made meanwhile."""
        await execute(
            "UPDATE attempt SET state = 'failed', vendor_code = $3, closed_at = $2 "
            "WHERE notice_id = ANY($1::uuid[]) AND state = 'pending'",
            list(notice_ids),
            self.deps.now(),
            STOPPED,
        )

    def _plan_next(self, notice: Notice, tried: Sequence[EarlierAttempt], now: datetime) -> LadderPlan:
        ladder = urgent_ladder(self.deps.book(notice.pool).ladder[notice.kind], notice.params, now)
        return plan(ladder, notice.created_at, tried, now, begin_of(notice.params))

    async def _apply_plan(self, notice: Notice, step: LadderPlan, now: datetime) -> None:
        if step.state != "active":
            await self._close([notice.id], step.state)
            return
        if notice.next_at != step.next_at:
            notice.next_at = step.next_at
            await notice.save(update_fields=["next_at"])
        await self._add_attempts([(notice, planned) for planned in step.attempts], now)

    async def _add_attempts(self, planned: Sequence[tuple[Notice, PlannedAttempt]], now: datetime) -> None:
        """Notifies no listener: the deadlines' tick finds what is due."""
        if not planned:
            return
        attempts = [_new_attempt(notice, attempt, now) for notice, attempt in planned]
        await insert((Attempt, attempts), given=_NUMBERED)


def new_out_id() -> str:
    """An unguessable id that a vendor echoes: 89 random bits, the maximum in its 15 characters."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_OUT_ID_LENGTH))


def _new_attempt(notice: Notice, planned: PlannedAttempt, now: datetime) -> Attempt:
    return Attempt(
        id=new_id(),
        notice_id=notice.id,
        channel=planned.channel,
        step=planned.step,
        out_id=new_out_id(),
        created_at=now,
        due_at=planned.due_at,
        wait=int(planned.wait.total_seconds()),
        bulk=notice.bulk,
    )


async def _read_attempts(notice_ids: Sequence[UUID]) -> Mapping[UUID, list[EarlierAttempt]]:
    """Attempts for the ladder, without those that were never made."""
    tried: defaultdict[UUID, list[EarlierAttempt]] = defaultdict(list)
    for a in await Attempt.filter(notice_id__in=list(notice_ids)).exclude(vendor_code=STOPPED):
        tried[a.notice_id].append(_as_earlier_attempt(a))
    return tried


def _as_earlier_attempt(attempt: Attempt) -> EarlierAttempt:
    held = attempt.state == ContactAttemptState.PENDING and attempt.vendor_code.startswith(OPERATOR)
    return EarlierAttempt(
        attempt.step, ContactAttemptState(attempt.state), attempt.due_at, _is_repeatable(attempt), held
    )


def _is_repeatable(attempt: Attempt) -> bool:
    return not (attempt.channel == "voice" and attempt.vendor_code == NO_REPORT)
