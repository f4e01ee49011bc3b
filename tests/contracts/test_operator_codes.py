"""Each code of a vendor that only an operator can resolve, sent by the sandbox, reaches services as NeedsOperator: it
says nothing about the object, and the same call succeeds once our side is right. (The file store's codes:
``tests/gateways/test_files.py``.)"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from domain.errors import NeedsOperator
from gateways import identity, mail
from gateways.alibaba import errors as alibaba
from gateways.wechat.errors import MEANINGS, ErrorAction
from gateways.wechat_pay import errors as pay
from services.ports import OrderRequest, TemplateMessage
from tests.contracts.conftest import MOBILE, World
from tests.contracts.test_identity import agree, begin
from tests.contracts.test_identity_verification import NUMBER, OWNER
from tests.contracts.test_mail import send as send_mail
from tests.contracts.test_wechat_pay import order

CODE = {"code": "196017", "minutes": "10"}
SPOKEN = {"gathering_spoken": "九点", "place": "天润路"}
STAFF = "13800009999"


@asynccontextmanager
async def refuse_calls(world: World, vendor: str, code: str) -> AsyncIterator[None]:
    await world.control("faults", {"vendor": vendor, "kind": "refuse_us", "code": code})
    yield
    await world.control("faults/clear", {})


async def check(world: World, vendor: str, codes: list[str], call: Callable[[int], Awaitable[object]]) -> None:
    """``call`` gets a number that it may need to be a new call."""
    for number, code in enumerate(codes):
        with capture_logs() as logs:
            async with refuse_calls(world, vendor, code):
                for _ in range(2):
                    with pytest.raises(NeedsOperator) as caught:
                        await call(number)
        assert caught.value.vendor_code.replace("_", "") == code.replace("_", ""), code
        alarms = [line["code"] for line in logs if line["event"] == "vendor_needs_operator"]
        assert alarms == [caught.value.vendor_code], "one alarm, not one for each call"
    with capture_logs() as logs:
        await call(len(codes))
    assert "vendor_works_again" in [line["event"] for line in logs]


async def test_wechat(world: World) -> None:
    openid = await world.openid()

    async def call(number: int) -> None:
        fields = {"time1": "09:00", "thing2": "天润路"}
        await world.official.send_template("demo", TemplateMessage(openid, "draw_call", fields, "", f"n{number}"))

    codes = [str(code) for code, meaning in MEANINGS.items() if meaning.act is ErrorAction.ALARM]
    await check(world, "wechat", codes, call)


async def test_wechat_pay(world: World) -> None:
    placed: OrderRequest = order("T2026112100000001")
    codes = ["SIGN_ERROR", "MCH_NOT_EXISTS", "ACCOUNT_ERROR", "APPID_MCHID_NOT_MATCH", "NO_AUTH", "NOT_ENOUGH"]
    assert {code.replace("_", "") for code in codes} == set(pay.OPERATOR)
    await check(world, "pay", codes, lambda _number: world.pay.order_native("demo", placed))


async def test_sms(world: World) -> None:
    async def call(number: int) -> None:
        await world.sms.send("demo", MOBILE, "verification_code", CODE, out_id=f"s{number}")

    await check(world, "sms", [*alibaba.SMS, *alibaba.COMMON], call)


async def test_voice(world: World) -> None:
    async def call(number: int) -> None:
        await world.voice.call("demo", MOBILE, "draw_call", SPOKEN, keys={}, out_id=f"v{number}")

    await check(world, "voice", [*alibaba.VOICE, *alibaba.COMMON], call)


async def test_click_to_dial(world: World) -> None:
    async def call(number: int) -> None:
        await world.bridge.connect("demo", STAFF, MOBILE, out_id=f"b{number}")

    await check(world, "voice", [*alibaba.VOICE, *alibaba.COMMON], call)


async def test_identity_verification(world: World) -> None:
    codes = [*alibaba.IDENTITY_VERIFICATION, *alibaba.COMMON]
    await check(world, "persons", codes, lambda _number: world.identity_verification.compare(OWNER, NUMBER))


async def test_mail(world: World) -> None:
    await check(world, "mail", list(mail.OPERATOR), lambda number: send_mail(world, f"receipt-{number}"))


async def test_the_organisations_log_in(world: World) -> None:
    async def call(_number: int) -> None:
        started, back = await begin(world)
        await world.identity.finish(await agree(world, started), back, started)

    await check(world, "identity", list(identity.OPERATOR), call)
