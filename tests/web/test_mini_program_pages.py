"""Pages that the mini-program opens for visitors without a log-in are open to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.web.conftest import World

ROUTES = (Path(__file__).parents[2] / "miniprogram/lib/routes.js").read_text("utf-8")


def listed(name: str) -> list[str]:
    [inside] = re.findall(rf"const {name} = \[([^\]]*)\];", ROUTES)
    return re.findall(r"'([^']*)'", inside)


ADDRESSES = [*(f"/h5/demo{name}" for name in listed("PUBLIC")), *listed("PUBLIC_OF_ALL")]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_page_of_the_list_opens_without_a_log_in(world: World, address: str) -> None:
    visitor = await world.visitor().get(address)
    assert (visitor.status, visitor.path) == (200, address)


def test_the_list_is_read() -> None:
    assert {"/h5/demo/help", "/record"} <= set(ADDRESSES)
