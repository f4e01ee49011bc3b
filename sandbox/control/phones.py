"""Phones: making them, acting on them, reading them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from aiohttp import web

from sandbox import jsons
from sandbox.config import ConfigError, PersonConfig, person
from sandbox.control.base import Control, Endpoint, endpoint
from sandbox.jsons import BadControlRequest, Json
from sandbox.pay.cashier import CODE_PREFIX
from sandbox.phones import LINES, Autopilot, Bubble, Phone, PhoneLink
from sandbox.wechat.faces import show_face

LONGEST_WAIT = 60.0
NETS = ("normal", "slow", "lost")
MOST_AT_ONCE = 200_000


def _person(item: Json, where: str) -> PersonConfig:
    try:
        return person(item, where)
    except ConfigError as error:
        raise BadControlRequest(str(error)) from error


def list_phones(control: Control) -> Json:
    """``q`` looks in names and numbers; ``pool``, ``role``, ``offset`` and ``limit`` (100) narrow."""
    query = control.request.query
    search, pool, role = query.get("q", ""), query.get("pool", ""), query.get("role", "")
    phones = [
        phone
        for phone in control.world.phones.values()
        if (search in phone.name or search in phone.mobile) and pool in ("", phone.pool) and role in ("", phone.role)
    ]
    start, size = int(control.query_number("offset", 0)), int(control.query_number("limit", 100))
    return {"total": len(phones), "phones": [phone.summary() for phone in phones[start : start + size]]}


def create_phone(control: Control) -> Json:
    phone = control.world.add_phone(_person(control.body, "phone"))
    _after_creation(control, [phone])
    return phone.as_json()


def create_many(control: Control) -> Json:
    """Either ``phones``: [{name, mobile, …}], or ``count`` with ``first_mobile`` and ``name``; one answer for all."""
    body = control.body
    if "phones" in body:
        people = [_person(item, f"phones[{index}]") for index, item in enumerate(jsons.objects(body, "phones"))]
    else:
        count, first = jsons.integer(body, "count"), jsons.integer(body, "first_mobile", 13_000_000_000)
        if not 1 <= count <= MOST_AT_ONCE:
            raise BadControlRequest(f"“count” must be between 1 and {MOST_AT_ONCE}")
        name, pool = jsons.text(body, "name", "测试"), jsons.text(body, "pool")
        follows = jsons.flag(body, "follows", True)
        people = [
            PersonConfig(f"{name}{index}", str(first + index), pool=pool, follows=follows) for index in range(count)
        ]
    phones = [control.world.add_phone(item) for item in people]
    _after_creation(control, phones)
    return {"created": len(phones), "first": phones[0].id if phones else "", "last": phones[-1].id if phones else ""}


def _after_creation(control: Control, phones: list[Phone]) -> None:
    pilot = jsons.mapping(control.body, "autopilot")
    for phone in phones if pilot else []:
        control.parts.autopilots.set(phone, _autopilot(pilot))
    if control.world.hub.watched:
        control.world.hub.publish("phones", {"created": len(phones)})


def read_phone(control: Control) -> Json:
    return control.phone.as_json()


async def wait_for_change(control: Control) -> Json:
    """The phone when its ``changes`` exceeds the given number, or after ``timeout`` real seconds (10)."""
    phone, changes_seen = control.phone, int(control.query_number("changes", -1))
    loop = asyncio.get_running_loop()
    until = loop.time() + min(control.query_number("timeout", 10), LONGEST_WAIT)
    while phone.changes <= changes_seen and loop.time() < until:
        await phone.wait_for_change(until - loop.time())
    return phone.as_json()


def update_phone(control: Control) -> Json:
    """``line``: state of the phone's line; ``refuses``: the person refuses the account's messages; ``email``.

    ``net`` and ``skew``: the network of its browser, and seconds by which its clock is wrong.
    ``level``: its owner's assurance level at the identity platform, 1 to 4.
    """
    phone, line = control.phone, jsons.text(control.body, "line")
    if line and line not in LINES:
        raise BadControlRequest(f"“line” must be one of {', '.join(LINES)}")
    net = jsons.text(control.body, "net", phone.net)
    if net not in NETS:
        raise BadControlRequest(f"“net” must be one of {', '.join(NETS)}")
    phone.line, phone.net = line or phone.line, net
    phone.skew = jsons.integer(control.body, "skew", phone.skew)
    phone.email = jsons.text(control.body, "email", phone.email)
    phone.level = jsons.integer(control.body, "level", phone.level)
    if "refuses" in control.body:
        control.person.chat.refuses = jsons.flag(control.body, "refuses")
    control.world.show_phone(phone)
    return phone.summary()


def set_autopilot(control: Control) -> Json:
    """The body is the autopilot; ``{"choice": "off"}`` takes it away. ``phone`` ``*`` in the path: all phones."""
    off = jsons.text(control.body, "choice") == "off"
    everybody = control.request.match_info["phone"] == "*"
    phones = list(control.world.phones.values()) if everybody else [control.phone]
    for phone in phones:
        control.parts.autopilots.set(phone, None if off else _autopilot(control.body))
    return {"phones": len(phones)}


def _autopilot(body: Json) -> Autopilot:
    usual = Autopilot()
    return Autopilot(
        choice=jsons.text(body, "choice", usual.choice),
        by=jsons.text(body, "by", usual.by),
        after=jsons.number(body, "after", usual.after),
        keys=jsons.text(body, "keys"),
        say=jsons.text(body, "say"),
    )


# -- WeChat -----------------------------------------------------------------------------------------------------


def follow(control: Control) -> Awaitable[Json]:
    """With ``scene``: through that scene's QR code."""
    scene, person = jsons.text(control.body, "scene"), control.person
    if scene:
        return control.act(person.scan(f"http://weixin.qq.com/q/{person.account.pool}/{scene}"))
    return control.act(person.follow())


def unfollow(control: Control) -> Awaitable[Json]:
    return control.act(control.person.unfollow())


def text(control: Control) -> Awaitable[Json]:
    return control.act(control.person.text(jsons.need(control.body, "content")))


def menu(control: Control) -> Awaitable[Json]:
    return control.act(control.person.menu(jsons.need(control.body, "button")))


def tap(control: Control) -> Awaitable[Json]:
    """Taps a link: of bubble ``bubble`` (the newest with links when absent), by ``link`` index or by ``label``."""
    person = control.person
    return control.act(person.tap(_find_link(control.body, [*person.chat.bubbles])))


def _find_link(body: Json, bubbles: list[Bubble]) -> PhoneLink:
    bubble_id, label = jsons.integer(body, "bubble"), jsons.text(body, "label")
    for bubble in reversed(bubbles):
        if not bubble.links or (bubble_id and bubble.id != bubble_id):
            continue
        if not label:
            index = jsons.integer(body, "link")
            if not 0 <= index < len(bubble.links):
                raise BadControlRequest(f"the bubble has {len(bubble.links)} links, there is no link {index}")
            return bubble.links[index]
        for link in bubble.links:
            if label in link.label:
                return link
    raise BadControlRequest(f"no link {label!r} in the chat" if label else "no bubble with a link")


def scan(control: Control) -> Awaitable[Json] | Json:
    """Scans ``content``; ``menu_key`` when a menu button opened the scanner. A payment's code opens the cashier."""
    content, key = jsons.need(control.body, "content"), jsons.text(control.body, "menu_key")
    if content.startswith(CODE_PREFIX) and not key:
        cashiers = control.parts.pay.cashiers
        return {
            "open_url": "",
            "open_mini": "",
            "open_cashier": cashiers.describe(cashiers.scan(control.phone, content)),
        }
    return control.act(control.person.scan(content, key))


def location(control: Control) -> Awaitable[Json]:
    body = control.body
    latitude, longitude = jsons.number(body, "latitude"), jsons.number(body, "longitude")
    return control.act(control.person.location(latitude, longitude, jsons.text(body, "label")))


def message(control: Control) -> Awaitable[Json]:
    """Another message type: ``type`` and its ``fields``."""
    return control.act(control.person.message(jsons.need(control.body, "type"), jsons.mapping(control.body, "fields")))


def raw(control: Control) -> Awaitable[Json]:
    """Any message or event: ``fields`` as they stand in the XML, head excepted."""
    fields = jsons.mapping(control.body, "fields")
    jsons.need(fields, "MsgType")
    return control.act(control.person.push(fields))


def consent(control: Control) -> Awaitable[Json]:
    """``accept`` or refuse one message of ``template_id``, ``always`` or once; ``target``: mini (default) or account;
    ``revoke`` all."""
    body, person = control.body, control.person
    template_id = jsons.need(body, "template_id")
    if jsons.flag(body, "revoke"):
        return control.act(person.revoke(template_id))
    mini = jsons.text(body, "target", "mini") == "mini"
    accept, always = jsons.flag(body, "accept", True), jsons.flag(body, "always")
    return control.act(person.consent(template_id, accept, mini, always=always))


def login_code(control: Control) -> Json:
    """The code that ``wx.login`` returns to the mini-program."""
    return _code(control, phone_number=False)


def phone_code(control: Control) -> Json:
    """The code that the button getPhoneNumber returns."""
    return _code(control, phone_number=True)


def _code(control: Control, *, phone_number: bool) -> Json:
    phone, platform = control.phone, control.parts.platform
    pool = jsons.text(control.body, "pool") or phone.pool
    mini = control.world.minis.get(pool)
    if mini is None:
        raise BadControlRequest(f"no mini-program for pool {pool!r}")
    codes = platform.phone_codes if phone_number else platform.login_codes
    return {"code": codes.issue(phone, mini.appid), "appid": mini.appid}


def face(control: Control) -> Json:
    """The phone's owner looks into the camera for a face check: ``check``."""
    return show_face(control.parts.platform, control.phone, jsons.need(control.body, "check"))


# -- calls ------------------------------------------------------------------------------------------------------


def dial(control: Control) -> Json:
    """The phone calls ``number``; without one, the number from which its pool calls."""
    return control.parts.voice.dial_in(control.phone, jsons.text(control.body, "number")).as_json()


def answer_call(control: Control) -> Json:
    control.parts.voice.network.answer(control.call)
    return control.call.as_json()


def press_keys(control: Control) -> Json:
    control.parts.voice.press(control.call, jsons.need(control.body, "keys"))
    return control.call.as_json()


def hang_up(control: Control) -> Json:
    """Hangs up a call, or rejects one that still rings."""
    control.parts.voice.hang_up(control.call)
    return control.call.as_json()


def add_routes(app: web.Application) -> None:
    phone_path = "/control/phones/{phone}"
    gets: dict[str, Endpoint] = {
        "/control/phones": list_phones,
        phone_path: read_phone,
        f"{phone_path}/wait": wait_for_change,
    }
    posts: dict[str, Endpoint] = {
        "/control/phones": create_phone,
        "/control/phones/bulk": create_many,
        phone_path: update_phone,
        f"{phone_path}/autopilot": set_autopilot,
        f"{phone_path}/follow": follow,
        f"{phone_path}/unfollow": unfollow,
        f"{phone_path}/text": text,
        f"{phone_path}/menu": menu,
        f"{phone_path}/tap": tap,
        f"{phone_path}/scan": scan,
        f"{phone_path}/location": location,
        f"{phone_path}/message": message,
        f"{phone_path}/raw": raw,
        f"{phone_path}/consent": consent,
        f"{phone_path}/login_code": login_code,
        f"{phone_path}/phone_code": phone_code,
        f"{phone_path}/face": face,
        f"{phone_path}/dial": dial,
        f"{phone_path}/calls/{{call}}/answer": answer_call,
        f"{phone_path}/calls/{{call}}/keys": press_keys,
        f"{phone_path}/calls/{{call}}/hangup": hang_up,
        f"{phone_path}/calls/{{call}}/reject": hang_up,
    }
    for path, get in gets.items():
        app.router.add_get(path, endpoint(get))
    for path, post in posts.items():
        app.router.add_post(path, endpoint(post))
