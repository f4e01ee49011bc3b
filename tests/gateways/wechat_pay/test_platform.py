"""Orders, refunds and invoices: the requests sent, and the outcome of each answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from wechatpayv3 import utils as reference

from domain.errors import GatewayError, NeedsOperator, OutcomeUnknown, Rejected, Transient
from gateways.wechat_pay.errors import OPERATOR
from gateways.wechat_pay.platform import WechatPay
from services.ports import (
    BankCard,
    InvoiceReport,
    InvoiceRequest,
    InvoiceStatus,
    OrderRequest,
    RefundReport,
    Reversal,
    TradeReport,
)
from tests.gateways.pay_platform import (
    MCHID,
    MERCHANT_KEY,
    MINI,
    NEW,
    NOW,
    OA,
    OLD,
    PUBLIC_ID,
    STRANGER,
    WECHAT_KEY,
    Headers,
    Platform,
    Spoil,
    client,
    refund,
    sign,
    trade,
)
from tests.gateways.support import Tools

NATIVE, JSAPI = "/v3/pay/transactions/native", "/v3/pay/transactions/jsapi"
NUMBER = "T20261121000001"
ORDER_PATH = f"/v3/pay/transactions/out-trade-no/{NUMBER}"
REFUNDS = "/v3/refund/domestic/refunds"
INVOICES = "/v3/new-tax-control-fapiao/fapiao-applications"
CODE = {"code_url": "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00"}
ORDER = OrderRequest(NUMBER, "评标专家入库考试费", 3000, NOW + timedelta(minutes=30))
CARD = BankCard("ICBC_DEBIT", "6222021234567890123", "张三")
REDIRECT = f"{REFUNDS}/5030/apply-abnormal-refund"
REVERSAL = Reversal("A1", "F1", "", "26440000000012345678", "service_ended")
INVOICE = InvoiceRequest("A1", "F1", "某某公司", "91440101MA5XXXXX0X", "a@b.cn", 3000, "考试费", "30", 600)

Act = Callable[[WechatPay], Awaitable[object]]
ACTS: dict[str, tuple[str, Act]] = {
    "order": (NATIVE, lambda pay: pay.order_native("demo", ORDER)),
    "jsapi": (JSAPI, lambda pay: pay.order_jsapi("demo", "mini", "oABC", ORDER)),
    "close": (f"{ORDER_PATH}/close", lambda pay: pay.close("demo", NUMBER)),
    "refund": (REFUNDS, lambda pay: pay.refund("demo", "42", "R1", amount=1, total=1, reason="")),
    "redirected refund": (REDIRECT, lambda pay: pay.redirect_refund("demo", "5030", "R1", CARD)),
    "invoice": (INVOICES, lambda pay: pay.issue_invoice("demo", INVOICE)),
    "reversal": (f"{INVOICES}/A1/reverse", lambda pay: pay.reverse_invoice("demo", REVERSAL)),
}
QUESTIONS: dict[str, tuple[str, Act]] = {
    "query": (ORDER_PATH, lambda pay: pay.query("demo", NUMBER)),
    "refund query": (f"{REFUNDS}/R1", lambda pay: pay.query_refund("demo", "R1")),
    "invoice query": (f"{INVOICES}/A1", lambda pay: pay.query_invoice("demo", "A1", "F1")),
}
GOOD: dict[str, tuple[int, object]] = {
    NATIVE: (200, CODE),
    JSAPI: (200, {"prepay_id": "wx26112221580621e9b071c00d9e093b0000"}),
    f"{ORDER_PATH}/close": (204, None),
    REFUNDS: (200, refund(out_refund_no="R1")),
    REDIRECT: (200, refund(out_refund_no="R1")),
    INVOICES: (202, None),
    f"{INVOICES}/A1/reverse": (202, None),
    ORDER_PATH: (200, trade()),
    f"{REFUNDS}/R1": (200, refund(out_refund_no="R1")),
    f"{INVOICES}/A1": (
        200,
        {"total_count": 1, "fapiao_information": [{"fapiao_id": "F1", "status": "ISSUE_ACCEPTED"}]},
    ),
}


@pytest.fixture
def pay(tools: Tools, platform: Platform) -> WechatPay:
    platform.answers = dict(GOOD)
    return client(tools, platform)


async def test_an_order_holds_what_the_documents_ask_for(pay: WechatPay, platform: Platform) -> None:
    assert await pay.order_native("demo", ORDER) == CODE["code_url"]
    (request,) = platform.calls(NATIVE)
    assert request.json() == {
        "appid": OA,
        "mchid": MCHID,
        "description": "评标专家入库考试费",
        "out_trade_no": NUMBER,
        "time_expire": "2026-11-21T12:30:00+08:00",
        "notify_url": "https://pbt.example/callbacks/pay/demo",
        "amount": {"total": 3000, "currency": "CNY"},
    }
    assert request.headers["Wechatpay-Serial"] == PUBLIC_ID, "so that the answer is signed with that key"
    assert request.headers["Content-Type"] == "application/json"


async def test_the_same_order_again_is_the_same_request(pay: WechatPay, platform: Platform) -> None:
    """Else WeChat refuses it; only the signature is new."""
    await pay.order_native("demo", ORDER)
    await pay.order_native("demo", ORDER)
    first, second = platform.calls(NATIVE)
    assert first.body == second.body
    assert first.headers["Authorization"] != second.headers["Authorization"]


async def test_long_texts_are_cut_to_what_wechat_takes(pay: WechatPay, platform: Platform) -> None:
    long = OrderRequest(NUMBER, "费" * 200, 1, NOW, attach="a" * 200, support_fapiao=True)
    await pay.order_native("demo", long)
    body = platform.calls(NATIVE)[0].json()
    assert (len(body["description"]), len(body["attach"]), body["support_fapiao"]) == (127, 128, True)


@pytest.mark.parametrize(("app", "appid"), [("oa", OA), ("mini", MINI)])
async def test_a_payer_in_wechat_pays_with_the_app_that_is_open(
    pay: WechatPay, platform: Platform, app: Any, appid: str
) -> None:
    prepay_id = await pay.order_jsapi("demo", app, "oABC", ORDER)
    body = platform.calls(JSAPI)[0].json()
    assert (body["appid"], body["payer"]) == (appid, {"openid": "oABC"})
    signed = pay.sign_payment("demo", app, prepay_id)
    assert (signed.app_id, signed.package, signed.sign_type) == (appid, f"prepay_id={prepay_id}", "RSA")
    assert signed.time_stamp == str(int(NOW.timestamp()))
    text = f"{signed.app_id}\n{signed.time_stamp}\n{signed.nonce}\n{signed.package}\n"
    assert signed.signature == sign(MERCHANT_KEY, text.encode())


async def test_a_paid_order_states_its_payer_and_time(pay: WechatPay, platform: Platform) -> None:
    assert await pay.query("demo", NUMBER) == TradeReport(
        out_trade_no=NUMBER,
        mchid=MCHID,
        appid=OA,
        state="SUCCESS",
        transaction_id="4200001234202611210000000001",
        amount=3000,
        currency="CNY",
        payer="oABC",
        success_at=datetime(2026, 11, 21, 3, 59, 58, tzinfo=UTC),
    )
    assert platform.requests[-1].target == f"{ORDER_PATH}?mchid={MCHID}"


@pytest.mark.parametrize(
    ("told", "state"),
    [("NOTPAY", "NOTPAY"), ("USERPAYING", "NOTPAY"), ("CLOSED", "CLOSED"), ("REVOKED", "CLOSED")],
)
async def test_an_unpaid_order_has_no_transaction(pay: WechatPay, platform: Platform, told: str, state: str) -> None:
    unpaid = trade(trade_state=told, amount={"total": 3000, "currency": "CNY"})
    for name in ("transaction_id", "success_time", "payer", "bank_type"):
        del unpaid[name]
    platform.answers[ORDER_PATH] = (200, unpaid)
    report = await pay.query("demo", NUMBER)
    assert report is not None
    assert (report.state, report.transaction_id, report.amount, report.success_at) == (state, "", 3000, None)


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"])
@pytest.mark.parametrize("name", list(QUESTIONS))
async def test_what_wechat_does_not_know_is_none(pay: WechatPay, platform: Platform, name: str, code: str) -> None:
    path, ask = QUESTIONS[name]
    platform.answers[path] = (404, {"code": code, "message": "不存在"})
    assert await ask(pay) is None


async def test_a_page_that_is_not_there_is_no_unknown_order(pay: WechatPay, platform: Platform) -> None:
    """A proxy's own 404 must not lead to a second order."""
    platform.answers[ORDER_PATH] = (404, b"<h1>nginx</h1>")
    with pytest.raises(NeedsOperator) as caught:
        await pay.query("demo", NUMBER)
    assert caught.value.vendor_code == "http_404"


async def test_closing_needs_no_more_than_an_empty_signed_answer(pay: WechatPay, platform: Platform) -> None:
    await pay.close("demo", NUMBER)
    assert platform.calls(f"{ORDER_PATH}/close")[0].json() == {"mchid": MCHID}


@pytest.mark.parametrize("code", ["ORDER_PAID", "ORDERPAID"])
async def test_a_paid_order_is_not_closed(pay: WechatPay, platform: Platform, code: str) -> None:
    platform.answers[f"{ORDER_PATH}/close"] = (400, {"code": code, "message": "该订单已支付"})
    with pytest.raises(Rejected) as caught:
        await pay.close("demo", NUMBER)
    assert caught.value.vendor_code == "ORDERPAID"


async def test_a_number_with_odd_characters_is_signed_as_it_is_sent(pay: WechatPay, platform: Platform) -> None:
    platform.answers["/v3/pay/transactions/out-trade-no/T-1%7C2%2A3_x/close"] = (204, None)
    await pay.close("demo", "T-1|2*3_x")


# -- untrusted answers ---------------------------------------------------------------------------------------------


def without_header(name: str) -> Spoil:
    return lambda headers, body: ({key: value for key, value in headers.items() if key != name}, body)


def sign_too_early(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    return sign_anew(headers, body, NOW - timedelta(minutes=5, seconds=1))


def sign_too_late(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    return sign_anew(headers, body, NOW + timedelta(minutes=5, seconds=1))


def sign_anew(_: Headers, body: bytes, at: datetime) -> tuple[Headers, bytes]:
    return Platform().headers(body, at=at), body


def with_probe_signature(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    return headers | {"Wechatpay-Signature": f"WECHATPAY/SIGNTEST/{headers['Wechatpay-Signature'][20:]}"}, body


def sign_by_stranger(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
    return headers | {"Wechatpay-Signature": sign(STRANGER, text)}, body


def alter_body(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    return headers, body.replace(b"}", b" }") if body else b"{}"


SPOILED: dict[str, Spoil] = {
    "no signature": without_header("Wechatpay-Signature"),
    "no serial": without_header("Wechatpay-Serial"),
    "no timestamp": without_header("Wechatpay-Timestamp"),
    "no nonce": without_header("Wechatpay-Nonce"),
    "an old answer": sign_too_early,
    "an answer from the future": sign_too_late,
    "a probe": with_probe_signature,
    "a stranger's signature": sign_by_stranger,
    "an altered body": alter_body,
    "an unknown public key": lambda headers, body: (headers | {"Wechatpay-Serial": "PUB_KEY_ID_02"}, body),
    "an unknown certificate": lambda headers, body: (headers | {"Wechatpay-Serial": "77" * 20}, body),
    "a time that is none": lambda headers, body: (headers | {"Wechatpay-Timestamp": "soon"}, body),
    "another's certificate": lambda headers, body: (headers | {"Wechatpay-Serial": NEW.serial}, body),
}


@pytest.mark.parametrize("how", list(SPOILED))
@pytest.mark.parametrize("name", ["order", "close", "refund"])
async def test_an_act_whose_answer_is_not_provably_wechats_has_no_known_outcome(
    pay: WechatPay, platform: Platform, name: str, how: str
) -> None:
    platform.spoil = SPOILED[how]
    with pytest.raises(OutcomeUnknown):
        await ACTS[name][1](pay)
    assert len(platform.calls(ACTS[name][0])) == 1, "it was sent once"


@pytest.mark.parametrize("how", list(SPOILED))
async def test_a_question_whose_answer_is_not_provably_wechats_may_be_repeated(
    pay: WechatPay, platform: Platform, how: str
) -> None:
    platform.spoil = SPOILED[how]
    with pytest.raises(Transient):
        await pay.query("demo", NUMBER)


async def test_five_minutes_are_still_of_now(pay: WechatPay, platform: Platform) -> None:
    platform.spoil = lambda headers, body: sign_anew(headers, body, NOW - timedelta(minutes=5))
    assert await pay.order_native("demo", ORDER)


async def test_a_refusal_with_a_wrong_signature_is_transient(pay: WechatPay, platform: Platform) -> None:
    platform.answers[ORDER_PATH] = (404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"})
    platform.spoil = sign_by_stranger
    with pytest.raises(Transient):
        await pay.query("demo", NUMBER)


async def test_probes_cause_no_alarm_and_forgeries_do(pay: WechatPay, platform: Platform) -> None:
    levels = []
    for spoil in (with_probe_signature, sign_by_stranger):
        platform.spoil = spoil
        with capture_logs() as logs, pytest.raises(OutcomeUnknown):
            await pay.order_native("demo", ORDER)
        levels.append(next(entry["log_level"] for entry in logs if entry["event"] == "pay_answer_not_verified"))
    assert levels == ["info", "warning"]


# -- WeChat's errors ------------------------------------------------------------------------------------------------


async def failure(act: Awaitable[object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await act
    return caught.value


@pytest.mark.parametrize("name", [*ACTS, *QUESTIONS])
@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "SYSTEM_ERROR"), (503, "SYSTEMERROR"), (429, "FREQUENCY_LIMITED"), (429, "RATELIMIT_EXCEEDED"), (429, "X")],
)
async def test_what_may_be_said_again_with_the_same_number_is_transient(
    pay: WechatPay, platform: Platform, name: str, status: int, code: str
) -> None:
    path, act = (ACTS | QUESTIONS)[name]
    platform.answers[path] = (status, {"code": code, "message": "稍后再试"})
    error = await failure(act(pay))
    assert isinstance(error, Transient)
    assert (error.retry_after is not None) == (status == 429)


@pytest.mark.parametrize(
    ("status", "code", "plain"),
    [
        (400, "PARAM_ERROR", "PARAMERROR"),
        (400, "APPID_MCHID_NOT_MATCH", "APPIDMCHIDNOTMATCH"),
        (403, "OUT_TRADE_NO_USED", "OUTTRADENOUSED"),
        (403, "NOT_ENOUGH", "NOTENOUGH"),
        (404, "RESOURCE_NOT_EXISTS", "RESOURCENOTEXISTS"),
    ],
)
async def test_a_refusals_code_has_no_underscores(
    pay: WechatPay, platform: Platform, status: int, code: str, plain: str
) -> None:
    platform.answers[REFUNDS] = (status, {"code": code, "message": "余额不足 oABC"})
    with capture_logs() as logs:
        error = await failure(ACTS["refund"][1](pay))
    assert isinstance(error, NeedsOperator if plain in OPERATOR else Rejected)
    assert getattr(error, "vendor_code", "") == plain
    assert "oABC" not in f"{error}{logs}", "WeChat's sentence may name somebody"
    assert any(entry.get("request_id") == "08F0-268512771" for entry in logs)


async def test_our_own_wrong_signature_is_logged_though_the_reply_is_unsigned(
    pay: WechatPay, platform: Platform
) -> None:
    platform.answers[NATIVE] = (401, b'{"code":"SIGN_ERROR","message":""}')
    with capture_logs() as logs:
        error = await failure(pay.order_native("demo", ORDER))
    assert isinstance(error, NeedsOperator)
    assert error.vendor_code == "SIGNERROR"
    assert [entry["log_level"] for entry in logs if entry["event"] == "vendor_needs_operator"] == ["error"]


@pytest.mark.parametrize(("name", "kind"), [("order", OutcomeUnknown), ("refund", OutcomeUnknown)])
async def test_an_error_page_of_a_proxy_decides_nothing(
    pay: WechatPay, platform: Platform, name: str, kind: type[Exception]
) -> None:
    path, act = ACTS[name]
    platform.answers[path] = (502, b"<h1>Bad Gateway</h1>")
    assert isinstance(await failure(act(pay)), kind)


@pytest.mark.parametrize("body", [{}, {"code_url": ""}, {"code_url": 7.5}, [1], "x"], ids=str)
async def test_a_success_that_lacks_what_was_ordered_has_no_known_outcome(
    pay: WechatPay, platform: Platform, body: object
) -> None:
    platform.answers[NATIVE] = (200, body)
    assert isinstance(await failure(pay.order_native("demo", ORDER)), OutcomeUnknown)


@pytest.mark.parametrize(
    "lie",
    [
        {"out_trade_no": "T2"},
        {"out_trade_no": None},
        {"mchid": "1900000000"},
        {"trade_state": "PAID"},
        {"transaction_id": ""},
        {"success_time": ""},
        {"success_time": "yesterday"},
        {"success_time": "2026-11-21T11:59:58"},
        {"success_time": "9999-12-31T23:59:59-12:00"},
        {"success_time": "1970-01-01T00:00:00+08:00"},
        {"transaction_id": "4" * 33},
        {"transaction_id": "42\0"},
        {"mchid": "1" * 200},
        {"amount": {"total": 10**18}},
        {"amount": {}},
        {"amount": {"total": "many"}},
        {"amount": {"total": 0}},
        {"amount": 3000},
    ],
    ids=str,
)
async def test_an_impossible_report_of_an_order_is_transient(
    pay: WechatPay, platform: Platform, lie: dict[str, object]
) -> None:
    platform.answers[ORDER_PATH] = (200, trade(**lie))
    assert isinstance(await failure(pay.query("demo", NUMBER)), Transient)


# -- refunds ------------------------------------------------------------------------------------------------------


async def test_a_refund_is_accepted_first(pay: WechatPay, platform: Platform) -> None:
    platform.answers[REFUNDS] = (200, refund())
    report = await pay.refund("demo", "42", "R20261121000001", amount=3000, total=3000, reason="重" * 40)
    assert report == RefundReport("R20261121000001", "50300000000000000000000000001", "PROCESSING", 3000, None)
    body = platform.calls(REFUNDS)[0].json()
    assert body["reason"] == "重" * 26, "80 bytes, and no half characters"
    assert body["amount"] == {"refund": 3000, "total": 3000, "currency": "CNY"}
    assert (body["transaction_id"], body["notify_url"]) == ("42", "https://pbt.example/callbacks/pay/demo")


@pytest.mark.parametrize("status", ["PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED"])
async def test_a_refund_can_be_asked_after(pay: WechatPay, platform: Platform, status: str) -> None:
    told = refund(out_refund_no="R1", status=status, success_time="2026-11-21T12:00:00+08:00")
    platform.answers[f"{REFUNDS}/R1"] = (200, told)
    report = await pay.query_refund("demo", "R1")
    assert report is not None
    assert (report.outcome, report.success_at) == (status, NOW)


@pytest.mark.parametrize(
    "lie",
    [
        {"status": "DONE"},
        {"out_refund_no": "R2"},
        {"refund_id": None},
        {"amount": {}},
        {"amount": {"refund": -1}},
        {"refund_id": "5" * 65},
        {"amount": {"refund": 10**18}},
    ],
    ids=str,
)
async def test_an_impossible_report_of_a_refund_leaves_its_outcome_unknown(
    pay: WechatPay, platform: Platform, lie: dict[str, object]
) -> None:
    platform.answers[REFUNDS] = platform.answers[f"{REFUNDS}/R1"] = (200, refund(**{"out_refund_no": "R1", **lie}))
    assert isinstance(await failure(ACTS["refund"][1](pay)), OutcomeUnknown)
    assert isinstance(await failure(pay.query_refund("demo", "R1")), Transient)


async def test_an_abnormal_refund_goes_to_a_card_that_only_wechat_can_read(pay: WechatPay, platform: Platform) -> None:
    report = await pay.redirect_refund("demo", "5030", "R1", CARD)
    assert report.outcome == "PROCESSING"
    (request,) = platform.calls(REDIRECT)
    body = request.json()
    assert request.headers["Wechatpay-Serial"] == PUBLIC_ID
    assert reference.rsa_decrypt(body.pop("bank_account"), WECHAT_KEY) == CARD.account
    assert reference.rsa_decrypt(body.pop("real_name"), WECHAT_KEY) == "张三"
    assert body == {"out_refund_no": "R1", "type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT"}
    assert (CARD.account in repr(CARD), "张三" in repr(CARD)) == (False, False)


async def test_or_to_the_merchants_own_account(pay: WechatPay, platform: Platform) -> None:
    await pay.redirect_refund("demo", "5030", "R1", None)
    assert platform.calls(REDIRECT)[0].json() == {"out_refund_no": "R1", "type": "MERCHANT_BANK_CARD"}


# -- invoices -----------------------------------------------------------------------------------------------------


async def test_an_invoice_is_asked_for_with_the_buyers_address_sealed(pay: WechatPay, platform: Platform) -> None:
    await pay.issue_invoice("demo", INVOICE)
    (request,) = platform.calls(INVOICES)
    body = request.json()
    buyer = body["buyer_information"]
    assert reference.rsa_decrypt(buyer.pop("email"), WECHAT_KEY) == "a@b.cn"
    assert request.headers["Wechatpay-Serial"] == PUBLIC_ID
    assert buyer == {"type": "ORGANIZATION", "name": "某某公司", "taxpayer_id": "91440101MA5XXXXX0X"}
    assert (body["scene"], body["fapiao_apply_id"]) == ("WITH_WECHATPAY", "A1"), "else the buyer would have to consent"
    (invoice,) = body["fapiao_information"]
    assert (invoice["fapiao_id"], invoice["total_amount"]) == ("F1", 3000)
    assert invoice["items"][0] == {
        "tax_code": "30",
        "goods_name": "考试费",
        "quantity": 100_000_000,
        "total_amount": 3000,
        "tax_rate": 600,
        "discount": False,
    }


async def test_an_invoice_is_sealed_with_the_certificate_that_lasts_longest(tools: Tools, platform: Platform) -> None:
    platform.answers, platform.signer = dict(GOOD), OLD
    await client(tools, platform, certificates=True).issue_invoice("demo", INVOICE)
    (request,) = platform.calls(INVOICES)
    held = {OLD.serial: OLD.key, NEW.serial: NEW.key}[request.headers["Wechatpay-Serial"]]
    assert reference.rsa_decrypt(request.json()["buyer_information"]["email"], held) == "a@b.cn"


async def test_a_person_needs_no_tax_number(pay: WechatPay, platform: Platform) -> None:
    await pay.issue_invoice("demo", InvoiceRequest("A1", "F1", "张三", "", "", 3000, "考试费", "30", 0))
    assert platform.calls(INVOICES)[0].json()["buyer_information"] == {"type": "INDIVIDUAL", "name": "张三"}


@pytest.mark.parametrize(
    ("status", "known"),
    [
        ("ISSUE_ACCEPTED", "making"),
        ("ISSUED", "issued"),
        ("ISSUE_FAILED", "failed"),
        ("REVERSE_ACCEPTED", "reversing"),
        ("REVERSE_FAILED", "reverse_failed"),
        ("REVERSED", "reversed"),
    ],
)
async def test_an_invoice_is_known_by_its_state(
    pay: WechatPay, platform: Platform, status: str, known: InvoiceStatus
) -> None:
    item = {
        "fapiao_id": "F1",
        "status": status,
        "blue_fapiao": {"fapiao_code": "044001911211", "fapiao_number": "20897984"},
        "red_fapiao": {"fapiao_number": "20897985"},
    }
    before = {"fapiao_id": "F0", "status": "ISSUE_FAILED"}
    platform.answers[f"{INVOICES}/A1"] = (200, {"total_count": 2, "fapiao_information": [before, item]})
    report = InvoiceReport("A1", "F1", known, "20897984", "044001911211", "20897985")
    assert await pay.query_invoice("demo", "A1", "F1") == report
    assert platform.requests[-1].target == f"{INVOICES}/A1?fapiao_id=F1"
    assert await pay.query_invoice("demo", "A1", "F2") is None


@pytest.mark.parametrize(
    "items",
    [None, "F1", [{"fapiao_id": "F1", "status": "LOST"}], [{"fapiao_id": "F1", "status": "ISSUED"}] * 2],
    ids=str,
)
async def test_an_impossible_report_of_an_invoice_is_transient(
    pay: WechatPay, platform: Platform, items: object
) -> None:
    platform.answers[f"{INVOICES}/A1"] = (200, {"fapiao_information": items})
    assert isinstance(await failure(pay.query_invoice("demo", "A1", "F1")), Transient)


@pytest.mark.parametrize("code", ["", "044001911211"])
async def test_an_invoice_is_reversed_by_its_numbers_and_a_reason(
    pay: WechatPay, platform: Platform, code: str
) -> None:
    await pay.reverse_invoice("demo", Reversal("A1", "F1", code, "20897984", "issue_error"))
    body = platform.calls(f"{INVOICES}/A1/reverse")[0].json()
    assert body["reverse_reason"] == "ISSUE_ERROR"
    assert body["fapiao_information"] == [
        {"fapiao_id": "F1", "fapiao_number": "20897984"} | ({"fapiao_code": code} if code else {})
    ]


def files(url: str) -> tuple[int, object]:
    return 200, {"fapiao_download_info_list": [{"fapiao_id": "F1", "download_url": url, "status": "ISSUED"}]}


async def test_an_invoices_file_is_fetched(pay: WechatPay, platform: Platform) -> None:
    platform.answers[f"{INVOICES}/A1/fapiao-files"] = files(f"{platform.url}/pay/v3/file?token=a%2Fb")
    platform.answers["/v3/file"] = (200, b"%PDF-1.7 ...")
    assert await pay.invoice_file("demo", "A1", "F1") == b"%PDF-1.7 ..."
    assert platform.requests[-1].target == "/v3/file?token=a%2Fb"


@pytest.mark.parametrize("listed", [{}, {"fapiao_download_info_list": [{"fapiao_id": "F2", "download_url": "x"}]}])
async def test_a_file_that_is_not_there_yet_comes_later(
    pay: WechatPay, platform: Platform, listed: dict[str, object]
) -> None:
    platform.answers[f"{INVOICES}/A1/fapiao-files"] = (200, listed)
    assert isinstance(await failure(pay.invoice_file("demo", "A1", "F1")), Transient)


async def test_a_page_in_place_of_the_file_is_not_kept(pay: WechatPay, platform: Platform) -> None:
    platform.answers[f"{INVOICES}/A1/fapiao-files"] = files(f"{platform.url}/pay/v3/file")
    platform.answers["/v3/file"] = (200, b"<html>log in</html>")
    assert isinstance(await failure(pay.invoice_file("demo", "A1", "F1")), Transient)


# -- merchants -----------------------------------------------------------------------------------------------------


async def test_a_pool_without_merchant_takes_none(pay: WechatPay, platform: Platform) -> None:
    assert pay.merchant("poor") is None
    merchant = pay.merchant("demo")
    assert merchant is not None
    assert (merchant.mchid, dict(merchant.appids), merchant.fapiao) == (MCHID, {"oa": OA, "mini": MINI}, True)
    error = await failure(pay.order_native("poor", ORDER))
    assert isinstance(error, NeedsOperator)
    assert (error.vendor_code, platform.requests) == ("NOMERCHANT", [])


async def test_calls_are_counted_by_how_they_ended(pay: WechatPay, platform: Platform, tools: Tools) -> None:
    await pay.order_native("demo", ORDER)
    platform.spoil = sign_by_stranger
    with pytest.raises(OutcomeUnknown):
        await pay.order_native("demo", ORDER)
    assert [tools.count_calls("pay", "order_native", end) for end in ("ok", "unknown")] == [1, 1]
