"""A phone's browser and the mini-program's way to the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.sandbox.conftest import Box, Service, open_box

GO_ON = web.AppKey("go_on", asyncio.Event)


async def page(request: web.Request) -> web.Response:
    base = f"http://{request.host}"
    text = (
        f'<html><link href="/static/a.css"><a href="{base}/h5/next?a=1">x</a><a href="//other.test/">y</a>'
        f'<form action="/h5/post"></form><p data-qr="{base}/h5/checkin">{request.headers["User-Agent"]}</p>'
        f"<i>{request.headers.get('Cookie', '')}</i></html>"
    )
    response = web.Response(text=text, content_type="text/html")
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
    response.set_cookie("session", "abc", httponly=True, path="/")
    return response


async def plain(request: web.Request) -> web.Response:
    """A page of the shape and with the policy that the query names."""
    shapes = {"head": "<html><head lang=zh><title>x</title>", "body": "<!doctype html><p>x</p>", "bare": "<p>x</p>"}
    response = web.Response(text=shapes[request.query.get("shape", "head")], content_type="text/html")
    if "policy" in request.query:
        response.headers["Content-Security-Policy"] = request.query["policy"]
    return response


async def redirect_to_moved(request: web.Request) -> web.Response:
    raise web.HTTPFound(f"http://{request.host}/h5/page?x=1")


async def to_oauth(_request: web.Request) -> web.Response:
    raise web.HTTPFound("http://127.0.0.1:8090/wechat/connect/oauth2/authorize?appid=x&state=y")


async def echo(request: web.Request) -> web.Response:
    body = (await request.read()).decode()
    return web.json_response(
        {"body": body, "origin": request.headers.get("Origin"), "auth": request.headers.get("Authorization")}
    )


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: 1\n\n")
    await request.app[GO_ON].wait()
    await response.write(b"data: 2\n\n")
    return response


async def stream_on(request: web.Request) -> web.Response:
    request.app[GO_ON].set()
    return web.Response()


@pytest.fixture
async def web_box() -> AsyncIterator[Box]:
    app = web.Application()
    app.router.add_get("/h5/page", page)
    app.router.add_get("/h5/plain", plain)
    app.router.add_get("/h5/moved", redirect_to_moved)
    app.router.add_get("/h5/oauth", to_oauth)
    app.router.add_post("/api/echo", echo)
    app.router.add_get("/api/stream", stream)
    app.router.add_get("/api/go-on", stream_on)
    app[GO_ON] = asyncio.Event()
    server = TestServer(app)
    await server.start_server()
    service = Service(url=str(server.make_url("")).rstrip("/"))
    box = await open_box(service)
    yield box
    await box.client.close()
    await server.close()


async def test_page_stays_under_the_phones_prefix(web_box: Box) -> None:
    answer = await web_box.client.get("/phone/p1/service/h5/page")
    text = await answer.text()
    assert 'href="/phone/p1/service/static/a.css"' in text
    assert 'href="/phone/p1/service/h5/next?a=1"' in text
    assert 'href="//other.test/"' in text
    assert 'action="/phone/p1/service/h5/post"' in text
    assert f'data-qr="{web_box.service.url}/h5/checkin"' in text
    assert "MicroMessenger" in text
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'self'"
    assert "X-Frame-Options" not in answer.headers


async def test_a_page_inside_the_mini_program_says_so_and_shares_the_phones_cookies(web_box: Box) -> None:
    text = await (await web_box.client.get("/phone/p1.mini/service/h5/page")).text()
    assert 'href="/phone/p1.mini/service/static/a.css"' in text
    assert "miniProgram/wx" in text
    after = await (await web_box.client.get("/phone/p1/service/h5/page")).text()
    assert "session=abc" in after
    assert "miniProgram" not in after
    assert (await web_box.client.get("/phone/nobody.mini/service/h5/page")).status == 404


async def test_each_phone_keeps_its_own_cookies(web_box: Box) -> None:
    first = await web_box.client.get("/phone/p1/service/h5/page")
    assert "Set-Cookie" not in first.headers
    assert "session=abc" in await (await web_box.client.get("/phone/p1/service/h5/page")).text()
    assert "session=abc" not in await (await web_box.client.get("/phone/p2/service/h5/page")).text()


async def test_redirects_stay_in_the_browser_and_name_the_phone(web_box: Box) -> None:
    moved_to = await web_box.client.get("/phone/p1/service/h5/moved", allow_redirects=False)
    assert moved_to.headers["Location"] == "/phone/p1/service/h5/page?x=1"
    oauth = await web_box.client.get("/phone/p1/service/h5/oauth", allow_redirects=False)
    assert oauth.headers["Location"] == "/wechat/connect/oauth2/authorize?appid=x&state=y&phone=p1"


async def test_absolute_paths_of_a_script_find_their_way_back(web_box: Box) -> None:
    headers = {"Referer": f"http://{web_box.client.host}/phone/p1/service/h5/page?x=1", "Origin": "http://here"}
    answer = await web_box.client.post("/api/echo", data=b"hello", headers=headers)
    assert await answer.json() == {"body": "hello", "origin": web_box.service.url, "auth": None}
    assert (await web_box.client.post("/api/echo", data=b"hello")).status == 404


async def test_a_phone_without_network_gets_nothing_and_the_others_do(web_box: Box) -> None:
    await web_box.control("phones/p1", net="lost")
    with pytest.raises(aiohttp.ClientError):
        await web_box.client.get("/phone/p1/service/h5/page")
    assert (await web_box.client.get("/phone/p2/service/h5/page")).status == 200
    await web_box.control("phones/p1", net="normal")
    assert (await web_box.client.get("/phone/p1/service/h5/page")).status == 200
    await web_box.control("phones/p1", net="5G", expect=400)


async def test_on_a_slow_line_everything_takes_longer(web_box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.proxy.SLOW", 30.0)
    await web_box.control("phones/p1", net="slow")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(web_box.client.get("/phone/p1/service/h5/page"), 0.2)
    monkeypatch.setattr("sandbox.proxy.SLOW", 0.0)
    assert (await web_box.client.get("/phone/p1/service/h5/page")).status == 200


async def test_a_wrong_clock_goes_to_the_pages_of_its_phone_alone(web_box: Box) -> None:
    await web_box.control("phones/p1", skew=86400)
    plain = "/service/h5/plain?shape=head"
    assert 'data-skew="86400"' in await (await web_box.client.get(f"/phone/p1{plain}")).text()
    assert 'data-skew="0"' in await (await web_box.client.get(f"/phone/p2{plain}")).text()


async def test_mini_program_reaches_the_service_with_its_token(web_box: Box) -> None:
    answer = await web_box.client.post("/service/api/echo", data=b"1", headers={"Authorization": "Bearer t"})
    assert (await answer.json())["auth"] == "Bearer t"


async def test_events_of_the_service_come_as_they_happen(web_box: Box) -> None:
    async with web_box.client.get("/service/api/stream") as answer:
        assert await answer.content.readline() == b"data: 1\n"
        await web_box.client.get("/service/api/go-on")
        assert b"data: 2" in await answer.content.read()


async def test_unreachable_service_is_said_politely(service: Service) -> None:
    box = await open_box(service, service_url="http://127.0.0.1:9")
    answer = await box.client.get("/service/api/echo")
    assert (answer.status, await answer.text()) == (502, "服务没有响应，请稍后刷新。")
    await box.client.close()


async def test_page_of_phones_has_a_strict_policy(box: Box) -> None:
    answer = await box.client.get("/")
    assert answer.status == 200
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    text = await answer.text()
    assert "<style" not in text
    assert "style=" not in text
    assert (await box.client.get("/_/..%2Fserver.py")).status == 404


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (None, True),
        ("default-src 'self'", True),
        ("default-src 'none'; script-src 'self'", True),
        ("default-src 'self'; script-src 'none'", False),
        ("default-src 'none'; script-src 'nonce-x';", False),
    ],
)
async def test_wechats_bridge_comes_with_pages_whose_policy_allows_it(
    web_box: Box, policy: str | None, allowed: bool
) -> None:
    query = {"policy": policy} if policy else {}
    text = await (await web_box.client.get("/phone/p1/service/h5/plain", params=query)).text()
    assert ("/_/bridge.js" in text) is allowed
    assert "/_/bridge.js" not in await (await web_box.client.get("/service/h5/plain", params=query)).text()
    assert (await web_box.client.get("/_/bridge.js")).status == 200


@pytest.mark.parametrize(("shape", "before"), [("head", "<head lang=zh>"), ("body", "<!doctype html>"), ("bare", "")])
async def test_the_bridge_comes_before_the_pages_own_scripts(web_box: Box, shape: str, before: str) -> None:
    text = await (await web_box.client.get("/phone/p1/service/h5/plain", params={"shape": shape})).text()
    assert text.partition('<script src="/_/bridge.js" data-skew="0">')[0].endswith(before)
    assert "<p>" in text.partition("</script>")[2] or "<title>" in text.partition("</script>")[2]
