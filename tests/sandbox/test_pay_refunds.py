"""WeChat Pay's refunds and trade bills."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.drivers.waiting import eventually
from tests.sandbox.conftest import APPID, Service, open_box
from tests.sandbox.merchant import MCHID, PUBLIC_KEY_ID, Answer, Shop, pay_settings

REFUND = "/v3/refund/domestic/refunds"
DAY = 86_400


@pytest.fixture
async def shop(service: Service) -> AsyncIterator[Shop]:
    box = await open_box(service, pay=pay_settings(), wire={"refund_delay": 600})
    shop = Shop(box)
    await shop.start()
    await shop.until("2027-03-10T19:00")
    yield shop
    await shop.stop()
    await box.client.close()


async def query(shop: Shop, number: str = "R20261121000001") -> dict[str, Any]:
    answer = await shop.call("GET", f"{REFUND}/{number}")
    assert answer.status == 200
    return answer.json


# -- refunds ----------------------------------------------------------------------------------------------------


async def test_a_refund_is_accepted_and_arrives_later(shop: Shop) -> None:
    await shop.pay_new_order()
    accepted = (await shop.refund()).json
    assert (accepted["status"], accepted["channel"]) == ("PROCESSING", "ORIGINAL")
    assert "success_time" not in accepted
    assert (await shop.query())["trade_state"] == "REFUND"
    await shop.box.advance(590)
    assert (await query(shop))["status"] == "PROCESSING"
    await shop.box.advance(11)
    await eventually(lambda: shop.kinds() == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"])
    done = await query(shop)
    assert done["status"] == "SUCCESS"
    assert done["amount"]["refund"] == 30000
    assert done["success_time"].startswith("2027-03-10T19:10")
    wallet = await (await shop.box.client.get("/control/phones/13800000002/wallet")).json()
    assert (wallet["balance"], [record["fen"] for record in wallet["records"]]) == (1_000_000, [-30_000, 30_000])


async def test_the_refund_notification_has_its_own_names(shop: Shop) -> None:
    await shop.pay_new_order()
    await shop.refund()
    await shop.box.control("pay/refunds/end", out_refund_no="R20261121000001")
    notice = shop.notices[-1]
    assert shop.is_genuine(notice.headers, notice.body)
    assert notice.envelope["resource"]["original_type"] == "refund"
    resource = notice.resource
    assert resource["refund_status"] == "SUCCESS"
    assert "status" not in resource
    assert resource["amount"] == {"total": 30000, "refund": 30000, "payer_total": 30000, "payer_refund": 30000}
    assert resource["mchid"] == MCHID


async def test_the_same_number_again_is_the_same_refund(shop: Shop) -> None:
    await shop.pay_new_order()
    first = (await shop.refund(refund=10_000)).json
    assert (await shop.refund(refund=10_000)).json == first
    assert (await shop.refund(refund=10_001)).code == "400 INVALID_REQUEST"


async def test_refunds_of_one_order_stay_within_its_sum_and_a_minute_apart(shop: Shop) -> None:
    await shop.pay_new_order()
    assert (await shop.refund("R1", 20_000)).status == 200
    assert (await shop.refund("R2", 10_000)).code == "429 FREQUENCY_LIMITED"
    await shop.box.advance(61)
    assert (await shop.refund("R2", 10_001)).code == "400 INVALID_REQUEST"
    assert (await shop.refund("R2", 10_000)).status == 200
    await shop.box.advance(61)
    assert (await shop.refund("R3", 1)).code == "400 INVALID_REQUEST"


async def test_the_fifty_first_refund_of_an_order_is_refused(shop: Shop) -> None:
    await shop.pay_new_order()
    for index in range(50):
        assert (await shop.refund(f"R{index}", 1)).status == 200
        await shop.box.advance(61)
    assert (await shop.refund("R50", 1)).code == "403 RULELIMIT"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"out_trade_no": "T20261121000404"}, "404 RESOURCE_NOT_EXISTS"),
        ({"out_trade_no": "T20261121000002"}, "404 RESOURCE_NOT_EXISTS"),
        ({"transaction_id": "4200"}, "400 PARAM_ERROR"),
        ({"out_trade_no": ""}, "400 PARAM_ERROR"),
        ({"out_refund_no": "R 1"}, "400 PARAM_ERROR"),
        ({"out_refund_no": "R" * 65}, "400 PARAM_ERROR"),
        ({"reason": "退" * 27}, "400 PARAM_ERROR"),
        ({"notify_url": "https://pay.example.org/?a=1"}, "400 PARAM_ERROR"),
        ({"amount": {"refund": 30001, "total": 30000, "currency": "CNY"}}, "400 INVALID_REQUEST"),
        ({"amount": {"refund": 1, "total": 29999, "currency": "CNY"}}, "400 INVALID_REQUEST"),
        ({"amount": {"refund": 0, "total": 30000, "currency": "CNY"}}, "400 PARAM_ERROR"),
    ],
)
async def test_refunds_that_break_a_rule_are_refused(shop: Shop, change: dict[str, Any], code: str) -> None:
    await shop.pay_new_order()
    await shop.native("T20261121000002")
    assert (await shop.call("POST", REFUND, shop.refund_body(**change))).code == code
    assert (await shop.query())["trade_state"] == "SUCCESS"
    assert (await shop.call("GET", f"{REFUND}/R20261121000001")).code == "404 RESOURCE_NOT_EXISTS"


async def test_after_a_year_there_is_no_refund(shop: Shop) -> None:
    await shop.pay_new_order()
    await shop.box.advance(365 * DAY + 60)
    assert (await shop.refund()).code == "400 INVALID_REQUEST"


async def test_a_refund_may_stay_under_way_and_then_go_wrong(shop: Shop) -> None:
    await shop.pay_new_order()
    await shop.fault("refund_slow", seconds=5 * DAY, count=1)
    await shop.fault("refund_abnormal", count=1)
    await shop.refund()
    await shop.box.advance(4 * DAY)
    assert (await query(shop))["status"] == "PROCESSING"
    await shop.box.advance(DAY)
    await eventually(lambda: shop.kinds()[-1] == "REFUND.ABNORMAL")
    assert (await query(shop))["status"] == "ABNORMAL"
    await shop.box.control("pay/refunds/end", out_refund_no="R20261121000001", status="SUCCESS")
    assert shop.kinds()[-1] == "REFUND.SUCCESS"


async def test_a_merchant_without_money_can_not_refund_and_may_ask_again(shop: Shop) -> None:
    await shop.pay_new_order()
    await shop.fault("not_enough", count=1)
    assert (await shop.refund()).code == "403 NOT_ENOUGH"
    assert (await shop.refund()).status == 200


async def test_a_refund_may_be_notified_before_it_is_answered(shop: Shop) -> None:
    await shop.pay_new_order()
    await shop.fault("early_refund", count=1)
    assert (await shop.refund()).json["status"] == "SUCCESS"
    assert shop.kinds()[-1] == "REFUND.SUCCESS"


async def test_a_refund_accepted_under_an_error_is_not_made_twice(shop: Shop) -> None:
    await shop.pay_new_order()
    await shop.fault("error_after", count=1)
    assert (await shop.refund()).code == "500 SYSTEM_ERROR"
    assert (await shop.refund()).json["status"] == "PROCESSING"
    refunds = (await (await shop.box.client.get("/control/pay/refunds")).json())["refunds"]
    assert len(refunds) == 1


async def make_abnormal_refund(shop: Shop) -> dict[str, Any]:
    await shop.pay_new_order()
    await shop.refund()
    return await shop.box.control("pay/refunds/end", out_refund_no="R20261121000001", status="ABNORMAL")


def card(shop: Shop, **more: object) -> dict[str, Any]:
    key = shop.keys[PUBLIC_KEY_ID]
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the protocol's own choice
    sealed = {
        name: base64.b64encode(key.encrypt(value.encode(), oaep)).decode()
        for name, value in (("bank_account", "6222021234567890123"), ("real_name", "张三"))
    }
    return {"out_refund_no": "R20261121000001", "type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT", **sealed, **more}


async def redirect(shop: Shop, refund: dict[str, Any], body: dict[str, Any]) -> Answer:
    path = f"{REFUND}/{refund['refund_id']}/apply-abnormal-refund"
    return await shop.call("POST", path, body, **{"Wechatpay-Serial": PUBLIC_KEY_ID})


async def test_an_abnormal_refund_goes_to_another_card(shop: Shop) -> None:
    refund = await make_abnormal_refund(shop)
    answer = (await redirect(shop, refund, card(shop))).json
    assert (answer["status"], answer["channel"]) == ("PROCESSING", "OTHER_BANKCARD")
    await shop.box.advance(601)
    await eventually(lambda: shop.kinds()[-1] == "REFUND.SUCCESS")
    done = await query(shop)
    assert (done["status"], done["user_received_account"]) == ("SUCCESS", "工商银行储蓄卡0123")
    wallet = await (await shop.box.client.get("/control/phones/13800000002/wallet")).json()
    assert wallet["balance"] == 1_000_000 - 30_000, "not into the wallet"
    shown = await (await shop.box.client.get("/control/pay/refunds")).json()
    assert shown["refunds"][0]["holder"] == "张三", "WeChat could read it"


async def test_a_refund_that_is_stuck_stays_stuck(shop: Shop) -> None:
    await make_abnormal_refund(shop)
    await shop.box.advance(DAY)
    assert (await query(shop))["status"] == "ABNORMAL"


async def test_or_to_the_merchants_account_or_gets_stuck_again(shop: Shop) -> None:
    refund = await make_abnormal_refund(shop)
    await shop.fault("refund_abnormal", count=1)
    await redirect(shop, refund, card(shop))
    await shop.box.advance(601)
    assert (await query(shop))["status"] == "ABNORMAL"
    merchant = {"out_refund_no": "R20261121000001", "type": "MERCHANT_BANK_CARD"}
    assert (await redirect(shop, refund, merchant)).status == 200
    assert (await redirect(shop, refund, merchant)).code == "400 INVALID_REQUEST", "it is under way"
    await shop.box.advance(601)
    assert (await query(shop))["user_received_account"] == "商户银行账户"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "CASH"}, "400 PARAM_ERROR"),
        ({"bank_type": "RCB_DEBIT"}, "400 PARAM_ERROR"),
        ({"bank_type": ""}, "400 PARAM_ERROR"),
        ({"bank_account": "6222021234567890123"}, "400 PARAM_ERROR"),
        ({"real_name": ""}, "400 PARAM_ERROR"),
        ({"out_refund_no": "R404"}, "404 RESOURCE_NOT_EXISTS"),
    ],
)
async def test_an_account_that_is_none_is_refused(shop: Shop, change: dict[str, Any], code: str) -> None:
    refund = await make_abnormal_refund(shop)
    assert (await redirect(shop, refund, card(shop, **change))).code == code
    assert (await redirect(shop, {"refund_id": "5030"}, card(shop))).code == "404 RESOURCE_NOT_EXISTS"
    assert (await query(shop))["status"] == "ABNORMAL"


# -- bills ------------------------------------------------------------------------------------------------------


async def ask(shop: Shop, day: str = "2027-03-10", **more: str) -> Answer:
    query = "".join(f"&{key}={value}" for key, value in more.items())
    return await shop.call("GET", f"/v3/bill/tradebill?bill_date={day}{query}")


async def fetch(shop: Shop, answer: Answer) -> bytes:
    assert answer.status == 200, answer.raw
    parts = urlsplit(answer.json["download_url"])
    assert parts.path == "/pay/v3/billdownload/file"
    file = await shop.call("GET", f"{parts.path.removeprefix('/pay')}?{parts.query}")
    assert file.status == 200
    assert "Wechatpay-Signature" not in file.headers
    return file.raw


def rows(raw: bytes) -> list[dict[str, str]]:
    """The rows of the bill by column names."""
    head, *lines = raw.decode().split("\r\n")[:-3]
    return [dict(zip(head.split(","), line[1:].split(",`"), strict=True)) for line in lines]


async def make_busy_day(shop: Shop) -> None:
    """Two payments and a refund of the tenth, and an order that no one paid."""
    await shop.pay_new_order(description="培训费,含教材")
    await shop.pay_new_order("T20261121000002")
    await shop.native("T20261121000003")
    await shop.box.advance(120)
    await shop.refund(refund=10_000)


async def test_the_bill_lists_payments_and_accepted_refunds_of_the_day(shop: Shop) -> None:
    await make_busy_day(shop)
    await shop.until("2027-03-11T10:00")
    raw = await fetch(shop, answer := await ask(shop))
    assert (answer.json["hash_type"], answer.json["hash_value"]) == ("SHA1", hashlib.sha1(raw).hexdigest())  # noqa: S324
    first, second, refund = rows(raw)
    order = await shop.query()
    assert first["交易时间"] == order["success_time"][:19].replace("T", " ")
    assert (first["微信订单号"], first["商户订单号"]) == (order["transaction_id"], "T20261121000001")
    assert (first["公众账号ID"], first["商户号"], first["商品名称"]) == (APPID, MCHID, "培训费,含教材")
    assert (first["订单金额"], first["手续费"], first["费率"]) == ("300.00", "1.80000", "0.60%")
    assert (first["交易状态"], second["交易状态"], refund["交易状态"]) == ("SUCCESS", "SUCCESS", "REFUND")
    assert (refund["商户退款单号"], refund["退款金额"], refund["退款状态"]) == (
        "R20261121000001",
        "100.00",
        "SUCCESS",
    )
    assert raw.decode().split("\r\n")[-2] == "`3,`600.00,`100.00,`0.00,`3.00000,`600.00,`100.00"


@pytest.mark.parametrize(("kind", "columns", "count"), [("SUCCESS", 20, 2), ("REFUND", 29, 1), ("ALL", 27, 3)])
async def test_each_kind_of_bill_has_its_columns(shop: Shop, kind: str, columns: int, count: int) -> None:
    await make_busy_day(shop)
    await shop.until("2027-03-11T10:00")
    raw = await fetch(shop, await ask(shop, bill_type=kind))
    assert len(raw.decode().split("\r\n")[0].split(",")) == columns
    assert len(rows(raw)) == count


async def test_a_packed_bill_is_hashed_before_packing(shop: Shop) -> None:
    await make_busy_day(shop)
    await shop.until("2027-03-11T10:00")
    raw = gzip.decompress(await fetch(shop, answer := await ask(shop, tar_type="GZIP")))
    assert hashlib.sha1(raw).hexdigest() == answer.json["hash_value"]  # noqa: S324 - the protocol's own choice


async def test_yesterdays_bill_is_there_from_nine(shop: Shop) -> None:
    await shop.pay_new_order()
    assert (await ask(shop)).code == "400 NO_STATEMENT_EXIST"
    await shop.until("2027-03-11T08:59")
    assert (await ask(shop)).code == "400 STATEMENT_CREATING"
    await shop.until("2027-03-11T09:00")
    assert (await ask(shop)).status == 200
    assert (await ask(shop, "2027-03-09")).code == "400 NO_STATEMENT_EXIST"
    assert (await ask(shop, "2026-11-01")).code == "400 INVALID_REQUEST"


@pytest.mark.parametrize("query", ["20270310", "2027-02-30", "", "2027-03-10&bill_type=X", "2027-03-10&tar_type=ZIP"])
async def test_a_bill_asked_wrongly_is_refused(shop: Shop, query: str) -> None:
    assert (await ask(shop, query)).code == "400 PARAM_ERROR"


async def test_the_address_of_a_bill_lives_five_minutes(shop: Shop) -> None:
    await shop.pay_new_order()
    await shop.until("2027-03-11T10:00")
    parts = urlsplit((await ask(shop)).json["download_url"])
    path = f"/v3/billdownload/file?{parts.query}"
    unsigned = await shop.send("GET", path, b"", {})
    assert unsigned.code == "401 SIGN_ERROR"
    await shop.box.advance(301)
    assert (await shop.call("GET", path)).code == "400 INVALID_REQUEST"
    assert (await shop.call("GET", f"{path}x")).code == "404 RESOURCE_NOT_EXISTS"


async def test_bills_that_go_wrong(shop: Shop) -> None:
    await make_busy_day(shop)
    await shop.until("2027-03-11T10:00")
    await shop.fault("bill_creating", count=1)
    assert (await ask(shop)).code == "400 STATEMENT_CREATING"
    await shop.fault("bill_missing_row", count=1)
    assert len(rows(await fetch(shop, await ask(shop)))) == 2
    await shop.fault("bill_unknown_row", count=1)
    stranger = rows(await fetch(shop, await ask(shop)))[-1]
    assert stranger["商户订单号"].startswith("X")
    await shop.fault("bill_bad_hash", count=1)
    raw = await fetch(shop, answer := await ask(shop))
    assert hashlib.sha1(raw).hexdigest() != answer.json["hash_value"]  # noqa: S324 - the protocol's own choice
    assert len(rows(await fetch(shop, await ask(shop)))) == 3
