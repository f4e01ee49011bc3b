"""A form with a file is read part by part, not for ever, and within the process's room for bodies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from domain.errors import InvalidInput
from services.core.body_room import BodyRoom
from tests.factories.files import pdf
from tests.factories.offices import make_draw
from tests.web.conftest import World
from web.core.forms import read_parts

_TYPE = {"Content-Type": "multipart/form-data; boundary=x"}


def _form(parts: int) -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="same"\r\n\r\nv\r\n'
    return part * parts + b"--x--\r\n"


@pytest.mark.parametrize(("parts", "message"), [(120, "v"), (121, "not_a_form"), (2_000, "not_a_form")])
async def test_a_form_has_at_most_120_parts_also_of_one_name(parts: int, message: str) -> None:
    async def read(request: web.Request) -> web.Response:
        try:
            fields, _ = await read_parts(request, 1_000, lambda _: None, lambda _: None)
        except InvalidInput as error:
            return web.Response(text=error.code)
        return web.Response(text=fields["same"])

    app = web.Application()
    app.router.add_post("/", read)
    async with TestClient(TestServer(app)) as client, client.post("/", data=_form(parts), headers=_TYPE) as answer:
        assert await answer.text() == message


async def test_a_file_without_room_is_refused_for_a_minute_and_finds_it_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many files at once, sent to pages, would be most of a small machine's memory."""
    draw_id, agency = await make_draw(world.office), await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{draw_id}/submit")
    path, small = f"/agency/draws/{draw_id}/attachment", BodyRoom(500)
    with monkeypatch.context() as patch:
        patch.setattr(BodyRoom, "occupy", lambda _room, count, occupy=BodyRoom.occupy: occupy(small, count))
        await agency.upload(path, "上传", pdf(), "申请表.pdf")
        assert (agency.status, "一分钟后再试" in agency.text) == (503, True)
        assert small._left == 500, "what was received is released"
    await agency.get(f"/agency/draws/{draw_id}/submit")
    await agency.upload(path, "上传", pdf(), "申请表.pdf")
    assert "附件已上传" in agency.text


def test_every_reader_of_a_body_counts_what_it_holds() -> None:
    """Where a request's body is read: with the process's room, or, for callbacks, up to some hundred kilobytes."""
    readers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("app", "bot", "miniapp_api", "web")
        for path in (ROOT / folder).rglob("*.py")
        if _BODY.search(path.read_text(encoding="utf-8"))
    }
    assert readers == {
        "app/web.py",  # the sandbox's clock; the route doesn't exist in production
        "app/body_limits.py",  # reads nothing: the time that a body has
        "bot/callback.py",
        "miniapp_api/http/parsing.py",  # with the room
        "web/core/forms.py",  # with the room
        "web/notifications/vendor_webhooks.py",
        "web/payments/webhooks.py",
    }


_BODY = re.compile(r"request\.(read|text|json|post|multipart)\(|request\.content\b")
ROOT = Path(__file__).parents[3]
