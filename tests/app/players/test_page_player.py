"""A person presses a button again while the service is away, and looks whether the first press was obeyed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.players import browser
from app.players.browser import WebBrowser
from app.players.http_client import HttpClient
from app.players.page_player import PagePlayer
from app.players.phones import NotArrived, Phone

Answer = Callable[[web.Request], web.Response]


def obeyed(_: web.Request) -> web.Response:
    raise web.HTTPSeeOther("/draw?note=started")


def answer_busy(_: web.Request) -> web.Response:
    return web.Response(status=503, text="系统暂时繁忙")


def refused(_: web.Request) -> web.Response:
    return web.Response(status=409, text="不能启动")


def lost(request: web.Request) -> web.Response:
    """The connection breaks before the answer is out."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@dataclass
class Service:
    """One page with one button. ``answers``: to each press in turn; the first press starts the draw, if at all."""

    answers: list[tuple[bool, Answer]]
    started: bool = False
    keys: list[str] = field(default_factory=list)
    opened: int = 0

    async def show(self, _: web.Request) -> web.Response:
        self.opened += 1
        form = f'<form method="post"><input name="key" value="{self.opened}"><button>启动</button></form>'
        return web.Response(text="已启动" if self.started else form, content_type="text/html")

    async def press(self, request: web.Request) -> web.Response:
        self.keys.append(str((await request.post())["key"]))
        starts, answer = self.answers.pop(0)
        self.started = self.started or starts
        return answer(request)


Play = Callable[..., Awaitable[PagePlayer]]


@pytest.fixture
async def play(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Play]:
    """A player at the page of a service."""
    monkeypatch.setattr(browser, "_PAUSE", 0)
    servers: list[TestServer] = []
    async with aiohttp.ClientSession() as http:

        async def begin(service: Service, patience: float = 60.0) -> PagePlayer:
            app = web.Application()
            app.router.add_get("/draw", service.show)
            app.router.add_post("/draw", service.press)
            servers.append(TestServer(app))
            await servers[-1].start_server()
            client = HttpClient(http, str(servers[-1].make_url("")).rstrip("/"), "")
            player = PagePlayer(Phone(client, "", ""), WebBrowser(client, client.service_url, patience=patience))
            await player.open("/draw")
            return player

        yield begin
    for server in servers:
        await server.close()


async def test_a_button_is_pressed_again_with_the_same_key_while_the_service_is_away(play: Play) -> None:
    service = Service([(False, answer_busy), (False, lost), (True, obeyed)])
    page = await (await play(service)).press("启动", "已启动")
    assert page.path == "/draw"
    assert service.keys == ["1", "1", "1"]


async def test_a_press_whose_answer_was_lost_counts_though_the_next_one_is_refused(play: Play) -> None:
    service = Service([(True, lost), (False, refused)])
    await (await play(service)).press("启动", lambda page: "已启动" in page.text)
    assert len(service.keys) == 2


async def test_a_refusal_is_told_with_its_words(play: Play) -> None:
    player = await play(Service([(False, refused)]))
    with pytest.raises(NotArrived, match=r"已启动.*409：不能启动"):
        await player.press("启动", "已启动")


@pytest.mark.parametrize("answer", [answer_busy, lost])
async def test_without_patience_nothing_is_pressed_again(play: Play, answer: Answer) -> None:
    service = Service([(False, answer)])
    player = await play(service, patience=0.0)
    with pytest.raises((NotArrived, aiohttp.ClientError)):
        await player.press("启动", "已启动")
    assert len(service.keys) == 1
