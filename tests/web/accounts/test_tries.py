"""Each form of an account is counted per client before it is read, with or without a log-in."""

from __future__ import annotations

import aiohttp.web as http
import pytest
from aiohttp.test_utils import TestClient, TestServer

from domain.errors import TooMany
from tests.web.conftest import World
from web.assembly import setup_pages


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/h5/login", "login_code"),
        ("/h5/login/code", "login"),
        ("/h5/login/password", "login"),
        ("/h5/login/token", "login"),
        ("/h5/register", "register_code"),
        ("/h5/register/new", "register"),
        ("/h5/forgot", "forgot_code"),
        ("/h5/forgot/new", "forgot"),
        ("/h5/demo/account/password", "password"),
        ("/h5/demo/account/mobile", "mobile_code"),
        ("/h5/demo/account/mobile/new", "mobile"),
        ("/h5/demo/account/data/code", "own_data_code"),
        ("/h5/demo/account/data", "own_data"),
    ],
)
async def test_too_many_tries_are_refused_before_anything_else(world: World, path: str, name: str) -> None:
    counted: list[tuple[str, int, int]] = []

    async def limit(_request: http.Request, name: str, tries: int, period: int) -> None:
        counted.append((name, tries, period))
        raise TooMany("操作太频繁，请稍后再试。", retry_after=period)

    app = http.Application()
    setup_pages(app, world.services, limit=limit)
    async with TestClient(TestServer(app)) as client:
        response = await client.post(path, data={"mobile": "no number"}, allow_redirects=False)
        assert (response.status, response.headers["Retry-After"]) == (429, "60")
    assert counted == [(f"h5_{name}", 60, 60)]
