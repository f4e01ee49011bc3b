"""Events go to the public Internet and to listed networks, by whatever name their address hides."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from config.settings import WebhookSettings
from domain.errors import Rejected, Transient
from gateways.webhooks import Webhooks

INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 (refused, not bound to)
    "224.0.0.1",
    "::1",
    "fd00::1",
    "fe80::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
]
LOOPBACK = WebhookSettings(allowed_networks=["127.0.0.0/8"])


class Names(AbstractResolver):
    """A name server that answers with one address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [ResolveResult(hostname=host, host=self.address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@pytest.fixture
async def receiver(aiohttp_server: Callable[[web.Application], Awaitable[TestServer]]) -> TestServer:
    async def receive(request: web.Request) -> web.Response:
        if request.path == "/moved":
            raise web.HTTPFound("/events")
        return web.Response(status=204, headers={"X-Body": (await request.text())})

    app = web.Application()
    app.router.add_post("/{tail:.*}", receive)
    return await aiohttp_server(app)


@pytest.mark.parametrize("address", INSIDE)
async def test_an_inner_address_is_refused_as_such_and_behind_a_name(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    webhooks, named = Webhooks(WebhookSettings()), Webhooks(WebhookSettings(), Names(address))
    assert webhooks.refuse(f"https://{literal}/events") == "不能使用内网或保留地址。"
    for sender, url in ((webhooks, f"https://{literal}/events"), (named, "https://platform.example/events")):
        with pytest.raises(Rejected, match="forbidden_address"):
            await sender.post(url, b"{}", {})
        await sender.close()


async def test_a_name_that_changes_its_address_is_checked_at_each_connection(receiver: TestServer) -> None:
    names = Names("127.0.0.1")
    webhooks = Webhooks(LOOPBACK, names)
    url = f"https://platform.example:{receiver.port}/events"
    with pytest.raises(Transient):  # reached, but it speaks no TLS
        await webhooks.post(url, b"{}", {})
    names.address = "10.0.0.1"
    with pytest.raises(Rejected):
        await webhooks.post(url, b"{}", {})
    assert len(names.asked) == 2
    await webhooks.close()


async def test_a_listed_network_is_reached_by_plain_http_and_redirects_are_not_followed(receiver: TestServer) -> None:
    webhooks = Webhooks(LOOPBACK)
    base = f"http://127.0.0.1:{receiver.port}"
    assert webhooks.refuse(f"{base}/events") == ""
    assert await webhooks.post(f"{base}/events", b"{}", {"Content-Type": "application/json"}) == 204
    assert await webhooks.post(f"{base}/moved", b"{}", {}) == 302
    await webhooks.close()


async def test_plain_http_and_nobody_there() -> None:
    webhooks = Webhooks(LOOPBACK)
    assert webhooks.refuse("http://platform.example/") == "请使用https网址。"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Transient):
            await webhooks.post(f"http://127.0.0.1:{unused.getsockname()[1]}/", b"{}", {})
    await webhooks.close()
