"""What is stored of a person's consents to one app's messages: messages left, refusals, and when each was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from models.accounts import WechatIdentity
from services.ports import SubscribeTemplate

Answer = Literal["accept", "acceptWithAudio", "acceptWithAlert", "reject", "ban", "filter"]
ConsentState = Literal["on", "off", "refused", "ended"]

_MOST_LEFT = 50
_PAUSE_AFTER: Mapping[str, timedelta] = {
    "reject": timedelta(days=7),
    "ban": timedelta(days=30),
    "ended": timedelta(days=7),
}
"""How long a template is not asked for after a refusal, after it was switched off in WeChat, or after a consent has
ended."""


def count_left(identity: WechatIdentity, template: SubscribeTemplate) -> int:
    return int(identity.subscribe_credits.get(template.id, 0))


def was_refused_recently(identity: WechatIdentity, template: SubscribeTemplate, now: datetime) -> bool:
    refusal = identity.subscribe_refusals.get(template.id)
    return refusal is not None and now < datetime.fromisoformat(refusal["at"]) + _PAUSE_AFTER[refusal["how"]]


def state_of(identity: WechatIdentity, template: SubscribeTemplate) -> ConsentState:
    """``ended``: there was a consent, which the person or WeChat has ended; ``off``: none was given or it is used
    up."""
    if count_left(identity, template):
        return "on"
    refusal = identity.subscribe_refusals.get(template.id)
    if refusal is None:
        return "off"
    return "ended" if refusal["how"] == "ended" else "refused"


def apply_answer(identity: WechatIdentity, template: SubscribeTemplate, answer: Answer, at: datetime) -> None:
    """A refusal takes no earlier consent of the one-time kind: each of them still permits its message."""
    if answer.startswith("accept"):
        _accept(identity, template, at)
    elif answer in ("reject", "ban") and not _was_accepted_after(identity, template, at):
        _refuse(identity, template, answer, at)
        if template.long_term:
            _set_left(identity, template, 0)


def end_consent(identity: WechatIdentity, template: SubscribeTemplate, at: datetime) -> None:
    """Withdrawn in WeChat's settings, which removes all earlier consents; nothing where a later one was given."""
    if not _was_accepted_after(identity, template, at):
        _set_left(identity, template, 0)
        _refuse(identity, template, "ended", at)


def _accept(identity: WechatIdentity, template: SubscribeTemplate, at: datetime) -> None:
    refusal = identity.subscribe_refusals.get(template.id)
    if refusal is not None and at < datetime.fromisoformat(refusal["at"]):
        if template.long_term or refusal["how"] == "ended":
            return
    elif refusal is not None:
        identity.subscribe_refusals = {
            key: how for key, how in identity.subscribe_refusals.items() if key != template.id
        }
    left = 1 if template.long_term else min(count_left(identity, template) + 1, _MOST_LEFT)
    _set_left(identity, template, left)
    if not _was_accepted_after(identity, template, at):
        identity.subscribe_accepts = {**identity.subscribe_accepts, template.id: at.isoformat()}


def _was_accepted_after(identity: WechatIdentity, template: SubscribeTemplate, at: datetime) -> bool:
    accepted = identity.subscribe_accepts.get(template.id)
    return accepted is not None and datetime.fromisoformat(accepted) > at


def _set_left(identity: WechatIdentity, template: SubscribeTemplate, left: int) -> None:
    identity.subscribe_credits = {**identity.subscribe_credits, template.id: left}


def _refuse(identity: WechatIdentity, template: SubscribeTemplate, how: str, at: datetime) -> None:
    refusal = {"at": at.isoformat(), "how": how}
    identity.subscribe_refusals = {**identity.subscribe_refusals, template.id: refusal}
