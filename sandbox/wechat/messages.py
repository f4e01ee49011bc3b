"""Template messages and customer-service messages."""

from __future__ import annotations

import asyncio

from sandbox import jsons
from sandbox.config import Template
from sandbox.jsons import Json
from sandbox.phones import Chat, Phone, PhoneLink, Segment
from sandbox.wechat import content, windows
from sandbox.wechat.api import ApiCall, ApiRoute, ok
from sandbox.wechat.errors import WechatError
from sandbox.wechat.fields import check_data

ONCE_SECONDS = 600.0
"""Seconds in which a repeated client_msg_id is refused."""
TEXT_LIMIT = 2048
"""Bytes of a customer-service text."""
TYPING_SECONDS, EXCHANGE_SECONDS = 15.0, 30.0
ON_ITS_WAY = 0.01
"""Seconds in which a second subscription message to the same person is refused."""


def _receiver(call: ApiCall) -> tuple[Phone, Chat]:
    receiver = call.platform.world.chat_by_openid(call.account, jsons.text(call.body, "touser"))
    if receiver is None:
        raise WechatError(40003)
    call.phone_id = receiver[0].id
    return receiver


def find_template(templates: dict[str, Template], template_id: str) -> Template | None:
    """None when every id is allowed; WechatError 40037 for one that is not among the known."""
    if templates and template_id not in templates:
        raise WechatError(40037)
    if not template_id:
        raise WechatError(40037)
    return templates.get(template_id)


def card_segments(values: dict[str, str], template: Template | None, link: PhoneLink | None) -> list[Segment]:
    """The lines of a template's card, and what a tap on it opens."""
    labels = template.fields if template else {}
    lines = [f"{labels.get(name, name)}：{value}" for name, value in values.items()]
    segments = [Segment("\n".join(lines))]
    if link is not None:
        segments += [Segment("\n"), Segment(link.label, link)]
    return segments


def card_link(body: Json, url_key: str) -> PhoneLink | None:
    """Target of a card: the mini-program if there is one, else the address."""
    mini, url = jsons.mapping(body, "miniprogram"), jsons.text(body, url_key)
    if jsons.text(mini, "appid"):
        page = jsons.text(mini, "pagepath")
        return PhoneLink("进入小程序查看", "mini", url=url, appid=jsons.text(mini, "appid"), pagepath=page)
    return PhoneLink("查看详情", "url", url=url) if url else None


def send_template(call: ApiCall) -> Json:
    world, account, body = call.platform.world, call.account, call.body
    phone, chat = _receiver(call)
    template = find_template(account.templates, jsons.text(body, "template_id"))
    if not chat.following:
        raise WechatError(43004)
    values = check_data(jsons.mapping(body, "data"), template)
    key = (account.appid, chat.openid, jsons.text(body, "client_msg_id"))
    earlier = call.platform.sent.get(key) if key[2] else None
    if earlier is not None and world.clock.now() - earlier[0] < ONCE_SECONDS:
        return ok(msgid=earlier[1])
    msgid = world.new_number()
    if key[2]:
        call.platform.sent[key] = (world.clock.now(), msgid)
    status = "failed:user block" if chat.refuses else "success"
    if not chat.refuses:
        title = template.title if template else "服务通知"
        segments = card_segments(values, template, card_link(body, "url"))
        world.show(phone, chat, "account", "template", segments, title=title, source="template")
    event: Json = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": msgid, "Status": status}
    call.platform.callbacks.push_soon(account, phone, chat, event)
    return ok(msgid=msgid)


def send_custom(call: ApiCall) -> Json:
    world = call.platform.world
    phone, chat = _receiver(call)
    kind = jsons.text(call.body, "msgtype")
    segments, title, image = _custom_content(call, kind)
    if chat.refuses:
        raise WechatError(48002)
    windows.spend(chat, world.clock.now())
    chat.last_exchange = world.clock.now()
    world.show(phone, chat, "account", kind, segments, title=title, image=image, source="custom")
    return ok()


def _custom_content(call: ApiCall, kind: str) -> tuple[list[Segment], str, str]:
    """Segments, title and media id. WechatError for an unknown type, too long a text, an unknown media id."""
    item = jsons.mapping(call.body, kind)
    if kind == "text":
        text = jsons.text(item, "content")
        if not text:
            raise WechatError(44002)
        if len(text.encode()) > TEXT_LIMIT:
            raise WechatError(45002)
        return content.segments_of(text), "", ""
    if kind == "msgmenu":
        if not jsons.objects(item, "list"):
            raise WechatError(47003, "msgmenu.list is empty")
        return content.menu_segments(item), "", ""
    if kind == "news":
        articles = jsons.objects(item, "articles")
        if len(articles) != 1:
            raise WechatError(45008)
        return content.article_segments(articles), "", ""
    if kind in ("image", "voice", "video"):
        media_id = jsons.text(item, "media_id")
        if media_id not in call.platform.media:
            raise WechatError(40007)
        return [Segment({"image": "[图片]", "voice": "[语音]", "video": "[视频]"}[kind])], "", media_id
    if kind == "miniprogrampage":
        title, page = jsons.text(item, "title"), jsons.text(item, "pagepath")
        link = PhoneLink(title, "mini", appid=jsons.text(item, "appid"), pagepath=page)
        return [Segment(title, link)], "小程序", ""
    raise WechatError(40008)


def typing(call: ApiCall) -> Json:
    world = call.platform.world
    phone, chat = _receiver(call)
    command, now = jsons.text(call.body, "command"), world.clock.now()
    if command not in ("Typing", "CancelTyping"):
        raise WechatError(45072)
    if now - chat.last_exchange > EXCHANGE_SECONDS:
        raise WechatError(45080)
    if command == "Typing" and chat.typing_until > now:
        raise WechatError(45081)
    chat.typing_until = now + TYPING_SECONDS if command == "Typing" else 0.0
    if world.hub.watched:
        world.hub.publish("typing", {"phone": phone.id, "pool": chat.pool, "until": chat.typing_until})
    return ok()


async def send_subscribe(call: ApiCall) -> Json:
    """A mini-program's subscribe message; it arrives among the 服务通知."""
    platform, mini = call.platform, call.mini
    openid = jsons.text(call.body, "touser")
    phone = platform.world.by_openid.get(openid)
    if phone is None or platform.world.mini_openid(phone, mini) != openid:
        raise WechatError(40003)
    call.phone_id = phone.id
    page = jsons.text(call.body, "page")
    link = PhoneLink("进入小程序查看", "mini", appid=mini.appid, pagepath=page) if page else None
    chat = platform.world.chat(phone, mini.pool)
    template = find_template(mini.templates, jsons.text(call.body, "template_id"))
    await _send_by_consent(call, (phone, chat), template, link)
    return ok()


async def bizsend(call: ApiCall) -> Json:
    """An official account's subscription notice 订阅通知; the id comes in the sent event."""
    account = call.account
    phone, chat = _receiver(call)
    template_id = jsons.text(call.body, "template_id")
    template = find_template(account.templates, template_id)
    await _send_by_consent(call, (phone, chat), template, card_link(call.body, "page"))
    item: Json = {
        "TemplateId": template_id,
        "MsgID": str(call.platform.world.new_number()),
        "ErrorCode": 0,
        "ErrorStatus": "success",
    }
    event: Json = {
        "MsgType": "event",
        "Event": "subscribe_msg_sent_event",
        "SubscribeMsgSentEvent": {"List": item},
    }
    call.platform.callbacks.push_soon(account, phone, chat, event)
    return ok()


async def _send_by_consent(
    call: ApiCall, receiver: tuple[Phone, Chat], template: Template | None, link: PhoneLink | None
) -> None:
    """Use up one consent, unless it is long-term.

    WechatError 43108 while another message is being sent to the person, 43101 without a consent.
    """
    platform, (phone, chat) = call.platform, receiver
    key = (call.app.appid if call.app else "", jsons.text(call.body, "template_id"))
    openid = jsons.text(call.body, "touser")
    if openid in platform.sending:
        raise WechatError(43108)
    values = check_data(jsons.mapping(call.body, "data"), template)
    platform.sending.add(openid)
    try:
        await asyncio.sleep(ON_ITS_WAY)
        left = phone.consents.get(key, 0)
        if left <= 0:
            raise WechatError(43101)
        phone.consents[key] = left if template is not None and template.long_term else left - 1
        title = template.title if template else "服务通知"
        segments = card_segments(values, template, link)
        platform.world.show(phone, chat, "account", "template", segments, title=title, source="subscribe")
    finally:
        platform.sending.discard(openid)


ROUTES = [
    ApiRoute("POST", "/cgi-bin/message/template/send", send_template),
    ApiRoute("POST", "/cgi-bin/message/custom/send", send_custom),
    ApiRoute("POST", "/cgi-bin/message/custom/typing", typing),
    ApiRoute("POST", "/cgi-bin/message/subscribe/send", send_subscribe),
    ApiRoute("POST", "/cgi-bin/message/subscribe/bizsend", bizsend),
]
