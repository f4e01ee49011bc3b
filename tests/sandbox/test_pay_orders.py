"""WeChat Pay: signatures, ordering, paying, querying, closing."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from sandbox import config
from sandbox.pay import keys
from sandbox.server import create_app
from tests.sandbox.conftest import APPID, MINI, MOBILE, Service, open_box
from tests.sandbox.merchant import (
    APIV3_KEY,
    KEY,
    MCHID,
    PUBLIC_KEY_ID,
    Shop,
    decrypt,
    pay_settings,
    private_pem,
    public_pem,
    sign,
)

NATIVE = "/v3/pay/transactions/native"
JSAPI = "/v3/pay/transactions/jsapi"
QUERY = f"/v3/pay/transactions/out-trade-no/T20261121000001?mchid={MCHID}"
DAY = 86_400


@pytest.fixture
async def shop(service: Service) -> AsyncIterator[Shop]:
    box = await open_box(service, pay=pay_settings())
    shop = Shop(box)
    await shop.start()
    yield shop
    await shop.stop()
    await box.client.close()


async def jsapi_body(shop: Shop, **more: object) -> dict[str, Any]:
    return {**shop.native_body(), "payer": {"openid": await shop.box.openid()}, **more}


async def page_call(shop: Shop, **more: object) -> dict[str, Any]:
    """Parameters of getBrandWCPayRequest for a new order."""
    prepay_id = (await shop.call("POST", JSAPI, await jsapi_body(shop))).json["prepay_id"]
    package, timestamp, nonce = f"prepay_id={prepay_id}", str(shop.now()), "593BEC0C930BF1AFEB40B4A08C8FB242"
    signature = sign(f"{APPID}\n{timestamp}\n{nonce}\n{package}\n")
    call = {"appId": APPID, "timeStamp": timestamp, "nonceStr": nonce, "package": package, "signType": "RSA"}
    return {**call, "paySign": signature, **more}


# -- vectors ----------------------------------------------------------------------------------------------------


def test_the_cipher_agrees_with_the_known_vector() -> None:
    text = '{"out_trade_no":"T20261121000001","trade_state":"SUCCESS"}'
    sealed = "DUcclrHBE5NffFMk6pzEyhUOz1nix96RDgIbIiR1/uv6JlUPkME9fPWRf9PY2asBSNXSyTtDp2Dpv5Od54A8SPl0QfjFcMYkyMs="
    assert keys.decrypt(APIV3_KEY, "fdasflkja484", "transaction", sealed).decode() == text
    with pytest.raises(ValueError, match="doesn't fit"):
        keys.decrypt("1" * 32, "fdasflkja484", "transaction", sealed)


def test_what_was_encrypted_can_be_read_with_the_key() -> None:
    nonce, sealed = keys.encrypt(APIV3_KEY, "refund", '{"金额":1}'.encode())
    assert decrypt({"nonce": nonce, "ciphertext": sealed, "associated_data": "refund"}) == {"金额": 1}


def test_pay_sign_covers_four_lines_as_in_the_documents() -> None:
    text = keys.pay_text(
        "wx2421b1c4370ec43b",
        "1554208460",
        "593BEC0C930BF1AFEB40B4A08C8FB242",
        "prepay_id=wx201410272009395522657a690389285100",
    )
    expected = (
        b"wx2421b1c4370ec43b\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n"
        b"prepay_id=wx201410272009395522657a690389285100\n"
    )
    assert text == expected
    assert keys.is_signed(KEY.public_key(), text, sign(expected))


def test_an_empty_body_is_signed_as_an_empty_line() -> None:
    assert keys.request_text("GET", "/v3/certificates", "1", "n", b"") == b"GET\n/v3/certificates\n1\nn\n\n"
    assert keys.answer_text("1", "n", b"") == b"1\nn\n\n"


# -- admission -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pairs",
    [
        {"signature": base64.b64encode(b"x" * 256).decode()},
        {"serial_no": "00" * 20},
        {"mchid": "1900000002"},
        {"signature": "not base64"},
    ],
)
async def test_a_request_that_is_not_the_merchants_own_is_refused_without_a_signature(
    shop: Shop, pairs: dict[str, str]
) -> None:
    answer = await shop.send("GET", QUERY, b"", shop.headers("GET", QUERY, b"", **pairs))
    assert answer.code == "401 SIGN_ERROR"
    assert "Wechatpay-Signature" not in answer.headers


@pytest.mark.parametrize("header", ["", "WECHATPAY2-SHA256-RSA2048", 'Bearer x="1"', "WECHATPAY2-SHA256-RSA2048 a=b"])
async def test_an_unreadable_authorization_is_refused(shop: Shop, header: str) -> None:
    answer = await shop.send("GET", QUERY, b"", {"Authorization": header})
    assert answer.code == "401 SIGN_ERROR"


async def test_a_request_older_than_five_minutes_is_refused(shop: Shop) -> None:
    for age, code in ((290, "404 ORDER_NOT_EXIST"), (310, "401 SIGN_ERROR"), (-310, "401 SIGN_ERROR")):
        headers = shop.headers("GET", QUERY, b"", timestamp=str(shop.now() - age))
        assert (await shop.send("GET", QUERY, b"", headers)).code == code


async def test_the_five_minutes_are_counted_on_the_moved_clock(shop: Shop) -> None:
    headers = shop.headers("GET", QUERY, b"")
    await shop.box.advance(3600)
    assert (await shop.send("GET", QUERY, b"", headers)).code == "401 SIGN_ERROR"
    assert (await shop.call("GET", QUERY)).code == "404 ORDER_NOT_EXIST"


async def test_a_request_can_not_be_sent_twice(shop: Shop) -> None:
    headers = shop.headers("GET", QUERY, b"")
    assert (await shop.send("GET", QUERY, b"", headers)).code == "404 ORDER_NOT_EXIST"
    assert (await shop.send("GET", QUERY, b"", headers)).code == "401 SIGN_ERROR"


async def test_the_signature_covers_path_query_and_body(shop: Shop) -> None:
    body = json.dumps(shop.native_body()).encode()
    headers = shop.headers("POST", NATIVE, body)
    assert (await shop.send("POST", NATIVE, body.replace(b"30000", b"1"), headers)).code == "401 SIGN_ERROR"
    headers = shop.headers("GET", QUERY.replace("=", "=0"), b"")
    assert (await shop.send("GET", QUERY, b"", headers)).code == "401 SIGN_ERROR"


async def test_the_merchant_chooses_the_key_that_signs_the_answer(shop: Shop) -> None:
    certificate = next(serial for serial in shop.keys if not serial.startswith("PUB_KEY_ID_"))
    for serial, signed in (("", PUBLIC_KEY_ID), (PUBLIC_KEY_ID, PUBLIC_KEY_ID), (certificate, certificate)):
        answer = await shop.call("GET", QUERY, None, **({"Wechatpay-Serial": serial} if serial else {}))
        assert answer.headers["Wechatpay-Serial"] == signed
    headers = {**shop.headers("GET", QUERY, b""), "Wechatpay-Serial": "PUB_KEY_ID_1"}
    assert (await shop.send("GET", QUERY, b"", headers)).code == "400 INVALID_REQUEST"


async def test_in_certificate_mode_the_certificate_signs(service: Service) -> None:
    box = await open_box(service, pay=pay_settings(mode="certificate"))
    shop = Shop(box)
    await shop.start()
    assert not (await shop.call("GET", QUERY)).headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_")
    await shop.pay_new_order()
    assert shop.is_genuine(shop.notices[0].headers, shop.notices[0].body)
    assert not shop.notices[0].headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_")
    await shop.stop()
    await box.client.close()


async def test_the_certificate_is_handed_out_encrypted_and_signs_its_own_answer(shop: Shop) -> None:
    answer = await shop.call("GET", "/v3/certificates")
    item = answer.json["data"][0]
    assert item["serial_no"] == answer.headers["Wechatpay-Serial"]
    sealed = item["encrypt_certificate"]
    raw = keys.decrypt(APIV3_KEY, sealed["nonce"], sealed["associated_data"], sealed["ciphertext"])
    certificate = x509.load_pem_x509_certificate(raw)
    assert f"{certificate.serial_number:X}" == item["serial_no"]
    assert item["effective_time"].endswith("+08:00")


async def test_echo_opens_what_was_encrypted_for_the_key(shop: Shop) -> None:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the protocol's own choice
    sealed = base64.b64encode(shop.keys[PUBLIC_KEY_ID].encrypt("秘密".encode(), oaep)).decode()
    body = {"echo_message": "你好", "encrypted_echo_message": sealed}
    answer = await shop.call("POST", "/v3/security/echo", body, **{"Wechatpay-Serial": PUBLIC_KEY_ID})
    assert answer.json == {"echo_message": "你好", "decrypted_echo_message": "秘密"}


async def test_an_unknown_path_is_not_found(shop: Shop) -> None:
    assert (await shop.send("GET", "/v3/nothing", b"", {})).code == "404 RESOURCE_NOT_EXISTS"


# -- ordering ---------------------------------------------------------------------------------------------------


async def test_a_native_order_gives_a_code_to_scan(shop: Shop) -> None:
    assert (await shop.native()).startswith("weixin://wxpay/bizpayurl/up?pr=")
    order = await shop.query()
    assert order["trade_state"] == "NOTPAY"
    assert order["amount"] == {"total": 30000, "currency": "CNY"}
    assert not {"transaction_id", "success_time", "bank_type", "payer", "attach"} & order.keys()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"appid": "wx0000000000000000"}, "400 APPID_MCHID_NOT_MATCH"),
        ({"mchid": "1900000002"}, "400 INVALID_REQUEST"),
        ({"description": "长" * 128}, "400 PARAM_ERROR"),
        ({"description": ""}, "400 PARAM_ERROR"),
        ({"out_trade_no": "short"}, "400 PARAM_ERROR"),
        ({"out_trade_no": "T" * 33}, "400 PARAM_ERROR"),
        ({"out_trade_no": "有汉字的号码"}, "400 PARAM_ERROR"),
        ({"attach": "a" * 129}, "400 PARAM_ERROR"),
        ({"notify_url": "https://pay.example.org/notify?x=1"}, "400 PARAM_ERROR"),
        ({"notify_url": "/notify"}, "400 PARAM_ERROR"),
        ({"notify_url": "https://pay.example.org/" + "n" * 240}, "400 PARAM_ERROR"),
        ({"amount": {"total": 0}}, "400 PARAM_ERROR"),
        ({"amount": {"total": 300.5}}, "400 PARAM_ERROR"),
        ({"amount": {"total": "300"}}, "400 PARAM_ERROR"),
        ({"amount": {"total": True}}, "400 PARAM_ERROR"),
        ({"amount": {"total": 300, "currency": "USD"}}, "400 PARAM_ERROR"),
        ({"amount": 300}, "400 PARAM_ERROR"),
        ({"time_expire": "2026-11-21 20:30:00"}, "400 PARAM_ERROR"),
        ({"time_expire": "2026-11-21T20:30:00"}, "400 PARAM_ERROR"),
        ({"support_fapiao": "yes"}, "400 PARAM_ERROR"),
    ],
)
async def test_fields_that_break_a_rule_are_refused(shop: Shop, change: dict[str, Any], code: str) -> None:
    assert (await shop.call("POST", NATIVE, shop.native_body(**change))).code == code
    assert (await shop.box.client.get("/control/pay/orders")).status == 200
    assert (await (await shop.box.client.get("/control/pay/orders")).json())["orders"] == []


async def test_a_body_that_is_no_json_is_refused(shop: Shop) -> None:
    for body in (b"[1]", b"{", b"\xff"):
        answer = await shop.send("POST", NATIVE, body, shop.headers("POST", NATIVE, body))
        assert answer.code == "400 PARAM_ERROR"
    body = json.dumps(shop.native_body()).encode()
    headers = {**shop.headers("POST", NATIVE, body), "Content-Type": "text/plain"}
    assert (await shop.send("POST", NATIVE, body, headers)).code == "400 PARAM_ERROR"


async def test_the_payer_of_a_jsapi_order_must_be_known_to_the_app(shop: Shop) -> None:
    body = await jsapi_body(shop)
    assert (await shop.call("POST", JSAPI, body)).json["prepay_id"].startswith("wx")
    changes: list[dict[str, Any]] = [{"appid": MINI}, {"payer": {"openid": "o-nobody"}}, {"payer": {}}]
    for change in changes:
        refused = await shop.call("POST", JSAPI, {**body, "out_trade_no": "T20261121000009", **change})
        assert refused.code == "400 PARAM_ERROR"


async def test_the_same_order_again_gives_a_fresh_code_and_the_former_dies(shop: Shop) -> None:
    first = await shop.native()
    again = await shop.native(time_expire="2036-01-01T00:00:00+08:00")
    assert again != first
    refused = await shop.box.control("pay/scan", expect=400, phone=MOBILE, code_url=first)
    assert "失效" in refused["error"]
    assert (await shop.box.control("pay/scan", phone=MOBILE, code_url=again))["total"] == 30000


async def test_a_number_stands_for_one_order_for_ever(shop: Shop) -> None:
    await shop.native()
    changed = await shop.call("POST", NATIVE, shop.native_body(amount={"total": 1, "currency": "CNY"}))
    assert changed.code == "400 INVALID_REQUEST"
    assert (await shop.call("POST", JSAPI, await jsapi_body(shop))).code == "403 OUT_TRADE_NO_USED"
    assert (await shop.close()).status == 204
    assert (await shop.call("POST", NATIVE, shop.native_body())).code == "400 ORDER_CLOSED"


async def test_a_code_lives_two_hours(shop: Shop) -> None:
    code = await shop.native()
    await shop.box.advance(7_190)
    await shop.box.control("pay/scan", phone=MOBILE, code_url=code)
    await shop.box.advance(20)
    assert "失效" in (await shop.box.control("pay/scan", expect=400, phone=MOBILE, code_url=code))["error"]
    assert await shop.native() != code


async def test_a_time_of_expiry_under_a_minute_becomes_a_minute(shop: Shop) -> None:
    code = await shop.native(time_expire="2020-01-01T00:00:00+08:00")
    await shop.box.advance(50)
    await shop.box.control("pay/scan", phone=MOBILE, code_url=code)
    await shop.box.advance(20)
    assert "超过支付时间" in (await shop.box.control("pay/scan", expect=400, phone=MOBILE, code_url=code))["error"]


# -- paying -----------------------------------------------------------------------------------------------------


async def test_scan_and_pay(shop: Shop) -> None:
    sheet = await shop.box.control("pay/scan", phone="13800000002", code_url=await shop.native())
    assert (sheet["merchant"], sheet["description"], sheet["total"]) == ("演示协会", "培训费", 30000)
    done = await shop.box.control("pay/confirm", phone="13800000002", cashier=sheet["cashier"])
    assert (done["state"], done["notified"]) == ("paid", True)
    order = await shop.query()
    assert order["trade_state"] == "SUCCESS"
    assert order["attach"] == "order:17"
    assert order["amount"] == {"total": 30000, "payer_total": 30000, "currency": "CNY", "payer_currency": "CNY"}
    assert order["success_time"].endswith("+08:00")
    by_id = await shop.call("GET", f"/v3/pay/transactions/id/{order['transaction_id']}?mchid={MCHID}")
    assert by_id.json == order
    phone = await shop.box.phone("13800000002")
    bubble = phone["chats"]["weixin-pay"]["bubbles"][-1]
    assert bubble["title"] == "微信支付凭证"
    assert "￥300.00" in bubble["text"]
    assert "演示协会" in bubble["text"]


async def test_the_notification_says_what_a_query_says(shop: Shop) -> None:
    order = await shop.pay_new_order()
    [notice] = shop.notices
    assert shop.is_genuine(notice.headers, notice.body)
    assert notice.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    envelope = notice.envelope
    assert (notice.kind, envelope["resource_type"], envelope["summary"]) == (
        "TRANSACTION.SUCCESS",
        "encrypt-resource",
        "支付成功",
    )
    assert envelope["resource"]["original_type"] == "transaction"
    assert notice.resource == order


async def test_an_order_is_paid_once_even_from_two_open_cashiers(shop: Shop) -> None:
    code = await shop.native()
    sheets = [await shop.box.control("pay/scan", phone=phone, code_url=code) for phone in (MOBILE, "13800000002")]
    for sheet, expect in zip(sheets, (200, 400), strict=True):
        await shop.box.control("pay/confirm", expect=expect, phone=sheet["phone"], cashier=sheet["cashier"])
    assert shop.kinds() == ["TRANSACTION.SUCCESS"]
    assert (await shop.call("POST", NATIVE, shop.native_body())).code == "400 ORDER_PAID"


async def test_a_cancelled_or_strange_cashier_can_not_pay(shop: Shop) -> None:
    sheet = await shop.box.control("pay/scan", phone=MOBILE, code_url=await shop.native())
    await shop.box.control("pay/confirm", expect=400, phone="13800000002", cashier=sheet["cashier"])
    assert (await shop.box.control("pay/cancel", phone=MOBILE, cashier=sheet["cashier"]))["state"] == "cancelled"
    await shop.box.control("pay/confirm", expect=400, phone=MOBILE, cashier=sheet["cashier"])
    assert (await shop.query())["trade_state"] == "NOTPAY"


async def test_an_empty_wallet_can_not_pay(shop: Shop) -> None:
    await shop.box.control(f"phones/{MOBILE}/wallet", balance=29_999)
    sheet = await shop.box.control("pay/scan", phone=MOBILE, code_url=await shop.native())
    refused = await shop.box.control("pay/confirm", expect=400, phone=MOBILE, cashier=sheet["cashier"])
    assert "余额不足" in refused["error"]
    await shop.box.control(f"phones/{MOBILE}/wallet", balance=30_000)
    await shop.box.control("pay/confirm", phone=MOBILE, cashier=sheet["cashier"])
    wallet = await (await shop.box.client.get(f"/control/phones/{MOBILE}/wallet")).json()
    assert (wallet["balance"], wallet["records"][0]["fen"]) == (0, -30_000)


async def test_a_page_pays_with_its_signed_parameters(shop: Shop) -> None:
    sheet = await shop.box.control("pay/jsapi", phone=MOBILE, **await page_call(shop))
    await shop.box.control("pay/confirm", phone=MOBILE, cashier=sheet["cashier"])
    order = await shop.query()
    assert (order["trade_type"], order["payer"]) == ("JSAPI", {"openid": await shop.box.openid()})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"paySign": base64.b64encode(b"x" * 256).decode()}, "签名"),
        ({"nonceStr": "another"}, "签名"),
        ({"appId": MINI}, "appId"),
        ({"signType": "MD5"}, "signType"),
        ({"timeStamp": 1554208460}, "timeStamp"),
        ({"package": "prepay_id=wx1"}, "prepay_id"),
        ({"phone": "13800000002"}, "下单账号"),
    ],
)
async def test_parameters_that_do_not_fit_open_no_cashier(shop: Shop, change: dict[str, Any], sentence: str) -> None:
    body = {"phone": MOBILE, **await page_call(shop), **change}
    assert sentence in (await shop.box.control("pay/jsapi", expect=400, **body))["error"]


# -- closing ----------------------------------------------------------------------------------------------------


async def test_closing_can_be_repeated_and_ends_an_open_cashier(shop: Shop) -> None:
    sheet = await shop.box.control("pay/scan", phone=MOBILE, code_url=await shop.native())
    for _ in range(2):
        answer = await shop.close()
        assert (answer.status, answer.raw) == (204, b"")
    assert (await shop.query())["trade_state"] == "CLOSED"
    refused = await shop.box.control("pay/confirm", expect=400, phone=MOBILE, cashier=sheet["cashier"])
    assert "关闭" in refused["error"]


async def test_what_is_paid_or_unknown_can_not_be_closed(shop: Shop) -> None:
    assert (await shop.close()).code == "404 ORDER_NOT_EXIST"
    await shop.pay_new_order()
    assert (await shop.close()).code == "400 ORDER_PAID"


async def test_an_unpaid_order_closes_by_itself_after_seven_days(shop: Shop) -> None:
    await shop.native()
    await shop.box.advance(7 * DAY - 60)
    assert (await shop.query())["trade_state"] == "NOTPAY"
    await shop.box.advance(120)
    assert (await shop.query())["trade_state"] == "CLOSED"


async def test_a_query_must_name_the_merchant(shop: Shop) -> None:
    await shop.native()
    assert (await shop.call("GET", QUERY.partition("?")[0])).code == "400 PARAM_ERROR"


# -- faults of the calls ----------------------------------------------------------------------------------------


async def test_an_error_though_accepted_leaves_the_order(shop: Shop) -> None:
    await shop.fault("error_after", count=1)
    assert (await shop.call("POST", NATIVE, shop.native_body())).code == "500 SYSTEM_ERROR"
    assert (await shop.query())["trade_state"] == "NOTPAY"


async def test_a_cut_connection_leaves_the_order_and_lets_the_library_repeat(shop: Shop) -> None:
    await shop.fault("drop_answer", count=1)
    with pytest.raises(aiohttp.ClientError):
        await shop.native()
    assert (await shop.query())["trade_state"] == "NOTPAY"


async def test_a_refused_frequency_did_nothing(shop: Shop) -> None:
    await shop.fault("quota_used_up", count=1, path="native")
    assert (await shop.call("GET", QUERY)).code == "404 ORDER_NOT_EXIST"
    assert (await shop.call("POST", NATIVE, shop.native_body())).code == "429 FREQUENCY_LIMITED"
    assert (await shop.call("GET", QUERY)).code == "404 ORDER_NOT_EXIST"


async def test_a_forged_answer_does_not_verify(shop: Shop) -> None:
    await shop.fault("forged_answer", count=1)
    answer = await shop.send("GET", QUERY, b"", shop.headers("GET", QUERY, b""))
    assert not shop.is_genuine(answer.headers, answer.raw)


async def test_a_fault_may_strike_one_order_only(shop: Shop) -> None:
    await shop.fault("early_order", path="T-second")
    for number, state in (("T-first-1", "NOTPAY"), ("T-second-2", "SUCCESS")):
        await shop.native(number)
        assert (await shop.query(number))["trade_state"] == state


async def test_who_came_by_a_page_only_can_pay_there(shop: Shop) -> None:
    """An openid from OAuth2 is known although its owner has no chat with the account."""
    world = shop.box.world
    world.by_openid.clear()
    query = {"appid": APPID, "redirect_uri": f"{shop.box.service.url}/h5", "response_type": "code", "state": "s"}
    url = "/wechat/connect/oauth2/authorize"
    moved = await shop.box.client.get(
        url, params={**query, "scope": "snsapi_base", "phone": "p2"}, allow_redirects=False
    )
    code = parse_qs(urlsplit(moved.headers["Location"]).query)["code"][0]
    wanted = {"appid": APPID, "secret": "sandbox-secret", "code": code, "grant_type": "authorization_code"}
    granted = await shop.box.client.get("/wechat/sns/oauth2/access_token", params=wanted)
    openid = (await granted.json(content_type=None))["openid"]
    body = shop.native_body(payer={"openid": openid})
    assert (await shop.call("POST", JSAPI, body)).status == 200


async def test_an_order_may_be_paid_after_it_was_closed(shop: Shop) -> None:
    sheet = await shop.box.control("pay/scan", phone=MOBILE, code_url=await shop.native())
    await shop.close()
    await shop.fault("pay_after_close", count=1)
    await shop.box.control("pay/confirm", phone=MOBILE, cashier=sheet["cashier"])
    assert (await shop.query())["trade_state"] == "SUCCESS"
    assert shop.kinds() == ["TRANSACTION.SUCCESS"]


async def test_a_payment_may_be_notified_before_the_order_call_is_answered(shop: Shop) -> None:
    await shop.fault("early_order", count=1)
    answered = False

    async def check() -> None:
        assert not answered

    shop.before_answer = check
    await shop.native()
    answered = True
    assert shop.kinds() == ["TRANSACTION.SUCCESS"]


async def test_a_payer_may_be_notified_before_or_after_the_merchant(shop: Shop) -> None:
    gate = asyncio.Event()

    async def hold() -> None:
        await gate.wait()

    shop.before_answer = hold
    done = await shop.scan_and_pay(await shop.native("T-first-1"), wait=False)
    assert done["notified"] is None
    gate.set()
    await shop.fault("early_pay", count=1)
    done = await shop.scan_and_pay(await shop.native("T-second-2"), wait=False)
    assert done["notified"] is True


# -- configuration ----------------------------------------------------------------------------------------------


async def test_a_given_key_of_wechat_is_used(service: Service) -> None:
    keys_of_wechat = {"private_key": private_pem(KEY), "public_key_id": "PUB_KEY_ID_7"}
    box = await open_box(service, pay={**pay_settings(), **keys_of_wechat})
    console = await (await box.client.get("/control/pay/keys")).json()
    assert (console["public_key_id"], console["public_key"]) == ("PUB_KEY_ID_7", public_pem())
    await box.client.close()


@pytest.mark.parametrize(
    "change",
    [{"apiv3_key": "short"}, {"mode": "both"}, {"mchid": ""}, {"public_key": ""}],
)
def test_a_merchant_that_can_not_be_used_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(config.ConfigError, match=r"pay\.merchants\[0\]"):
        config.parse({"pay": pay_settings(**change)})


def test_an_unreadable_key_of_wechat_stops_the_start() -> None:
    given = config.parse({"pay": {**pay_settings(), "certificate_key": public_pem()}})
    with pytest.raises(config.ConfigError, match=r"pay\.certificate_key"):
        create_app(given)


def test_two_merchants_of_one_number_stop_the_start() -> None:
    twice = pay_settings()
    with pytest.raises(config.ConfigError, match="stands twice"):
        create_app(config.parse({"pay": {**twice, "merchants": twice["merchants"] * 2}}))


def test_an_unreadable_key_is_named() -> None:
    with pytest.raises(config.ConfigError, match="here"):
        keys.merchant_key("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n", "here")
