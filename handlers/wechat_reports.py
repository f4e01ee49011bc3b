"""WeChat's events on message delivery and on consent to subscribe messages; no reply is sent."""

from __future__ import annotations

import re

from bot.router import Router
from bot.turn import Turn

_NUMBER = re.compile(r"[0-9]{1,20}")


def register(router: Router) -> None:
    router.event("templatesendjobfinish", record_template_delivery)
    router.event("subscribe_msg_sent_event", record_subscription_delivery)
    router.event("subscribe_msg_popup_event", record_popup_consent)
    router.event("subscribe_msg_change_event", record_withdrawn_consent)


async def record_template_delivery(turn: Turn) -> None:
    message = turn.message
    if message.msg_id:
        await turn.services.operations.delivery_reports.take_template(
            turn.user.appid, message.msg_id, message.get("Status").strip(), turn.user.openid
        )


async def record_subscription_delivery(turn: Turn) -> None:
    for item in turn.message.items("SubscribeMsgSentEvent", "List"):
        template, msgid, code = (str(item.get(name, "")).strip() for name in ("TemplateId", "MsgID", "ErrorCode"))
        if template and _NUMBER.fullmatch(msgid):
            status = "success" if code == "0" else f"failed:{code} {item.get('ErrorStatus', '')}"
            await turn.services.operations.delivery_reports.take_subscription(
                turn.user.appid, turn.user.openid, template[:64], msgid, status.strip()
            )


async def record_popup_consent(turn: Turn) -> None:
    """Consent accepted or refused in a pop-up."""
    await _record_consents(turn, withdrawn=False)


async def record_withdrawn_consent(turn: Turn) -> None:
    """Consent withdrawn in WeChat's settings. Older events used the pop-up's wrapper."""
    await _record_consents(turn, withdrawn=True)


async def _record_consents(turn: Turn, *, withdrawn: bool) -> None:
    lists = [turn.message.items(name, "List") for name in ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent")]
    consents = [
        (str(item.get("TemplateId", "")), str(item.get("SubscribeStatusString", "")).strip().lower() == "accept")
        for list_items in lists
        for item in list_items
    ]
    named = [(template, yes) for template, yes in consents if template]
    await turn.services.notifications.consents.take_events(
        turn.user.appid, turn.user.openid, named, withdrawn=withdrawn, sent_at=turn.message.sent_at
    )
