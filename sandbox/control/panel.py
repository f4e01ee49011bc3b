"""The panel: clock, faults, quotas, menus, ledger, live stream."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
from aiohttp import web

from sandbox import jsons, qr_reader
from sandbox.control.base import Control, Endpoint, endpoint
from sandbox.faults import KINDS, VENDORS, Fault
from sandbox.jsons import BadControlRequest, Json
from sandbox.wechat.account_api import qr_svg

FORWARD_SECONDS = 5.0
BEAT_SECONDS = 15.0


def state(control: Control) -> Json:
    """State that the page loads first; phones have an endpoint of their own."""
    world = control.world
    accounts = [
        {
            "pool": account.pool,
            "name": account.name,
            "appid": account.appid,
            "mode": account.mode,
            "original_id": account.original_id,
            "menu": control.parts.platform.menus.get(account.appid),
            "personal_menus": {
                openid: control.parts.platform.menu_of(appid, openid)
                for appid, openid in control.parts.platform.tags_of
                if appid == account.appid
            },
        }
        for account in world.accounts.values()
    ]
    return {
        "clock": _clock_state(control),
        "accounts": accounts,
        "mini_programs": [
            {
                "pool": mini.pool,
                "appid": mini.appid,
                "name": mini.name,
                "templates": {code: template.title for code, template in mini.templates.items()},
                "long_term": [code for code, template in mini.templates.items() if template.long_term],
            }
            for mini in world.minis.values()
        ],
        "phones": len(world.phones),
        "faults": [fault.as_json() for fault in world.faults.all()],
        "fault_kinds": dict(KINDS),
        "vendors": list(VENDORS),
        "service_url": world.config.service_public_url or world.config.service_url,
        "public_url": world.config.public_url,
        "lines": world.config.voice.lines,
        "mail": {"smtp_port": control.parts.mail.port},
    }


def _clock_state(control: Control) -> Json:
    clock = control.world.clock
    return {"now": clock.now(), "offset_seconds": clock.offset, "iso": clock.iso()}


def read_clock(control: Control) -> Json:
    return _clock_state(control)


async def move_clock(control: Control) -> Json:
    """``offset_seconds`` sets, ``advance_seconds`` adds; ``forwarded`` says if the service took it over."""
    body, world = control.body, control.world
    if "offset_seconds" in body:
        offset = jsons.number(body, "offset_seconds")
    elif "advance_seconds" in body:
        offset = world.clock.offset + jsons.number(body, "advance_seconds")
    else:
        raise BadControlRequest("“offset_seconds” or “advance_seconds” is missing")
    world.clock.offset = offset
    if world.hub.watched:
        world.hub.publish("clock", {"clock": _clock_state(control)})
    forwarded = await _forward(control, offset)
    world.timeline.wake()  # only now: pushes carry the new time, and the service would have refused them before
    return {**_clock_state(control), "forwarded": forwarded}


async def _forward(control: Control, offset: float) -> bool:
    url = f"{control.world.config.service_url}/sandbox/clock"
    timeout = aiohttp.ClientTimeout(total=FORWARD_SECONDS)
    body = jsons.dumps({"offset_seconds": offset})
    try:
        async with control.world.http.post(
            url, data=body, headers={"Content-Type": "application/json"}, timeout=timeout
        ) as response:
            return response.status < 300
    except (aiohttp.ClientError, TimeoutError):
        return False


def count_under_way(control: Control) -> Json:
    """``count`` of messages, callbacks and reports that are on their way or due now."""
    world = control.world
    return {"count": len(world.under_way) + world.timeline.count_due()}


def list_faults(control: Control) -> Json:
    return {"faults": [fault.as_json() for fault in control.world.faults.all()], "kinds": dict(KINDS)}


def set_fault(control: Control) -> Json:
    """``kind, vendor`` (``*``)``, probability`` (1)``, count`` (no end)``, seconds, path``; ``on`` false: off."""
    body, faults = control.body, control.world.faults
    vendor, kind = jsons.text(body, "vendor", "*"), jsons.need(body, "kind")
    if jsons.flag(body, "on", True):
        count = jsons.integer(body, "count") if body.get("count") is not None else None
        probability, seconds = jsons.number(body, "probability", 1), jsons.number(body, "seconds")
        faults.set(Fault(vendor, kind, probability, count, seconds, jsons.text(body, "path"), jsons.text(body, "code")))
    else:
        faults.clear(vendor, kind)
    return _publish_faults(control)


def clear_faults(control: Control) -> Json:
    control.world.faults.clear()
    return _publish_faults(control)


def _publish_faults(control: Control) -> Json:
    answer = list_faults(control)
    if control.world.hub.watched:
        control.world.hub.publish("faults", {"faults": answer["faults"]})
    return answer


def set_quota(control: Control) -> Json:
    """Daily ``limit`` of the WeChat API ``path``."""
    limits = control.parts.platform.quotas.limits
    limits[jsons.need(control.body, "path")] = jsons.integer(control.body, "limit")
    return {"limits": dict(limits)}


def revoke_tokens(control: Control) -> Json:
    """Revoke all access tokens of ``appid``, as after a reset secret."""
    control.parts.platform.tokens.revoke_all(jsons.need(control.body, "appid"))
    return {"ok": True}


def set_history(control: Control) -> Json:
    """How many ``bubbles`` new chats keep; benchmarks set 0 or 1."""
    control.world.keep_bubbles = jsons.integer(control.body, "bubbles")
    return {"bubbles": control.world.keep_bubbles}


def ledger(control: Control) -> Json:
    """Entries after ``after``, newest ``limit`` (200); ``vendor`` and ``phone`` narrow; ``counts`` since the start."""
    query, book = control.request.query, control.world.ledger
    after, limit = int(control.query_number("after", 0)), int(control.query_number("limit", 200))
    entries = book.entries_since(after, limit, query.get("vendor", ""), query.get("phone", ""))
    return {"entries": [entry.as_json() for entry in entries], "counts": book.counts}


def qr(control: Control) -> web.Response:
    """A QR code of ``text`` as SVG."""
    text = control.request.query.get("text", "")
    if not text or len(text) > 1000:
        raise BadControlRequest("“text” must have 1 to 1000 characters")
    return web.Response(body=qr_svg(text), content_type="image/svg+xml")


def media(control: Control) -> web.Response:
    """A media file that the service uploaded, for the bubbles."""
    file = control.parts.platform.media.get(control.request.match_info["media"])
    if file is None or not file.content_type.startswith(("image/", "audio/", "video/")):
        raise web.HTTPNotFound
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
    return web.Response(body=file.data, content_type=file.content_type.partition(";")[0], headers=headers)


async def media_code(control: Control) -> Json:
    """The text of a QR code in an uploaded picture; "" when there is none."""
    file = control.parts.platform.media.get(control.request.match_info["media"])
    if file is None:
        raise web.HTTPNotFound
    try:
        return {"text": await asyncio.to_thread(qr_reader.read, file.data)}
    except qr_reader.NoCode as error:
        return {"text": "", "note": str(error)}


async def stream(control: Control) -> web.StreamResponse:
    """Server-sent events of everything that happens; each ``data`` is JSON with a ``type``."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(control.request)
    queue = control.world.hub.open()
    try:
        await response.write(b": open\n\n")
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), BEAT_SECONDS)
                if event["type"] == "end":
                    return response
                await response.write(f"data: {jsons.dumps(event)}\n\n".encode())
            except TimeoutError:
                await response.write(b": beat\n\n")
    except ConnectionError:
        return response
    finally:
        control.world.hub.close(queue)
        with contextlib.suppress(ConnectionError):
            await response.write_eof()


def add_routes(app: web.Application) -> None:
    gets: dict[str, Endpoint] = {
        "/control/under-way": count_under_way,
        "/control/state": state,
        "/control/clock": read_clock,
        "/control/faults": list_faults,
        "/control/ledger": ledger,
        "/control/qr": qr,
        "/control/media/{media}": media,
        "/control/media/{media}/code": media_code,
        "/control/stream": stream,
    }
    posts: dict[str, Endpoint] = {
        "/control/clock": move_clock,
        "/control/faults": set_fault,
        "/control/faults/clear": clear_faults,
        "/control/quotas": set_quota,
        "/control/tokens/revoke": revoke_tokens,
        "/control/history": set_history,
    }
    for path, get in gets.items():
        app.router.add_get(path, endpoint(get))
    for path, post in posts.items():
        app.router.add_post(path, endpoint(post))
