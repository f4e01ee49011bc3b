"""Notifies a person on another channel that a reply waits in the chat, since it came too late for every window."""

from __future__ import annotations

from dataclasses import dataclass

from domain.clock import local, print_date
from models.accounts import WechatIdentity
from services.core.base import Deps, transaction
from services.notifications.notices import Notices

KIND = "chat_reply"


@dataclass(frozen=True)
class PendingReplies:
    deps: Deps
    notices: Notices

    async def notify_waiting(self, pool: str, openid: str) -> bool:
        """Notify the person of an openid, at most once an hour; False for one that is not bound.

        The ladder of ``chat_reply`` says over which channels. The reply itself is not sent there: it may be personal.
        """
        identity = await WechatIdentity.get_or_none(pool=pool, app="oa", openid=openid)
        if identity is None or identity.account_id is None:
            return False
        now = self.deps.now()
        async with transaction():
            await self.notices.notify(
                pool=pool,
                kind=KIND,
                dedupe_key=f"{KIND}:{identity.id}:{now:%Y%m%d%H}",
                account_id=identity.account_id,
                params={"at": f"{print_date(now)} {local(now):%H:%M}"},
            )
        return True
