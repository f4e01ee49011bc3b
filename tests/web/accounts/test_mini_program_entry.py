"""The page between a chat's link and the mini-program: the person is recognised."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from domain.errors import Transient
from services.accounts.mini_program_entry import PARAMETER
from services.core.signed_links import Links
from tests.factories.people import make_identity
from tests.web.accounts.test_account import registered
from tests.web.conftest import WECHAT, Visitor, World

LINK = "https://wxaurl.example.cn/abc"
DRAW = "0190f1a0-0000-7000-8000-000000000001"
ADDRESS = f"/h5/mini?{urlencode({'page': f'pages/draw?id={DRAW}', 'or': f'/draws/{DRAW}'})}"


@pytest.fixture
def link_requests(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Links requested of WeChat."""
    calls: list[tuple[Any, ...]] = []

    async def url_link(*given: Any) -> str:
        calls.append(given)
        return LINK

    monkeypatch.setattr(world.services.accounts.mini_program_entry.platform, "url_link", url_link, raising=False)
    return calls


async def bound(world: World, openid: str) -> Any:
    account, _ = await registered(world)
    await make_identity(account, openid=openid)
    return account


async def from_chat(world: World, openid: str, **headers: str) -> Visitor:
    """The chat's link, opened in WeChat, up to the page that leads on."""
    visitor = world.visitor(**(WECHAT | headers))
    answer = await visitor.client.get(
        f"/h5/wechat?{urlencode({'pool': 'demo', 'next': ADDRESS})}", headers=visitor.headers, allow_redirects=False
    )
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    answer = await visitor.client.get(
        f"{urlsplit(query['redirect_uri'][0]).path}?code={openid}--1&state={query['state'][0]}",
        headers=visitor.headers,
        allow_redirects=False,
    )
    visitor.response = answer
    return visitor


async def led_to(visitor: Visitor, address: str = ADDRESS) -> str:
    answer = await visitor.client.get(address, headers=visitor.headers, allow_redirects=False)
    return answer.headers["Location"]


async def test_a_bound_person_is_led_into_the_mini_program_with_his_own_token(
    world: World, link_requests: list[Any]
) -> None:
    account = await bound(world, "o-mine")
    visitor = await from_chat(world, "o-mine")
    assert visitor.response.headers["Location"] == ADDRESS
    assert await led_to(visitor) == LINK
    [(pool, path, query, lifetime)] = link_requests
    parameters = parse_qs(query)
    assert (pool, path, parameters["id"], lifetime) == ("demo", "pages/draw", [DRAW], 300)
    links = Links(world.services.deps.keys, world.clock)
    assert links.check(parameters[PARAMETER][0], "mini_entry").person_id == account.id


async def test_a_friend_who_gets_the_chats_link_logs_in_as_himself(world: World, link_requests: list[Any]) -> None:
    await bound(world, "o-mine")
    visitor = await from_chat(world, "o-friend")
    assert visitor.response.headers["Location"].startswith("/h5/login?")
    assert (await led_to(visitor)).startswith("/h5/login?")
    assert link_requests == []


async def test_elsewhere_and_while_wechat_is_away_the_work_is_done_on_our_page(
    world: World, link_requests: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await bound(world, "o-mine")
    visitor = await from_chat(world, "o-mine")

    async def fail(*_: Any) -> str:
        raise Transient("away")

    monkeypatch.setattr(world.services.accounts.mini_program_entry.platform, "url_link", fail)
    assert await led_to(visitor) == f"/draws/{DRAW}"
    visitor.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0"
    assert await led_to(visitor) == f"/draws/{DRAW}"
    assert link_requests == []


async def test_it_leads_to_no_strange_address(world: World, link_requests: list[Any]) -> None:
    await bound(world, "o-mine")
    visitor = await from_chat(world, "o-mine")
    visitor.headers["User-Agent"] = "Mozilla/5.0 Chrome/126.0"
    strange = urlencode({"page": "pages/draw", "or": "https://evil.example/"})
    assert (await led_to(visitor, f"/h5/mini?{strange}")).startswith("/")
