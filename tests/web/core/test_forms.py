"""A form with a file is read part by part, and not for ever."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from domain.errors import InvalidInput
from web.core.forms import read_parts

_TYPE = {"Content-Type": "multipart/form-data; boundary=x"}


def _form(parts: int) -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="same"\r\n\r\nv\r\n'
    return part * parts + b"--x--\r\n"


@pytest.mark.parametrize(("parts", "message"), [(120, "v"), (121, "not_a_form"), (2_000, "not_a_form")])
async def test_a_form_has_at_most_120_parts_also_of_one_name(parts: int, message: str) -> None:
    async def read(request: web.Request) -> web.Response:
        try:
            fields, _ = await read_parts(request, 1_000, lambda _: None)
        except InvalidInput as error:
            return web.Response(text=error.code)
        return web.Response(text=fields["same"])

    app = web.Application()
    app.router.add_post("/", read)
    async with TestClient(TestServer(app)) as client, client.post("/", data=_form(parts), headers=_TYPE) as answer:
        assert await answer.text() == message
