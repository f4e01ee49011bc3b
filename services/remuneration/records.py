"""What the parts of this package share: rows under lock, lines as people read them, when the agency can pay."""

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
"""Whom something can be owed: an entry that counts stands, or the recusal on the spot that was confirmed."""
_LEFT = f"""
SELECT count(*) FILTER (WHERE r.id IS NULL OR r.state IN ('proposed', 'disputed'))::int AS waiting,
  count(*) FILTER (WHERE r.state IN ('confirmed', 'assumed'))::int AS payable,
  coalesce(sum(r.amount) FILTER (WHERE r.state IN ('confirmed', 'assumed')), 0)::bigint AS amount,
  coalesce(sum(r.version), 0)::int AS version
FROM invitation i LEFT JOIN remuneration r ON r.invitation_id = i.id WHERE i.draw_id = $1 AND {CAME}
"""


@dataclass(frozen=True)
class LineView:
    """One line of a remuneration. ``amount`` in fen, negative for what is taken off."""

    code: Annotated[str, Field(examples=["first"])]
    label: Annotated[str, Field(examples=["基本酬劳"])]
    amount: Annotated[int, Field(description="Fen", examples=[40000])]
    words: Annotated[str, Field(examples=["2小时以内"])]


def line_views(lines: Sequence[Mapping[str, Any]]) -> tuple[LineView, ...]:
    """Stored lines as people read them."""
    return tuple(LineView(one["code"], LABELS[one["code"]], one["amount"], one["words"]) for one in lines)


def stored(lines: Sequence[FeeLine]) -> list[dict[str, str | int]]:
    return [{"code": line.code, "amount": line.amount, "words": line.words} for line in lines]


def move(one: Remuneration, event: RemunerationEvent) -> None:
    """Raises Conflict when the state doesn't allow it. Who is not asked any more has no time to answer."""
    one.state = REMUNERATION.next(RemunerationState(one.state), event)
    if one.state != RemunerationState.PROPOSED:
        one.answer_until = None


async def lock_one(remuneration_id: UUID) -> Remuneration:
    """After its draw. Raises NotFound."""
    found = await Remuneration.select_for_update().get_or_none(id=remuneration_id)
    if found is None:
        raise NotFound("找不到这笔酬劳，请刷新后重试。")
    return found


def day_of(at: datetime) -> str:
    """``11月21日``, as notices name a panel."""
    t = local(at)
    return f"{t.month}月{t.day}日"


def reply_until(book: Rulebook, one: Remuneration) -> datetime | None:
    """Until when the venue should answer an objection; None where there is none."""
    if one.state != RemunerationState.DISPUTED or one.answered_at is None:
        return None
    return one.answered_at + book.remuneration.answer_within


async def notify_proposer(notices: Notices, draw: Draw, one: Remuneration, occasion: str = "") -> None:
    """The person who proposed the amount is asked to answer the objection to it; again on another ``occasion``."""
    [row] = await rows("SELECT code FROM invitation WHERE id = $1", one.invitation_id)
    await notices.notify(
        pool=one.pool,
        kind="remuneration_disputed",
        dedupe_key=f"remuneration_disputed:{one.id}:{one.version}{occasion}",
        params={**draw_params(draw), "code": row["code"], "reason": one.dispute},
        account_id=one.proposed_by_id,
    )


async def notify_when_settled(notices: Notices, draw: Draw) -> None:
    """Push to the agency once all who came have an amount and no answer is awaited. Under the draw's lock."""
    [left] = await rows(_LEFT, draw.id)
    if left["waiting"] or not left["payable"]:
        return
    await notify_agency(
        notices,
        draw,
        "agency_remuneration",
        f"{left['version']}-{left['payable']}",
        count=left["payable"],
        amount=yuan(left["amount"]),
    )
