"""What WeChat reports about our own messages, and about consents to receive them. Nothing of it shows."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from services.notices.credits import take_consents


def register(router: Router) -> None:
    router.event("templatesendjobfinish", template_sent)
    router.event("subscribe_msg_popup_event", consent_given)
    router.event("subscribe_msg_change_event", consent_given)


async def template_sent(turn: Turn) -> None:
    message = turn.message
    if message.msg_id:
        await turn.services.receipts.take_template(
            turn.user.appid, message.msg_id, message.get("Status").strip(), turn.user.openid
        )


async def consent_given(turn: Turn) -> None:
    """Accepted or refused in a pop-up, or withdrawn in WeChat's settings. Older events used the pop-up's wrapper."""
    lists = [turn.message.items(name, "List") for name in ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent")]
    consents = [
        (str(item.get("TemplateId", "")), str(item.get("SubscribeStatusString", "")).strip().lower() == "accept")
        for found in lists
        for item in found
    ]
    await take_consents(turn.user.appid, turn.user.openid, [(template, yes) for template, yes in consents if template])
