"""WeChat's events on message delivery and on consent to subscribe messages; no reply is sent."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from services.notifications import apply_consent_events


def register(router: Router) -> None:
    router.event("templatesendjobfinish", template_sent)
    router.event("subscribe_msg_popup_event", consent_given)
    router.event("subscribe_msg_change_event", consent_withdrawn)


async def template_sent(turn: Turn) -> None:
    message = turn.message
    if message.msg_id:
        await turn.services.operations.delivery_reports.take_template(
            turn.user.appid, message.msg_id, message.get("Status").strip(), turn.user.openid
        )


async def consent_given(turn: Turn) -> None:
    """Consent accepted or refused in a pop-up."""
    await _take(turn, withdrawn=False)


async def consent_withdrawn(turn: Turn) -> None:
    """Consent withdrawn in WeChat's settings. Older events used the pop-up's wrapper."""
    await _take(turn, withdrawn=True)


async def _take(turn: Turn, *, withdrawn: bool) -> None:
    lists = [turn.message.items(name, "List") for name in ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent")]
    consents = [
        (str(item.get("TemplateId", "")), str(item.get("SubscribeStatusString", "")).strip().lower() == "accept")
        for found in lists
        for item in found
    ]
    named = [(template, yes) for template, yes in consents if template]
    await apply_consent_events(
        turn.user.appid, turn.user.openid, named, withdrawn=withdrawn, now=turn.services.deps.now()
    )
