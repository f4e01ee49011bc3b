"""Invalid values in any field of a request to WeChat Pay are refused without a fault of the sandbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sandbox.conftest import Service, open_box
from tests.sandbox.merchant import PUBLIC_KEY_ID, Shop, pay_settings
from tests.sandbox.test_pay_invoices import APPLICATIONS, PaidShop, body

NONSENSE: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**40,
    "",
    " ",
    "\x00",
    "\ud800",
    "x" * 5000,
    "http://[::1",
    [],
    [[]],
    {},
    [{}],
]
BEYOND = ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-11-21T24:00:00Z"]


@pytest.fixture
async def shop(service: Service) -> AsyncIterator[PaidShop]:
    box = await open_box(service, pay=pay_settings())
    shop = PaidShop(box)
    await shop.start()
    shop.apply_id = (await shop.pay_new_order())["transaction_id"]
    yield shop
    await shop.stop()
    await box.client.close()


def spoil_request(good: dict[str, Any], value: Any) -> list[dict[str, Any]]:
    """The request with the value in each field in turn, down to the second level."""
    spoiled_bodies = [{**good, key: value} for key in good]
    for key, inner in good.items():
        if isinstance(inner, dict):
            spoiled_bodies += [{**good, key: {**inner, name: value}} for name in inner]
        elif isinstance(inner, list):
            spoiled_bodies += [{**good, key: [{**inner[0], name: value}]} for name in inner[0]]
    return spoiled_bodies


async def send(shop: Shop, path: str, wanted: dict[str, Any]) -> None:
    raw = json.dumps(wanted).encode()
    headers = {**shop.headers("POST", path, raw), "Wechatpay-Serial": PUBLIC_KEY_ID}
    answer = await shop.send("POST", path, raw, headers)
    assert answer.status in (200, 202, 400, 403, 404, 429), (wanted, answer.raw)
    assert shop.is_genuine(answer.headers, answer.raw)


@pytest.mark.parametrize("value", NONSENSE, ids=[repr(value)[:20] for value in NONSENSE])
async def test_nonsense_is_refused(shop: PaidShop, value: Any) -> None:
    for kind in ("native", "jsapi"):
        good = shop.native_body("T-nonsense-1", time_expire="", support_fapiao=False, payer={"openid": "o"})
        for wanted in spoil_request(good, value):
            await send(shop, f"/v3/pay/transactions/{kind}", wanted)
    for wanted in spoil_request(shop.refund_body("R-nonsense"), value):
        await send(shop, "/v3/refund/domestic/refunds", wanted)
    for wanted in spoil_request(body(shop), value):
        await send(shop, APPLICATIONS, wanted)
    for path in ("orders", "refunds", "fapiao"):
        assert (await shop.box.client.get(f"/control/pay/{path}")).status == 200


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b'{"description":"\\ud800"}', b"\xff", b"null"])
async def test_a_body_that_can_not_be_read_is_refused(shop: Shop, raw: bytes) -> None:
    path = "/v3/pay/transactions/native"
    assert (await shop.send("POST", path, raw, shop.headers("POST", path, raw))).code == "400 PARAM_ERROR"


@pytest.mark.parametrize("moment", BEYOND)
async def test_times_beyond_the_calendar_are_refused_or_bounded(shop: Shop, moment: str) -> None:
    await send(shop, "/v3/pay/transactions/native", shop.native_body("T-beyond-1", time_expire=moment))
    assert (await shop.box.client.get("/control/pay/orders")).status == 200


@pytest.mark.parametrize("timestamp", ["", "x", "-1", "9" * 5000, "１７９５", "1e9"])
async def test_a_time_that_is_none_is_refused(shop: Shop, timestamp: str) -> None:
    path = "/v3/certificates"
    answer = await shop.send("GET", path, b"", shop.headers("GET", path, b"", timestamp=timestamp))
    assert answer.code == "401 SIGN_ERROR"
