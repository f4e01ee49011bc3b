"""Sends one attempt on its channel: a chat or template message, a subscribe message, an SMS or a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

import structlog

from domain.chat_links import choice
from domain.errors import NeedsOperator, Rejected
from services.core.base import Deps
from services.notifications import rendering, short_links
from services.notifications.actions import ACTIONS
from services.notifications.entrances import Entrances
from services.notifications.facts import facts_of, path_of
from services.ports import (
    AccountSubscriptions,
    ChatWindows,
    MenuItem,
    MiniProgramPlatform,
    OfficialAccountSender,
    PhoneNumbers,
    Prices,
    SmsSender,
    SubscribeTemplates,
    TemplateMessage,
    VoiceCaller,
)

log = structlog.get_logger(__name__)

NO_CREDIT = "43101"
"""WeChat's refusal of a subscribe message without a consent."""
CHAT = "chat"
"""Code of a message sent in the chat, while the user's window was open."""
_WINDOW_CLOSED = ("45015", "45047", "45072")
"""WeChat's refusals of a chat message: no window is open, or it is used up."""

Taps = NewType("Taps", Mapping[str, int])
"""Ids of the chat's commands, offered with notices."""


@dataclass(frozen=True)
class SendOutcome:
    """A vendor's response to one attempt. ``state``: sent, delivered, failed, unknown, or pending to try again."""

    attempt_id: UUID
    notice_id: UUID
    state: str
    vendor_id: str = ""
    vendor_code: str = ""
    retry_at: datetime | None = None
    cost: int = 0
    identity_id: UUID | None = None


@dataclass(frozen=True)
class WechatRecipient:
    """A recipient's WeChat addresses: identity id and openid by app."""

    identities: Mapping[str, tuple[UUID, str]]
    credits: Mapping[str, int] = field(default_factory=dict)
    """Remaining messages by consent, of both apps, by template id; unknown for a missing one."""

    def openid(self, app: str) -> str | None:
        identity = self.identities.get(app)
        return identity[1] if identity else None


def subscription_key(template_id: str, openid: str) -> str:
    """Stands for the vendor's id of a 订阅通知, which only its event names: template and receiver."""
    return f"{template_id}:{openid}"[:80]


@dataclass(frozen=True)
class Sending:
    deps: Deps
    official: OfficialAccountSender
    windows: ChatWindows
    mini: MiniProgramPlatform
    sms: SmsSender
    voice: VoiceCaller
    numbers: PhoneNumbers
    prices: Prices
    subscribe_template: SubscribeTemplates
    account_subscription: AccountSubscriptions
    entrances: Entrances
    taps: Taps

    async def send(self, row: Any, person: WechatRecipient, outcome: SendOutcome) -> SendOutcome:
        """Send the attempt through its channel's vendor, once. Raises gateway errors."""
        book = self.deps.book(row["pool"])
        params, now = self._params(row), self.deps.now()
        channel = row["channel"]
        if channel == "wechat":
            return await self._send_wechat(row, person, params, outcome)
        if channel == "mini":
            template = self.subscribe_template(row["pool"], row["kind"])
            if person.credits.get(template.id, 1) < 1:
                return replace(outcome, state="failed", vendor_code=NO_CREDIT)
            fields = rendering.subscribe_fields(book, row["kind"], params, now)
            openid = str(person.openid("mini"))
            await self.mini.send_subscribe(row["pool"], openid, row["kind"], fields, page=self._mini_page(row, params))
            return replace(outcome, state="delivered")
        mobile = self.deps.keys.open_text(row["mobile_sealed"], "mobile")
        cost = self.prices.get(channel, 0)
        if channel == "sms":
            sms_facts = {**params, "link": self._short_address(row, params)}
            variables = rendering.sms_params(book, row["kind"], sms_facts, now)
            vendor_id = await self.sms.send(row["pool"], mobile, row["kind"], variables, out_id=row["out_id"])
            cost *= rendering.sms_parts(book, row["kind"], variables)
            return replace(outcome, vendor_id=vendor_id, cost=cost)
        message = rendering.voice_message(book, row["kind"], params, now)
        vendor_id = await self.voice.call(
            row["pool"],
            mobile,
            message.template,
            message.params,
            keys=message.keys,
            bye=message.bye,
            out_id=row["out_id"],
        )
        return replace(outcome, vendor_id=vendor_id, cost=cost)

    async def _send_wechat(
        self, row: Any, person: WechatRecipient, params: Mapping[str, str], outcome: SendOutcome
    ) -> SendOutcome:
        """A chat message while the user's window is open, else a 订阅通知 or a template message, as the kind is set."""
        pool, kind, openid = row["pool"], row["kind"], str(person.openid("oa"))
        book, now = self.deps.book(pool), self.deps.now()
        # only at first: a repeated chat message would arrive twice, a template message is known by its id
        if row["tries"] == 1 and await self.windows.spend(pool, openid):
            try:
                text = rendering.chat_text(book, kind, params, now)
                await self._send_chat(row, openid, text, self._taps_of(row, person, params))
                return replace(outcome, state="delivered", vendor_code=CHAT, vendor_id="")
            except Rejected as error:
                if error.vendor_code not in _WINDOW_CLOSED:
                    raise
            except NeedsOperator:  # chat messages are not granted or used up, template messages may be
                log.info("chat_message_needs_operator", pool=pool)
        fields = rendering.card_fields(book, kind, params, now)
        url, mini = params.get("link", ""), ACTIONS[kind].mini_page(params) if kind in ACTIONS else ""
        if mini and person.openid("mini") is None:
            url, mini = self.entrances.mini_program_page(pool, self._path(row, params), mini), ""
        message = TemplateMessage(openid, kind, fields, url, f"n{row['number']}", mini)
        subscription = self.account_subscription(pool, kind)
        if subscription is None:
            return replace(outcome, vendor_id=await self.official.send_template(pool, message))
        if person.credits.get(subscription.id, 1) < 1:
            return replace(outcome, state="failed", vendor_code=NO_CREDIT, vendor_id="")
        await self.official.send_subscription(pool, message, subscription.id)
        return outcome

    async def _send_chat(self, row: Any, openid: str, text: str, taps: Sequence[str]) -> None:
        choices = rendering.CHOICES.get(row["kind"])
        if choices is None or row["menu_id"] is None:
            await self.official.send_text(row["pool"], openid, "\n".join([text, *(f"▸ {tap}" for tap in taps)]))
            return
        items = [MenuItem(row["menu_id"] + index, label) for index, label in enumerate(choices)]
        await self.official.send_menu(
            row["pool"], openid, text, items, "点“参加”即算答复；名额未满时，截止前可以撤销。"
        )

    def _params(self, row: Any) -> dict[str, str]:
        pool = self.deps.book(row["pool"]).pool
        params = facts_of(pool, self.numbers.number_of(pool.code), row["params"], row["link"])
        if row["secret_sealed"]:
            params["code"] = self.deps.keys.open_text(row["secret_sealed"], "notice")
        if path := self._path(row, params):
            params["link"] = self.entrances.page(row["pool"], path)
        return params

    def _path(self, row: Any, params: Mapping[str, str]) -> str:
        return path_of(row["kind"], row["link"], params)

    def _taps_of(self, row: Any, person: WechatRecipient, params: Mapping[str, str]) -> list[str]:
        """Choices below a chat message: its page, and chat commands."""
        action = ACTIONS.get(row["kind"])
        if action is None:
            return []
        path, mini, page = self._path(row, params), action.mini_page(params), []
        if path:
            known = person.openid("mini") is not None
            page = [self.entrances.link(action.label, row["pool"], path, mini, known=known)]
        return page + [choice(word, self.taps[word]) for word in action.words if word in self.taps]

    def _mini_page(self, row: Any, params: Mapping[str, str]) -> str:
        action = ACTIONS.get(row["kind"])
        return (action.mini_page(params) if action else "") or "pages/index/index"

    def _short_address(self, row: Any, params: Mapping[str, str]) -> str:
        """A short address of the same page for an SMS."""
        if row["link"]:
            return params.get("link", "")
        return f"{self.deps.public_url}{short_links.path_of(self.deps.keys, row['number'])}"
