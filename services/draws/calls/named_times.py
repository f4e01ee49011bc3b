"""Which gathering time an answer means: the one that the page, the message or the call named to its expert.

Pages and questions in chat give back the time that they showed. It is compared, never believed: an answer to another
time than the invitation asks for counts for nothing, and the expert is asked again.
"""

from __future__ import annotations

from datetime import datetime

from domain.clock import print_time
from domain.draws.agreed_times import agreed_gathering, asked_gathering
from domain.errors import Conflict
from domain.rulebook.notice_texts import CALLS, time_params
from models.invitations import Invitation
from services.core.base import rows

MOVED = "gathering_moved"
"""Code of the refusal; its parameter ``gathering`` is the time that is asked for now, in ISO 8601."""
_CALLED_SINCE = """
SELECT 1 FROM notice n JOIN attempt a ON a.notice_id = n.id
WHERE n.invitation_id = $1 AND n.kind = ANY($3::text[]) AND a.channel = 'voice' AND a.sent_at >= $2 LIMIT 1
"""
_NAMED_ANOTHER = """
SELECT 1 FROM notice WHERE invitation_id = $1 AND kind = ANY($3::text[]) AND params ->> 'gathering_full' <> $2 LIMIT 1
"""
_MOVES = ("gathering_changed", "recall_stated")
"""Kinds of notices that name an open invitation's new time."""


async def find_called_gathering(invitation: Invitation) -> datetime:
    """The time that the newest call named: one from before the gathering moved named the old one."""
    moved_at = invitation.proposed_since
    if moved_at is None or await rows(_CALLED_SINCE, invitation.id, moved_at, list(CALLS)):
        return asked_gathering(invitation)
    return agreed_gathering(invitation)


async def check_shown(invitation: Invitation, shown: datetime | None) -> None:
    """Checks that an answer is to the time for which the open invitation asks, to the minute, as it is read.

    ``shown`` None: a button of a message in chat, or a client from before, doesn't tell. Its answer counts while no
    message has named another time. Raises Conflict with the time that is asked for.
    """
    current = asked_gathering(invitation)
    if shown is None:
        fits = not await _named_another(invitation, current)
    else:
        fits = time_params(shown) == time_params(current)
    if not fits:
        message = f"集合时间已改为{print_time(current)}，请核对后再答复。"
        raise Conflict(message, code=MOVED, params={"gathering": current.isoformat()})


async def _named_another(invitation: Invitation, current: datetime) -> bool:
    if current != agreed_gathering(invitation):
        return True
    return bool(await rows(_NAMED_ANOTHER, invitation.id, time_params(current)["gathering_full"], list(_MOVES)))
