"""Electronic invoices through WeChat Pay."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.sandbox.conftest import Service, eventually, open_box
from tests.sandbox.merchant import KEY, PUBLIC_KEY_ID, Answer, Shop, pay_settings

BASE = "/v3/new-tax-control-fapiao"
APPLICATIONS = f"{BASE}/fapiao-applications"
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the protocol's own choice


@pytest.fixture
async def shop(service: Service) -> AsyncIterator[Shop]:
    box = await open_box(service, pay=pay_settings(), wire={"fapiao_delay": 600})
    shop = Shop(box)
    await shop.start()
    await shop.call("PATCH", f"{BASE}/merchant/development-config", {"callback_url": shop.url})
    yield shop
    await shop.stop()
    await box.client.close()


def item(amount: int = 30_000, **more: object) -> dict[str, Any]:
    return {"tax_code": "3070202000000000000", "goods_name": "培训费", "quantity": 10**8, "total_amount": amount,
            "tax_rate": 600, **more}  # fmt: skip


def body(shop: Shop, **more: object) -> dict[str, Any]:
    key: rsa.RSAPublicKey = shop.keys[PUBLIC_KEY_ID]
    email = base64.b64encode(key.encrypt(b"zhang@example.org", OAEP)).decode()
    return {
        "scene": "WITHOUT_WECHATPAY",
        "fapiao_apply_id": "APPLY-1",
        "buyer_information": {"type": "INDIVIDUAL", "name": "张三", "email": email},
        "fapiao_information": [{"fapiao_id": "F-1", "total_amount": 30_000, "items": [item()]}],
        **more,
    }


async def apply(shop: Shop, **more: object) -> Answer:
    return await shop.call("POST", APPLICATIONS, body(shop, **more), **{"Wechatpay-Serial": PUBLIC_KEY_ID})


async def query(shop: Shop, apply_id: str = "APPLY-1") -> dict[str, Any]:
    answer = await shop.call("GET", f"{APPLICATIONS}/{apply_id}")
    assert answer.status == 200
    found: dict[str, Any] = answer.json["fapiao_information"][0]
    return found


async def issued(shop: Shop, **more: object) -> dict[str, Any]:
    assert (await apply(shop, **more)).status == 202
    await shop.box.advance(601)
    await eventually(lambda: "FAPIAO.ISSUED" in shop.kinds())
    return await query(shop)


async def test_an_invoice_is_accepted_and_issued_later(shop: Shop) -> None:
    answer = await apply(shop)
    assert (answer.status, answer.raw) == (202, b"")
    assert (await query(shop))["status"] == "ISSUE_ACCEPTED"
    await shop.box.advance(601)
    await eventually(lambda: shop.kinds() == ["FAPIAO.ISSUED"])
    assert shop.notices[0].resource["fapiao_information"] == [{"fapiao_id": "F-1", "fapiao_status": "ISSUED"}]
    assert shop.is_genuine(shop.notices[0].headers, shop.notices[0].body)
    invoice = await query(shop)
    assert invoice["status"] == "ISSUED"
    assert re.fullmatch(r"\d{20}", invoice["blue_fapiao"]["fapiao_number"])
    assert (invoice["total_amount"], invoice["tax_amount"], invoice["amount"]) == (30_000, 1_698, 28_302)


async def test_the_buyers_address_was_encrypted_for_wechat(shop: Shop) -> None:
    await apply(shop)
    shown = await (await shop.box.client.get("/control/pay/fapiao")).json()
    assert shown["applications"][0]["email"] == "zhang@example.org"
    buyer = {"type": "INDIVIDUAL", "name": "张三", "email": base64.b64encode(b"x" * 256).decode()}
    assert (await apply(shop, fapiao_apply_id="APPLY-2", buyer_information=buyer)).code == "400 PARAM_ERROR"


async def test_the_file_is_a_pdf_that_is_fetched_by_its_address(shop: Shop) -> None:
    assert (await apply(shop)).status == 202
    assert (await shop.call("GET", f"{APPLICATIONS}/APPLY-1/fapiao-files")).code == "400 INVALID_REQUEST"
    await shop.box.advance(601)
    await eventually(lambda: shop.kinds() == ["FAPIAO.ISSUED"])
    [info] = (await shop.call("GET", f"{APPLICATIONS}/APPLY-1/fapiao-files?fapiao_id=F-1")).json[
        "fapiao_download_info_list"
    ]
    parts = urlsplit(info["download_url"])
    path = f"{parts.path.removeprefix('/pay')}?{parts.query}"
    file = await shop.call("GET", path)
    assert file.raw.startswith(b"%PDF-1.4")
    assert "张三".encode("utf-16-be").hex().encode() in file.raw
    await shop.box.advance(301)
    assert (await shop.call("GET", path)).code == "404 RESOURCE_NOT_EXISTS"


async def test_the_same_application_again_is_the_same_although_its_cipher_differs(shop: Shop) -> None:
    assert (await apply(shop)).status == 202
    assert (await apply(shop)).status == 202
    other = [{"fapiao_id": "F-1", "total_amount": 100, "items": [item(100)]}]
    assert (await apply(shop, fapiao_information=other)).code == "400 RESOURCE_ALREADY_EXISTS"


async def test_an_invoice_of_a_payment_stays_within_what_was_paid(shop: Shop) -> None:
    order = await shop.paid()
    await shop.refund(refund=10_000)
    with_pay = {"scene": "WITH_WECHATPAY", "fapiao_apply_id": order["transaction_id"]}
    assert (await apply(shop, **with_pay)).code == "400 INVALID_REQUEST"
    less = [{"fapiao_id": "F-1", "total_amount": 20_000, "items": [item(20_000)]}]
    assert (await apply(shop, **with_pay, fapiao_information=less)).status == 202
    assert (await apply(shop, **{**with_pay, "fapiao_apply_id": "4200"})).code == "404 ORDER_NOT_EXIST"


@pytest.mark.parametrize(
    "change",
    [
        {"scene": "OTHER"},
        {"buyer_information": {"type": "ORGANIZATION", "name": "某公司"}},
        {"buyer_information": {"type": "PERSON", "name": "张三"}},
        {"fapiao_information": []},
        {"fapiao_information": [{"fapiao_id": "F-1", "total_amount": 30_000, "items": []}]},
        {"fapiao_information": [{"fapiao_id": "F-1", "total_amount": 30_000, "items": [item(tax_rate=0.06)]}]},
    ],
)
async def test_an_application_that_breaks_a_rule_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    assert (await apply(shop, **change)).code == "400 PARAM_ERROR"
    assert (await shop.call("GET", f"{APPLICATIONS}/APPLY-1")).code == "404 RESOURCE_NOT_EXISTS"


async def test_the_sum_must_be_that_of_the_lines(shop: Shop) -> None:
    wrong = [{"fapiao_id": "F-1", "total_amount": 30_001, "items": [item()]}]
    assert (await apply(shop, fapiao_information=wrong)).code == "400 INVALID_REQUEST"


async def test_an_invoice_may_fail(shop: Shop) -> None:
    await shop.fault("fapiao_failed", count=1)
    await apply(shop)
    await shop.box.advance(601)
    assert (await query(shop))["status"] == "ISSUE_FAILED"
    assert shop.kinds() == []


async def test_an_issued_invoice_is_reversed(shop: Shop) -> None:
    asked = {"reverse_reason": "SALES_RETURN", "fapiao_information": [{"fapiao_id": "F-1"}]}
    await apply(shop)
    path = f"{APPLICATIONS}/APPLY-1/reverse"
    assert (await shop.call("POST", path, asked)).code == "400 INVALID_REQUEST"
    await shop.box.advance(601)
    await eventually(lambda: shop.kinds() == ["FAPIAO.ISSUED"])
    for _ in range(2):
        assert (await shop.call("POST", path, asked)).status == 202
    assert (await query(shop))["status"] == "REVERSE_ACCEPTED"
    await shop.box.advance(601)
    await eventually(lambda: shop.kinds() == ["FAPIAO.ISSUED", "FAPIAO.REVERSED"])
    invoice = await query(shop)
    assert (invoice["status"], "red_fapiao" in invoice) == ("REVERSED", True)
    assert (await shop.call("POST", path, {**asked, "reverse_reason": "MOOD"})).code == "400 PARAM_ERROR"
    stranger = {**asked, "fapiao_information": [{"fapiao_id": "F-2"}]}
    assert (await shop.call("POST", path, stranger)).code == "404 RESOURCE_NOT_EXISTS"


async def test_a_buyer_fills_in_a_title_on_wechats_page(shop: Shop) -> None:
    answer = await shop.call("GET", f"{BASE}/user-title/title-url?fapiao_apply_id=APPLY-1&source=WEB")
    page = answer.json["title_url"].removeprefix("http://127.0.0.1:8090")
    assert "向演示协会申请" in await (await shop.box.client.get(page)).text()
    title = f"{BASE}/user-title?fapiao_apply_id=APPLY-1&scene=WITHOUT_WECHATPAY"
    assert (await shop.call("GET", title)).code == "404 RESOURCE_NOT_EXISTS"
    form = {"type": "ORGANIZATION", "name": "某公司", "taxpayer_id": "", "email": "zhang@example.org"}
    refused = await shop.box.client.post(page, data=form)
    assert (refused.status, "纳税人识别号" in await refused.text()) == (400, True)
    await shop.box.client.post(page, data={**form, "taxpayer_id": "91110000100000001X"})
    await eventually(lambda: shop.kinds() == ["FAPIAO.USER_APPLIED"])
    found = (await shop.call("GET", title)).json
    assert (found["type"], found["name"], found["taxpayer_id"]) == ("ORGANIZATION", "某公司", "91110000100000001X")
    assert KEY.decrypt(base64.b64decode(found["email"]), OAEP) == b"zhang@example.org"
    await shop.box.advance(1801)
    assert (await shop.box.client.get(page)).status == 404


async def test_a_merchant_without_permission_issues_nothing(service: Service) -> None:
    box = await open_box(service, pay=pay_settings(fapiao=False))
    shop = Shop(box)
    await shop.start()
    assert (await apply(shop)).code == "403 NO_AUTH"
    await shop.stop()
    await box.client.close()


async def test_events_go_where_the_console_says_until_the_merchant_sets_another(service: Service) -> None:
    box = await open_box(service, pay=pay_settings(fapiao_url=f"{service.url}/receipts"), wire={"fapiao_delay": 0})
    shop = Shop(box)
    await shop.start()
    await apply(shop)
    await eventually(lambda: service.receipts)
    assert (await query(shop))["status"] == "ISSUED"
    await shop.stop()
    await box.client.close()
