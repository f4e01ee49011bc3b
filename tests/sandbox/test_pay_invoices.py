"""Electronic invoices through WeChat Pay."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.drivers.waiting import eventually
from tests.sandbox.conftest import Service, open_box
from tests.sandbox.merchant import KEY, PUBLIC_KEY_ID, Answer, Shop, pay_settings

BASE = "/v3/new-tax-control-fapiao"
APPLICATIONS = f"{BASE}/fapiao-applications"
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the protocol's own choice


@dataclass
class PaidShop(Shop):
    """A shop with an order that a person has paid; its transaction is the application for an invoice."""

    apply_id: str = ""

    @property
    def application_path(self) -> str:
        return f"{APPLICATIONS}/{self.apply_id}"

    def fapiao_events(self) -> list[str]:
        return [kind for kind in self.kinds() if kind.startswith("FAPIAO")]


@pytest.fixture
async def shop(service: Service) -> AsyncIterator[PaidShop]:
    box = await open_box(service, pay=pay_settings(), wire={"fapiao_delay": 600})
    shop = PaidShop(box)
    await shop.start()
    await shop.call("PATCH", f"{BASE}/merchant/development-config", {"callback_url": shop.url})
    shop.apply_id = (await shop.pay_new_order())["transaction_id"]
    yield shop
    await shop.stop()
    await box.client.close()


def item(amount: int = 30_000, **more: object) -> dict[str, Any]:
    return {
        "tax_code": "3070202000000000000",
        "goods_name": "培训费",
        "quantity": 10**8,
        "total_amount": amount,
        "tax_rate": 600,
        **more,
    }


def body(shop: PaidShop, **more: object) -> dict[str, Any]:
    key: rsa.RSAPublicKey = shop.keys[PUBLIC_KEY_ID]
    email = base64.b64encode(key.encrypt(b"zhang@example.org", OAEP)).decode()
    return {
        "scene": "WITH_WECHATPAY",
        "fapiao_apply_id": shop.apply_id,
        "buyer_information": {"type": "INDIVIDUAL", "name": "张三", "email": email},
        "fapiao_information": [{"fapiao_id": "F-1", "total_amount": 30_000, "items": [item()]}],
        **more,
    }


async def apply(shop: PaidShop, **more: object) -> Answer:
    return await shop.call("POST", APPLICATIONS, body(shop, **more), **{"Wechatpay-Serial": PUBLIC_KEY_ID})


async def query(shop: PaidShop, fapiao_id: str = "F-1") -> dict[str, Any]:
    answer = await shop.call("GET", f"{shop.application_path}?fapiao_id={fapiao_id}")
    assert answer.status == 200
    (invoice,) = answer.json["fapiao_information"]
    assert isinstance(invoice, dict)
    return invoice


async def issue_invoice(shop: PaidShop, **more: object) -> dict[str, Any]:
    assert (await apply(shop, **more)).status == 202
    await shop.box.advance(601)
    await eventually(lambda: "FAPIAO.ISSUED" in shop.fapiao_events())
    return await query(shop)


async def test_an_invoice_is_accepted_and_issued_later(shop: PaidShop) -> None:
    answer = await apply(shop)
    assert (answer.status, answer.raw) == (202, b"")
    assert (await query(shop))["status"] == "ISSUE_ACCEPTED"
    await shop.box.advance(601)
    await eventually(lambda: shop.fapiao_events() == ["FAPIAO.ISSUED"])
    assert shop.notices[-1].resource["fapiao_information"] == [{"fapiao_id": "F-1", "fapiao_status": "ISSUED"}]
    assert shop.is_genuine(shop.notices[-1].headers, shop.notices[-1].body)
    invoice = await query(shop)
    assert invoice["status"] == "ISSUED"
    assert re.fullmatch(r"\d{20}", invoice["blue_fapiao"]["fapiao_number"])
    assert (invoice["total_amount"], invoice["tax_amount"], invoice["amount"]) == (30_000, 1_698, 28_302)


async def test_the_buyers_address_was_encrypted_for_wechat(shop: PaidShop) -> None:
    await apply(shop)
    shown = await (await shop.box.client.get("/control/pay/fapiao")).json()
    assert shown["applications"][0]["email"] == "zhang@example.org"
    buyer = {"type": "INDIVIDUAL", "name": "张三", "email": base64.b64encode(b"x" * 256).decode()}
    assert (await apply(shop, buyer_information=buyer)).code == "400 PARAM_ERROR"


async def test_the_file_is_a_pdf_that_is_fetched_by_its_address(shop: PaidShop) -> None:
    assert (await apply(shop)).status == 202
    assert (await shop.call("GET", f"{shop.application_path}/fapiao-files")).code == "400 INVALID_REQUEST"
    await shop.box.advance(601)
    await eventually(lambda: shop.fapiao_events() == ["FAPIAO.ISSUED"])
    [info] = (await shop.call("GET", f"{shop.application_path}/fapiao-files?fapiao_id=F-1")).json[
        "fapiao_download_info_list"
    ]
    parts = urlsplit(info["download_url"])
    path = f"{parts.path.removeprefix('/pay')}?{parts.query}"
    file = await shop.call("GET", path)
    assert file.raw.startswith(b"%PDF-1.4")
    assert "张三".encode("utf-16-be").hex().encode() in file.raw
    await shop.box.advance(301)
    assert (await shop.call("GET", path)).code == "404 RESOURCE_NOT_EXISTS"


async def test_the_same_application_again_is_the_same_although_its_cipher_differs(shop: PaidShop) -> None:
    assert (await apply(shop)).status == 202
    assert (await apply(shop)).status == 202
    other = [{"fapiao_id": "F-1", "total_amount": 100, "items": [item(100)]}]
    assert (await apply(shop, fapiao_information=other)).code == "400 RESOURCE_ALREADY_EXISTS"


async def test_an_invoice_of_a_payment_stays_within_what_was_paid(shop: PaidShop) -> None:
    await shop.refund(refund=10_000)
    assert (await apply(shop)).code == "400 INVALID_REQUEST"
    less = [{"fapiao_id": "F-1", "total_amount": 20_000, "items": [item(20_000)]}]
    assert (await apply(shop, fapiao_information=less)).status == 202
    assert (await apply(shop, fapiao_apply_id="4200")).code == "404 ORDER_NOT_EXIST"


async def test_an_invoice_without_a_payment_needs_the_buyers_consent(shop: PaidShop) -> None:
    other = {"scene": "WITHOUT_WECHATPAY", "fapiao_apply_id": "APPLY-1"}
    assert (await apply(shop, **other)).code == "400 INVALID_REQUEST"
    page = (await shop.call("GET", f"{BASE}/user-title/title-url?fapiao_apply_id=APPLY-1")).json["title_url"]
    await shop.box.client.post(page.removeprefix("http://127.0.0.1:8090"), data={"type": "INDIVIDUAL", "name": "张三"})
    assert (await apply(shop, **other)).status == 202


async def test_numbers_have_32_characters_at_most(shop: PaidShop) -> None:
    long = [{"fapiao_id": "F" * 33, "total_amount": 30_000, "items": [item()]}]
    assert (await apply(shop, fapiao_information=long)).code == "400 PARAM_ERROR"
    assert (await apply(shop, fapiao_apply_id="4" * 33)).code == "400 PARAM_ERROR"


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
async def test_an_application_that_breaks_a_rule_is_refused(shop: PaidShop, change: dict[str, Any]) -> None:
    assert (await apply(shop, **change)).code == "400 PARAM_ERROR"
    assert (await shop.call("GET", shop.application_path)).code == "404 RESOURCE_NOT_EXISTS"


async def test_the_sum_must_be_that_of_the_lines(shop: PaidShop) -> None:
    wrong = [{"fapiao_id": "F-1", "total_amount": 30_001, "items": [item()]}]
    assert (await apply(shop, fapiao_information=wrong)).code == "400 INVALID_REQUEST"


async def test_an_invoice_may_fail(shop: PaidShop) -> None:
    await shop.fault("fapiao_failed", count=1)
    await apply(shop)
    await shop.box.advance(601)
    assert (await query(shop))["status"] == "ISSUE_FAILED"
    assert shop.fapiao_events() == []


def next_application(number: str) -> dict[str, Any]:
    return {"fapiao_information": [{"fapiao_id": number, "total_amount": 30_000, "items": [item()]}]}


async def test_after_a_failure_another_number_may_be_tried_four_times(shop: PaidShop) -> None:
    await shop.fault("fapiao_failed", count=5)
    for number in range(1, 6):
        assert (await apply(shop, **next_application(f"F-{number}"))).status == 202
        if number == 1:
            assert (await apply(shop, **next_application("F-2"))).code == "400 RESOURCE_ALREADY_EXISTS", (
                "not while one is made"
            )
        await shop.box.advance(601)
    assert (await apply(shop, **next_application("F-4"))).code == "400 RESOURCE_ALREADY_EXISTS"
    assert (await apply(shop, **next_application("F-6"))).code == "403 RULELIMIT"


async def test_an_invoice_may_take_long(shop: PaidShop) -> None:
    await shop.fault("fapiao_slow", seconds=86_400, count=1)
    await apply(shop)
    await shop.box.advance(80_000)
    assert (await query(shop))["status"] == "ISSUE_ACCEPTED"
    await shop.box.advance(7_000)
    assert (await query(shop))["status"] == "ISSUED"


def reversal(number: str, **more: object) -> dict[str, Any]:
    invoice = {"fapiao_id": "F-1", "fapiao_number": number}
    return {"reverse_reason": "SERVICE_SUSPENTION", "fapiao_information": [invoice], **more}


async def test_an_issued_invoice_is_reversed(shop: PaidShop) -> None:
    await apply(shop)
    path = f"{shop.application_path}/reverse"
    assert (await shop.call("POST", path, reversal("1"))).code == "400 INVALID_REQUEST", "not while it is made"
    await shop.box.advance(601)
    await eventually(lambda: shop.fapiao_events() == ["FAPIAO.ISSUED"])
    number = (await query(shop))["blue_fapiao"]["fapiao_number"]
    for _ in range(2):
        assert (await shop.call("POST", path, reversal(number))).status == 202
    assert (await query(shop))["status"] == "REVERSE_ACCEPTED"
    assert (await shop.call("GET", f"{path.removesuffix('/reverse')}/fapiao-files")).code == "400 INVALID_REQUEST"
    await shop.box.advance(601)
    await eventually(lambda: shop.fapiao_events() == ["FAPIAO.ISSUED", "FAPIAO.REVERSED"])
    assert shop.notices[-1].resource["fapiao_information"] == [{"fapiao_id": "F-1", "fapiao_status": "REVERSED"}]
    invoice = await query(shop)
    assert (invoice["status"], invoice["red_fapiao"]["fapiao_number"] != number) == ("REVERSED", True)
    assert (await apply(shop, **next_application("F-2"))).status == 202, "and another one may follow"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reverse_reason": "MOOD"}, "400 PARAM_ERROR"),
        ({"reverse_reason": ""}, "400 PARAM_ERROR"),
        ({"fapiao_information": []}, "404 RESOURCE_NOT_EXISTS"),
        ({"fapiao_information": [{"fapiao_id": "F-1"}]}, "400 PARAM_ERROR"),
        ({"fapiao_information": [{"fapiao_id": "F-2", "fapiao_number": "1"}]}, "404 RESOURCE_NOT_EXISTS"),
        ({"fapiao_information": [{"fapiao_id": "F-1", "fapiao_number": "1"}]}, "400 INVALID_REQUEST"),
    ],
)
async def test_a_reversal_that_breaks_a_rule_is_refused(shop: PaidShop, change: dict[str, Any], code: str) -> None:
    invoice = await issue_invoice(shop)
    reversal_body = reversal(invoice["blue_fapiao"]["fapiao_number"], **change)
    assert (await shop.call("POST", f"{shop.application_path}/reverse", reversal_body)).code == code
    assert (await query(shop))["status"] == "ISSUED"


async def test_a_reversal_may_fail_and_is_asked_for_again_five_minutes_later(shop: PaidShop) -> None:
    reversal_body = reversal((await issue_invoice(shop))["blue_fapiao"]["fapiao_number"])
    await shop.fault("reverse_failed", count=1)
    await shop.fault("fapiao_slow", seconds=30, count=1)
    await shop.call("POST", f"{shop.application_path}/reverse", reversal_body)
    await shop.box.advance(31)
    assert (await query(shop))["status"] == "REVERSE_FAILED"
    assert "FAPIAO.REVERSED" not in shop.fapiao_events()
    assert (await shop.call("POST", f"{shop.application_path}/reverse", reversal_body)).code == "429 FREQUENCY_LIMITED"
    await shop.box.advance(300)
    assert (await shop.call("POST", f"{shop.application_path}/reverse", reversal_body)).status == 202
    await shop.box.advance(601)
    assert (await query(shop))["status"] == "REVERSED"


async def test_a_buyer_fills_in_a_title_on_wechats_page(shop: PaidShop) -> None:
    answer = await shop.call("GET", f"{BASE}/user-title/title-url?fapiao_apply_id=APPLY-1&source=WEB")
    page = answer.json["title_url"].removeprefix("http://127.0.0.1:8090")
    assert "向演示协会申请" in await (await shop.box.client.get(page)).text()
    title = f"{BASE}/user-title?fapiao_apply_id=APPLY-1&scene=WITHOUT_WECHATPAY"
    assert (await shop.call("GET", title)).code == "404 RESOURCE_NOT_EXISTS"
    form = {"type": "ORGANIZATION", "name": "某公司", "taxpayer_id": "", "email": "zhang@example.org"}
    refused = await shop.box.client.post(page, data=form)
    assert (refused.status, "纳税人识别号" in await refused.text()) == (400, True)
    await shop.box.client.post(page, data={**form, "taxpayer_id": "91110000100000001X"})
    await eventually(lambda: shop.fapiao_events() == ["FAPIAO.USER_APPLIED"])
    title_read = (await shop.call("GET", title)).json
    assert (title_read["type"], title_read["name"], title_read["taxpayer_id"]) == (
        "ORGANIZATION",
        "某公司",
        "91110000100000001X",
    )
    assert KEY.decrypt(base64.b64decode(title_read["email"]), OAEP) == b"zhang@example.org"
    await shop.box.advance(1801)
    assert (await shop.box.client.get(page)).status == 404


async def test_a_merchant_without_permission_issues_nothing(service: Service) -> None:
    box = await open_box(service, pay=pay_settings(fapiao=False))
    shop = PaidShop(box, apply_id="4200")
    await shop.start()
    assert (await apply(shop)).code == "403 NO_AUTH"
    await shop.stop()
    await box.client.close()


async def test_events_go_to_the_configured_address_until_the_merchant_sets_another(service: Service) -> None:
    box = await open_box(service, pay=pay_settings(fapiao_url=f"{service.url}/receipts"), wire={"fapiao_delay": 0})
    shop = PaidShop(box)
    await shop.start()
    shop.apply_id = (await shop.pay_new_order())["transaction_id"]
    await apply(shop)
    await eventually(lambda: service.reports)
    assert (await query(shop))["status"] == "ISSUED"
    await shop.stop()
    await box.client.close()
