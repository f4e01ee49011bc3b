"""A person's membership status in the pool's own words: the badge in every header (未入库, 临时专家, 正式专家…)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import Forbidden
from domain.rulebook.book import Rulebook
from models.experts import Expert
from services.core.base import Deps, rows
from services.core.permissions import experts_only
from services.experts.suspension import Suspension, suspension_columns, suspensions_of

MembershipKind = Literal["outside", "applying", "temporary", "formal", "suspended", "left"]


@dataclass(frozen=True)
class MembershipStatus:
    """The badge: `text` is the pool's own word for `kind`. `suspensions`: why an expert is not drawn now."""

    kind: MembershipKind
    text: Annotated[str, Field(examples=["未入库"])]
    expert_number: str = ""
    emergency: Annotated[
        str, Field(description="Badge of emergency experts, empty for others", examples=["应急专家"])
    ] = ""
    suspensions: tuple[Suspension, ...] = ()


def status_columns(expert: str, now: str) -> str:
    """Columns for ``status_of``: of the row ``expert``, with the placeholder of the present moment."""
    return f"{expert}.number, {expert}.membership_status, {expert}.emergency, {suspension_columns(expert, now)}"


_OF_EXPERT = f"SELECT {status_columns('e', '$2')} FROM expert e WHERE e.id = $1"
_STATUS = f"""
SELECT a.pool, e.left_at IS NULL AS stays, {status_columns("e", "$2")},
  EXISTS (SELECT 1 FROM application p WHERE p.account_id = a.id AND p.ended_at IS NULL AND p.submitted_at IS NOT NULL)
    AS applying
FROM account a LEFT JOIN LATERAL
  (SELECT * FROM expert WHERE account_id = a.id ORDER BY left_at DESC LIMIT 1) e ON true
WHERE a.id = $1
"""


async def membership_status_of(deps: Deps, account_id: UUID) -> MembershipStatus:
    """An expert's record takes precedence over an application. A never submitted application does not count."""
    now = deps.now()
    [row] = await rows(_STATUS, account_id, now)
    book = deps.book(row["pool"])
    if row["number"] is not None and row["stays"]:
        return status_of(row, book, row["pool"], now)
    words = book.membership
    if row["applying"]:
        return MembershipStatus("applying", words.applying)
    if row["number"] is not None:
        return MembershipStatus("left", words.left, row["number"])
    return MembershipStatus("outside", words.outside)


async def expert_status(deps: Deps, expert: Expert) -> MembershipStatus:
    """Of an expert in the pool, who may have no account yet."""
    now = deps.now()
    [row] = await rows(_OF_EXPERT, expert.id, now)
    return status_of(row, deps.book(expert.pool), expert.pool, now)


def status_of(row: Mapping[str, Any], book: Rulebook, pool: str, now: datetime) -> MembershipStatus:
    """Of an expert in the pool, by ``status_columns``."""
    words, suspensions = book.membership, suspensions_of(row, book, pool, now)
    kind: MembershipKind = "temporary" if row["membership_status"] == "temporary" else "formal"
    text = words.temporary if kind == "temporary" else words.formal
    if suspensions:
        kind, text = "suspended", words.suspended
        if {suspension.cause for suspension in suspensions} == {"term"}:
            text = words.term_over
    return MembershipStatus(kind, text, row["number"], words.emergency if row["emergency"] else "", suspensions)


def not_in_pool() -> Forbidden:
    """The refusal for a person who is not, or no longer, an expert of the pool."""
    return experts_only()
