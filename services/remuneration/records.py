"""Shared by this package: rows under lock, lines as text, when the agency can pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.clock import local
from domain.errors import NotFound
from domain.payments.money import yuan
from domain.remuneration.fees import LABELS, FeeLine
from domain.remuneration.lifecycles import REMUNERATION, RemunerationEvent, RemunerationState
from domain.rulebook.book import Rulebook
from models.draws import Draw
from models.remuneration import Remuneration
from services.core.base import rows
from services.draws import draw_params, notify_agency
from services.notifications import Notices

CAME = (
    "(EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') OR i.state = 'recused')"
)
"""Experts who may be due an amount: with an entry, or with a confirmed recusal at the venue."""
_SUMS = f"""
SELECT count(*) FILTER (WHERE r.id IS NULL OR r.state IN ('proposed', 'disputed'))::int AS waiting,
  count(*) FILTER (WHERE r.state IN ('confirmed', 'assumed'))::int AS payable,
  coalesce(sum(r.amount) FILTER (WHERE r.state IN ('confirmed', 'assumed')), 0)::bigint AS amount,
  coalesce(sum(r.version), 0)::int AS version
FROM invitation i LEFT JOIN remuneration r ON r.invitation_id = i.id WHERE i.draw_id = $1 AND {CAME}
"""


@dataclass(frozen=True)
class LineView:
    """One line of a remuneration. ``amount`` in fen, negative for a deduction."""

    code: Annotated[str, Field(examples=["first"])]
    label: Annotated[str, Field(examples=["基本酬劳"])]
    amount: Annotated[int, Field(description="Fen", examples=[40000])]
    words: Annotated[str, Field(examples=["2小时以内"])]


def line_views(lines: Sequence[Mapping[str, Any]]) -> tuple[LineView, ...]:
    """Stored lines as text."""
    return tuple(LineView(line["code"], LABELS[line["code"]], line["amount"], line["words"]) for line in lines)


def lines_as_json(lines: Sequence[FeeLine]) -> list[dict[str, str | int]]:
    return [{"code": line.code, "amount": line.amount, "words": line.words} for line in lines]


def move_remuneration(remuneration: Remuneration, event: RemunerationEvent) -> None:
    """Raises Conflict when the state doesn't permit it. Without an open question the deadline for answering is
    cleared."""
    remuneration.state = REMUNERATION.next(RemunerationState(remuneration.state), event)
    if remuneration.state != RemunerationState.PROPOSED:
        remuneration.answer_until = None


def silence_confirms(amount: int | None, computed: int | None) -> bool:
    """Whether no answer counts as a yes: only to the amount that the rulebook's table gives, never to another one."""
    return computed is not None and amount == computed


async def lock_remuneration(remuneration_id: UUID) -> Remuneration:
    """Locked after its draw. Raises NotFound."""
    remuneration = await Remuneration.select_for_update().get_or_none(id=remuneration_id)
    if remuneration is None:
        raise NotFound("找不到这笔酬劳，请刷新后重试。")
    return remuneration


def day_of(at: datetime) -> str:
    """``11月21日``, by which notices identify a panel."""
    t = local(at)
    return f"{t.month}月{t.day}日"


def reply_until(book: Rulebook, remuneration: Remuneration) -> datetime | None:
    """Deadline for the venue's answer to an objection; None without one."""
    if remuneration.state != RemunerationState.DISPUTED or remuneration.answered_at is None:
        return None
    return remuneration.answered_at + book.remuneration.answer_within


REMINDABLE = frozenset({RemunerationState.CONFIRMED, RemunerationState.ASSUMED, RemunerationState.PAID})
"""States in which the expert may say that the money has not arrived; of PAID only the agency says that it was paid."""


def pay_until(book: Rulebook, ended_at: datetime | None) -> datetime | None:
    """When the agency should have paid; None where the rulebook names no time, or the activity has not ended."""
    days = book.remuneration.pay_within_days
    return book.calendar.working_days_after(ended_at, days) if days is not None and ended_at is not None else None


def remind_from(book: Rulebook, reminded_at: datetime | None) -> datetime | None:
    """When the expert may remind the agency again; None if he has not yet."""
    return reminded_at + book.remuneration.remind_every if reminded_at is not None else None


async def notify_proposer(notices: Notices, draw: Draw, remuneration: Remuneration, occasion: str = "") -> None:
    """Ask the proposer of the amount to answer the objection; again on another ``occasion``."""
    [row] = await rows("SELECT code FROM invitation WHERE id = $1", remuneration.invitation_id)
    await notices.notify(
        pool=remuneration.pool,
        kind="remuneration_disputed",
        dedupe_key=f"remuneration_disputed:{remuneration.id}:{remuneration.version}{occasion}",
        params={**draw_params(draw), "code": row["code"], "reason": remuneration.dispute},
        account_id=remuneration.proposed_by_id,
    )


async def notify_when_settled(notices: Notices, draw: Draw) -> None:
    """Notify the agency once all present experts have an amount and no answer is awaited. Under the draw's lock."""
    [sums] = await rows(_SUMS, draw.id)
    if sums["waiting"] or not sums["payable"]:
        return
    await notify_agency(
        notices,
        draw,
        "agency_remuneration",
        # a changed amount raises the sum of versions, so that the agency is notified again
        f"{sums['version']}-{sums['payable']}",
        count=sums["payable"],
        amount=yuan(sums["amount"]),
    )
