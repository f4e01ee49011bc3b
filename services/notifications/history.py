"""Notices sent to a person (消息): each once, in the text of the channel that reached the person.

The text is rendered again from the notice's params: it never contains more than that channel's text. Params replaced
while a ladder ran have their last values. Verification codes are not listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import Unauthenticated
from domain.notifications.lifecycles import ContactAttemptState
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import Channel, KindTexts, TemplateText, render_text
from services.core.base import Actor, Deps, Page, rows
from services.core.pages import read_page
from services.notifications.actions import ACTIONS, QUESTIONS
from services.notifications.facts import facts_of, path_of
from services.notifications.notices import CHAT_REPLY, STOPPED
from services.ports import PhoneNumbers

NoticeState = Literal["answered", "opened", "delivered", "sent", "unknown", "failed"]
CHANNELS: dict[Channel, str] = {"voice": "电话", "wechat": "微信", "mini": "小程序", "sms": "短信"}
_HIDDEN = ("verification_code",)
_IN_CHAT = ("chat", CHAT_REPLY)
"""Codes of attempts sent in the chat, not by a template message."""
_OPENED = "已打开"
_BELOW = "见下方"
"""Replaces an address: the page is opened by the button below the text."""
_MADE = "{a}.state <> 'pending' AND {a}.vendor_code <> $4"
_ME = "ARRAY(SELECT e.id FROM expert e WHERE e.account_id = $1)"
_CALLED = f"""(n.expert_id = ANY({_ME})
  AND n.invitation_id = ANY(ARRAY(SELECT i.id FROM invitation i WHERE i.expert_id = ANY({_ME}))))"""
"""Includes notices to a person who was called before having an account. Only calls are found by an index."""
_SOURCE = (
    f"notice n WHERE (n.account_id = $1 OR {_CALLED}) AND n.pool = $2 "
    "AND n.kind <> ALL($3::text[]) "
    f"AND EXISTS (SELECT FROM attempt t WHERE t.notice_id = n.id AND {_MADE.format(a='t')})"
)
_JOINED = f"""n JOIN LATERAL (
  SELECT * FROM attempt t WHERE t.notice_id = n.id AND {_MADE.format(a="t")}
  ORDER BY array_position(ARRAY['answered', 'delivered', 'sent', 'unknown', 'failed'], t.state::text), t.number DESC
  LIMIT 1
) a ON true LEFT JOIN invitation i ON i.id = n.invitation_id"""
_COLUMNS = (
    "n.id, n.kind, n.params, n.invitation_id, n.opened_at, i.link, a.channel, a.state, a.vendor_code, "
    "coalesce(a.sent_at, n.created_at) AS at"
)

_ASKED_SINCE = """
SELECT n.kind FROM notice n JOIN attempt a ON a.notice_id = n.id
WHERE n.account_id = $1 AND n.pool = $2 AND n.kind = ANY($3::text[]) AND a.channel = 'wechat' AND a.state <> 'pending'
  AND n.created_at > $4::timestamptz - interval '2 days' AND coalesce(a.sent_at, a.due_at) > $4
ORDER BY a.number DESC LIMIT 1
"""
"""A notice may have waited for the morning before it was sent."""


@dataclass(frozen=True)
class PastNotice:
    """``channel`` is the one that got furthest."""

    id: UUID
    at: datetime
    title: Annotated[str, Field(examples=["评标邀请通知"])]
    text: str
    channel: Channel
    channel_label: Annotated[str, Field(examples=["微信"])]
    state: NoticeState
    state_label: Annotated[str, Field(examples=["已送达"])]
    action: Annotated[str, Field(description="What can be done about it; empty: nothing", examples=["去答复"])]
    path: Annotated[str, Field(description="The page where", examples=["/h5/demo/pay"])]
    mini: Annotated[str, Field(description="A page of the mini-program for the same; empty: none")]
    invitation_id: UUID | None


class _LenientFacts(dict[str, str]):
    """Present texts may contain params that an old notice lacks."""

    def __missing__(self, _name: str) -> str:
        return ""


@dataclass(frozen=True)
class NoticeHistory:
    """Texts as they were sent, but with dates alone: what was 明天 then is another day when the list is read."""

    deps: Deps
    numbers: PhoneNumbers

    async def notices_of(self, actor: Actor, *, offset: int = 0, limit: int = 20) -> Page[PastNotice]:
        """Notices to this person in any role, newest first. Raises Unauthenticated for a visitor."""
        if actor.account_id is None:
            raise Unauthenticated("请先登录并绑定手机号。")
        values = (actor.account_id, actor.pool, list(_HIDDEN), STOPPED)
        notices, total = await read_page(
            _COLUMNS, _JOINED, _SOURCE, "n.created_at DESC, n.id DESC", values, offset=offset, limit=limit
        )
        book = self.deps.book(actor.pool)
        number = self.numbers.number_of(actor.pool)
        return Page(tuple(_view(book, number, row) for row in notices), total)

    async def find_question(self, pool: str, account_id: UUID, since: datetime) -> str | None:
        """The kind of the newest notice that asked this person something in the chat after ``since``: a key of
        ``QUESTIONS``."""
        questions = await rows(_ASKED_SINCE, account_id, pool, list(QUESTIONS), since)
        return questions[0]["kind"] if questions else None


def _view(book: Rulebook, number: str, row: Any) -> PastNotice:
    kind, texts, channel = row["kind"], book.texts[row["kind"]], row["channel"]
    facts = _LenientFacts(facts_of(book.pool, number, row["params"], row["link"]))
    path = path_of(kind, row["link"], facts)
    action = ACTIONS.get(kind)
    state: NoticeState = "opened" if row["opened_at"] and row["state"] != "answered" else row["state"]
    return PastNotice(
        id=row["id"],
        at=row["at"],
        title=_title(texts, channel),
        text=_text(texts, channel, row["vendor_code"] in _IN_CHAT, _LenientFacts(facts | {"link": _BELOW})),
        channel=channel,
        channel_label=CHANNELS[channel],
        state=state,
        state_label=_OPENED if state == "opened" else ContactAttemptState(state).label,
        action=action.label if action and path else "",
        path=path,
        mini=action.mini_page(facts) if action and path else "",
        invitation_id=row["invitation_id"] if path.startswith("/i/") else None,
    )


@dataclass(frozen=True)
class ChannelState:
    """How far a notice came on one channel."""

    channel_label: Annotated[str, Field(examples=["微信"])]
    state_label: Annotated[str, Field(examples=["已送达"])]
    at: datetime | None


@dataclass(frozen=True)
class NoticeDelivery:
    """``state``: active while channels are still tried, done once the person was reached, else failed or stopped."""

    state: str
    channels: tuple[ChannelState, ...]


_DELIVERY = """
SELECT n.dedupe_key, n.state AS notice_state, a.channel, a.state, a.sent_at FROM notice n
  LEFT JOIN LATERAL (SELECT DISTINCT ON (t.channel) t.channel, t.state, t.sent_at, t.number FROM attempt t
    WHERE t.notice_id = n.id AND t.vendor_code <> $3 ORDER BY t.channel, t.number DESC) a ON true
 WHERE n.pool = $1 AND n.dedupe_key = ANY($2::text[]) ORDER BY n.dedupe_key, a.number
"""


async def deliveries_of(pool: str, dedupe_keys: Sequence[str]) -> Mapping[str, NoticeDelivery]:
    """How far these notices came, for those who sent them; the last attempt of each channel."""
    deliveries: dict[str, NoticeDelivery] = {}
    for row in await rows(_DELIVERY, pool, list(dedupe_keys), STOPPED) if dedupe_keys else ():
        known = deliveries.get(row["dedupe_key"], NoticeDelivery(row["notice_state"], ()))
        if row["channel"] is not None:
            label = ContactAttemptState(row["state"]).label
            known = replace(
                known, channels=(*known.channels, ChannelState(CHANNELS[row["channel"]], label, row["sent_at"]))
            )
        deliveries[row["dedupe_key"]] = known
    return deliveries


def notice_title(book: Rulebook, kind: str) -> str:
    """评标邀请通知, for a list of notices; empty for a kind that the pool no longer has."""
    texts = book.texts.get(kind)
    return _title(texts, "sms") if texts else ""


def _title(texts: KindTexts, channel: Channel) -> str:
    card = texts.wechat or texts.mini
    return card.title if card else f"{CHANNELS[channel]}通知"


def _text(texts: KindTexts, channel: Channel, in_chat: bool, facts: _LenientFacts) -> str:
    if channel == "sms":
        return render_text(texts.sms or "", facts)
    if channel == "voice":
        return render_text(texts.voice.script if texts.voice else "", facts)
    if in_chat:
        return render_text(texts.chat or "", facts)
    return _card(texts.wechat if channel == "wechat" else texts.subscribe, facts)


def _card(card: TemplateText | None, facts: _LenientFacts) -> str:
    lines = card.fields.values() if card else ()
    return "\n".join(f"{line.label}：{render_text(line.text, facts)}" for line in lines)
