"""What an expert has before the eyes: the page of an invitation, or what the chat or the mini-program shows of it.

Notices about it need not go on. Only what a person does counts: an address that is merely fetched, as by a scanner of
links, opens nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.errors import NotFound
from domain.rulebook.notice_texts import OPENABLE
from services.core.base import rows, transaction
from services.notifications import Notices

_OWN = """
SELECT EXISTS (SELECT FROM notice n
    WHERE n.invitation_id = i.id AND n.kind = ANY($3::text[]) AND n.opened_at IS NULL) AS unopened
  FROM invitation i WHERE i.id = ANY($1::uuid[]) AND i.expert_id = $2
"""


@dataclass(frozen=True)
class Openings:
    notices: Notices

    async def record(self, expert_id: UUID, invitation_ids: Sequence[UUID]) -> None:
        """One statement where nothing is unopened. Raises NotFound for an invitation of another expert."""
        own = await rows(_OWN, list(invitation_ids), expert_id, list(OPENABLE))
        if len(own) < len(set(invitation_ids)):
            raise NotFound("找不到这个评标邀请，请查看最新一条通知。")
        if any(row["unopened"] for row in own):
            async with transaction():
                await self.notices.mark_opened(invitation_ids)
