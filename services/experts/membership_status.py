"""A person's membership status in the pool's own words: the badge in every header (未入库, 临时专家, 正式专家…)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import Forbidden
from services.core.base import Deps, rows

MembershipKind = Literal["outside", "applying", "temporary", "formal", "suspended", "left"]


@dataclass(frozen=True)
class MembershipStatus:
    """The badge: `text` is the pool's own word for `kind`."""

    kind: MembershipKind
    text: Annotated[str, Field(examples=["未入库"])]
    expert_number: str = ""
    emergency: Annotated[
        str, Field(description="Badge of emergency experts, empty for others", examples=["应急专家"])
    ] = ""


_STATUS = """
SELECT a.pool, e.number, e.left_at IS NULL AS stays, e.active, e.membership_status, e.emergency,
  EXISTS (SELECT 1 FROM course_enrolment n WHERE n.expert_id = e.id AND n.excluded_at IS NOT NULL) AS excluded,
  EXISTS (SELECT 1 FROM application p WHERE p.account_id = a.id AND p.ended_at IS NULL AND p.submitted_at IS NOT NULL)
    AS applying
FROM account a LEFT JOIN LATERAL
  (SELECT * FROM expert WHERE account_id = a.id ORDER BY left_at DESC LIMIT 1) e ON true
WHERE a.id = $1
"""


async def membership_status_of(deps: Deps, account_id: UUID) -> MembershipStatus:
    """An expert's record takes precedence over an application. A never submitted application does not count."""
    [row] = await rows(_STATUS, account_id)
    words = deps.book(row["pool"]).membership
    if row["number"] is not None and row["stays"]:
        kind: MembershipKind = "suspended"
        if row["active"] and not row["excluded"]:
            kind = "temporary" if row["membership_status"] == "temporary" else "formal"
        return MembershipStatus(kind, getattr(words, kind), row["number"], words.emergency if row["emergency"] else "")
    if row["applying"]:
        return MembershipStatus("applying", words.applying)
    if row["number"] is not None:
        return MembershipStatus("left", words.left, row["number"])
    return MembershipStatus("outside", words.outside)


def not_in_pool() -> Forbidden:
    """The refusal for a person who is not, or no longer, an expert of the pool."""
    return Forbidden("您的专家档案不在库中，请联系专家库管理机构。", code="not_in_pool")
