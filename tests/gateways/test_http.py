"""Outcome of failed calls: whether the other side has acted."""

from __future__ import annotations

import asyncio
import gzip
import secrets
import socket
import traceback

import aiohttp
import pytest
from structlog.testing import capture_logs
from yarl import URL

from domain.errors import GatewayError, NeedsOperator, OutcomeUnknown, Transient
from gateways.http import BODY_LIMIT, Effect, Vendor
from gateways.jsons import Json
from tests.drivers.waiting import eventually
from tests.gateways.support import DROP, HANG, Rogue, Tools, new_tools, reply

READ, WRITE = Effect.READ, Effect.WRITE

NOT_TRUSTWORTHY = {
    "drop after accepting": DROP,
    "HTTP 500": reply({"errcode": 0}, status=500),
    "HTTP 503 with HTML": reply(b"<h1>busy</h1>", status=503, kind="text/html"),
    "HTML instead of JSON": reply(b"<html>login</html>", kind="text/html"),
    "JSON of another kind": reply([1, 2]),
    "broken JSON": reply(b'{"errcode":'),
    "not UTF-8": reply(b'{"a":"\xff"}'),
    "deeply nested JSON": reply(b"[" * 200_000),
    "a body cut short": reply({"errcode": 0}).replace(b"Content-Length: ", b"Content-Length: 9"),
    "not HTTP at all": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "good JSON that is too large": reply({"a": "x" * BODY_LIMIT}),
    "good JSON that unpacks too large": reply(
        gzip.compress(b'{"a":1}' + b" " * (50 * BODY_LIMIT)), headers="Content-Encoding: gzip\r\n"
    ),
    "an empty body": reply(b""),
}


async def ask(vendor: Vendor, url: str, effect: Effect, timeout: float = 5.0) -> Json:
    async with vendor.count_call("ask"):
        answer = await vendor.exchange("POST", URL(url), effect, body=b"{}", timeout=timeout)
        return vendor.read_object(answer, effect)


async def failure(tools: Tools, script: bytes, effect: Effect, timeout: float = 5.0) -> GatewayError:
    async with Rogue([script]) as rogue:
        with pytest.raises(GatewayError) as caught:
            await ask(tools.vendor(), rogue.url, effect, timeout)
        assert len(rogue.seen) == 1, "it was sent once"
        return caught.value


async def test_a_json_object_is_the_answer(tools: Tools) -> None:
    async with Rogue([reply({"你": "好"})]) as rogue:
        assert await ask(tools.vendor(), rogue.url, WRITE) == {"你": "好"}
    assert tools.count_calls("vendor", "ask", "ok") == 1


@pytest.mark.parametrize("effect", [READ, WRITE])
async def test_without_a_listening_server_nothing_was_done(tools: Tools, effect: Effect) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Transient):
            await ask(tools.vendor(), f"http://127.0.0.1:{unused.getsockname()[1]}", effect)
    assert tools.count_calls("vendor", "ask", "transient") == 1


async def test_waiting_for_a_free_connection_has_sent_nothing() -> None:
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector) as session, Rogue([HANG]) as rogue:
        vendor = new_tools(session).vendor()
        first = asyncio.create_task(ask(vendor, rogue.url, WRITE, timeout=5))
        await eventually(lambda: rogue.seen)
        with pytest.raises(Transient):
            await ask(vendor, rogue.url, WRITE, timeout=0.4)
        first.cancel()
        assert len(rogue.seen) == 1


@pytest.mark.parametrize("script", NOT_TRUSTWORTHY.values(), ids=NOT_TRUSTWORTHY)
async def test_an_act_without_a_trustworthy_answer_has_an_unknown_outcome(tools: Tools, script: bytes) -> None:
    assert isinstance(await failure(tools, script, WRITE), OutcomeUnknown)
    assert tools.count_calls("vendor", "ask", "unknown") == 1


@pytest.mark.parametrize("script", NOT_TRUSTWORTHY.values(), ids=NOT_TRUSTWORTHY)
async def test_a_question_without_a_trustworthy_answer_may_be_asked_again(tools: Tools, script: bytes) -> None:
    assert isinstance(await failure(tools, script, READ), Transient)


async def test_a_late_answer_leaves_an_act_unknown(tools: Tools) -> None:
    assert isinstance(await failure(tools, HANG, WRITE, timeout=0.2), OutcomeUnknown)


async def test_a_late_answer_lets_a_question_be_repeated(tools: Tools) -> None:
    assert isinstance(await failure(tools, HANG, READ, timeout=0.2), Transient)


async def test_too_many_requests_says_when_to_come_back(tools: Tools) -> None:
    error = await failure(tools, reply({}, status=429, headers="Retry-After: 17\r\n"), WRITE)
    assert isinstance(error, Transient)
    assert error.retry_after == 17


async def test_a_refusal_without_the_vendors_code_says_nothing_about_the_object(tools: Tools) -> None:
    error = await failure(tools, reply(b"no", status=403, kind="text/plain"), WRITE)
    assert isinstance(error, NeedsOperator)
    assert error.vendor_code == "http_403"


async def test_redirects_are_not_followed(tools: Tools) -> None:
    async with Rogue([reply({"stolen": True})]) as thief:
        moved = reply(b"", status=302, headers=f"Location: {thief.url}/\r\n")
        assert isinstance(await failure(tools, moved, WRITE), NeedsOperator)
        assert thief.seen == []


@pytest.mark.parametrize("script", [DROP, b"nonsense\r\n\r\n", reply(b"x", status=500)])
async def test_secrets_of_the_address_are_in_no_traceback(tools: Tools, script: bytes) -> None:
    secret = secrets.token_hex(8)
    async with Rogue([script]) as rogue:
        with pytest.raises(GatewayError) as caught:
            await ask(tools.vendor(), f"{rogue.url}/x?secret={secret}", WRITE)
    assert secret not in "".join(traceback.format_exception(caught.value))


async def test_an_outage_is_logged_once_down_and_once_back(tools: Tools) -> None:
    scripts = [reply({}, status=500), reply({}, status=500), reply({}, status=500), reply({}), reply({})]
    vendor = tools.vendor()
    async with Rogue(scripts) as rogue:
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(Transient):
                    await ask(vendor, rogue.url, READ)
            await ask(vendor, rogue.url, READ)
            await ask(vendor, rogue.url, READ)
    assert [entry["event"] for entry in logs] == ["gateway_down", "gateway_back"]
