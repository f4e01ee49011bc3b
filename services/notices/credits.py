"""One-time subscriptions (订阅通知): each acceptance of a template allows one message of it, at any later time."""

from __future__ import annotations

from collections.abc import Sequence

from models.accounts import WechatIdentity
from services.base import transaction


async def take_consents(appid: str, openid: str, consents: Sequence[tuple[str, bool]]) -> None:
    """Note consents as (template id, accepted): one credit more, or none left. Unknown openids are left alone."""
    if not consents:
        return
    async with transaction():
        identity = await WechatIdentity.select_for_update().get_or_none(appid=appid, openid=openid)
        if identity is None:
            return
        left = dict(identity.subscribe_credits)
        for template, accepted in consents:
            left[template] = left.get(template, 0) + 1 if accepted else 0
        identity.subscribe_credits = left
        await identity.save(update_fields=["subscribe_credits"])
