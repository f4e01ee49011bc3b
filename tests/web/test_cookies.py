"""Cookies that come back broken, cut, or as something else are as good as none: no page fails because of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp import web

from tests.web.conftest import World

ROOT = Path(__file__).parents[2]
NAMES = sorted(
    {name for path in (ROOT / "web").rglob("*.py") for name in re.findall(r'"(pbt_[a-z_]+)"', path.read_text())}
)
"""Every cookie of the pages, as their modules name it."""
EMPTY_SEAL = "YTI1NmdjbTprMTpRUT09"
"""Base64 of ``a256gcm:k1:QQ==``, a seal around nothing."""


@pytest.mark.parametrize("value", ["é", EMPTY_SEAL, "a256gcm%3Ak1%3AQQ%3D%3D", "a256gcm:k1:", "AAA", "%ED%A0%80"])
async def test_no_page_fails_because_of_a_broken_cookie(world: World, value: str) -> None:
    assert {"pbt_sent", "pbt_session", "pbt_identity", "pbt_payer"} <= set(NAMES)
    visitor = world.visitor(Cookie="; ".join(f"{name}={value}" for name in NAMES))
    failing = {}
    for path in _addresses(world.server.app):
        await visitor.get(f"{path}?pool=demo&state=x&code=x")
        if visitor.status >= 500:
            failing[path] = visitor.status
    assert failing == {}


def _addresses(app: web.Application) -> list[str]:
    """Of every page, of the demo pool where it is one of a pool; without the one that leads to a platform away from
    here, which reads no cookie."""
    patterns = {route.resource.canonical for route in app.router.routes() if route.method == "GET" and route.resource}
    pages = {pattern for pattern in patterns if not pattern.startswith("/static")} - {"/h5/identity"}
    return sorted(re.sub(r"\{\w+\}", "x", pattern.replace("{pool}", "demo")) for pattern in pages)
