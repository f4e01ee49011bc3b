"""What a person is to the pool, in the pool's own words: the badge in every header (未入库, 临时专家, 正式专家…)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from models.accounts import Account
from models.applications import Application
from models.courses import CourseEnrolment
from models.experts import Expert
from services.core.base import Deps

StandingKind = Literal["outside", "applying", "temporary", "formal", "suspended", "left"]


@dataclass(frozen=True)
class Standing:
    """The badge: `text` is the pool's own word for `kind`."""

    kind: StandingKind
    text: Annotated[str, Field(examples=["未入库"])]
    expert_number: str = ""
    emergency: Annotated[
        str, Field(description="Badge of emergency experts, empty for others", examples=["应急专家"])
    ] = ""


async def standing_of(deps: Deps, account_id: UUID) -> Standing:
    """An expert's standing comes before an application of his. One that was never handed in does not count yet."""
    account = await Account.get(id=account_id)
    words = deps.book(account.pool).standing
    expert = await Expert.filter(account_id=account_id).order_by("-left_at").first()
    if expert is not None and expert.left_at is None:
        kind: StandingKind = "suspended"
        if expert.active and not await CourseEnrolment.exists(expert_id=expert.id, excluded_at__not_isnull=True):
            kind = "temporary" if expert.standing == "temporary" else "formal"
        return Standing(kind, getattr(words, kind), expert.number, words.emergency if expert.emergency else "")
    if await Application.exists(account_id=account_id, ended_at=None, submitted_at__not_isnull=True):
        return Standing("applying", words.applying)
    if expert is not None:
        return Standing("left", words.left, expert.number)
    return Standing("outside", words.outside)
