"""A day's bill: every layout that WeChat prints, to the fen; and how the file is fetched."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Awaitable
from datetime import UTC, date, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from domain.clock import FixedClock
from domain.errors import GatewayError, NeedsOperator, Rejected, Transient
from gateways.wechat_pay import bills
from gateways.wechat_pay.bills import fen, has_hash, parse_bill, unpack
from services.ports import BillRow, TradeBill
from tests.gateways.pay_platform import Platform, client
from tests.gateways.support import Tools

DAY = date(2026, 11, 20)
HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
PAID = (
    "`2026-11-20 19:00:00,`wx1,`1900007291,`0,`,`4200001,`T1,`oABC,`JSAPI,`SUCCESS,`OTHERS,`CNY,`30.00,`0.00,`0,`0,"
    "`0.00,`0.00,`,`,`活动费,`order:17,`0.18000,`0.60%,`30.00,`0.00,`"
)
BACK = (
    "`2026-11-20 20:15:30,`wx1,`1900007291,`0,`,`4200001,`T1,`oABC,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030001,"
    "`R1,`29.99,`0.00,`ORIGINAL,`PROCESSING,`活动费,`order:17,`-0.18000,`0.60%,`0.00,`29.99,`"
)
SUMMARY_HEAD = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
SUMMARY = "`2,`30.00,`29.99,`0.00,`0.00000,`30.00,`29.99"
PAYMENT = BillRow(datetime(2026, 11, 20, 11, 0, tzinfo=UTC), "4200001", "T1", "SUCCESS", 3000)
REFUND = BillRow(datetime(2026, 11, 20, 12, 15, 30, tzinfo=UTC), "4200001", "T1", "REFUND", 0, "R1", "5030001", 2999)


def bill(*lines: str, end: str = "\r\n", bom: bool = False) -> bytes:
    return ("\ufeff" * bom + "".join(line + end for line in lines)).encode()


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


WHOLE = bill(HEAD, PAID, BACK, SUMMARY_HEAD, SUMMARY)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("bom", [True, False])
def test_payments_and_refunds_are_read_to_the_fen(end: str, bom: bool) -> None:
    data = bill(HEAD, PAID, BACK, SUMMARY_HEAD, SUMMARY, end=end, bom=bom)
    assert parse_bill(data) == TradeBill((PAYMENT, REFUND), 2, 3000, 2999, sha1(data))


def test_columns_are_found_by_name_in_whatever_order() -> None:
    """An older merchant's layout, without refunds."""
    data = bill(
        "商户订单号,微信订单号,总金额,企业红包金额,交易状态,交易时间",
        "`T1,`4200001,`30.00,`0.00,`SUCCESS,`2026-11-20 19:00:00",
        "总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额",
        "`1,`30.00,`0.00,`0.00,`0.00",
    )
    assert parse_bill(data).rows == (PAYMENT,)
    assert parse_bill(data).total_received == 3000


def test_what_the_payer_is_charged_counts_not_what_a_coupon_leaves() -> None:
    data = bill(HEAD, PAID.replace("`30.00,`0.00,`0,`0,", "`25.00,`5.00,`0,`0,"), SUMMARY_HEAD, SUMMARY)
    assert parse_bill(data).rows[0].amount == 3000


def test_commas_in_a_name_belong_to_the_name() -> None:
    data = bill(HEAD, PAID.replace("`活动费", "`活动费,含资料 1,200 份"), SUMMARY_HEAD, SUMMARY)
    assert parse_bill(data).rows == (PAYMENT,)


def test_a_bill_without_rows_is_empty() -> None:
    data = bill(HEAD, SUMMARY_HEAD, "`0,`0.00,`0.00,`0.00,`0.00,`0.00,`0.00")
    assert (parse_bill(data).rows, parse_bill(data).trades) == ((), 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "decode"),
        (bill(HEAD), "no summary"),
        (bill(HEAD, PAID), "no summary"),
        (bill(HEAD, PAID, SUMMARY_HEAD), "no summary"),
        (bill(HEAD, PAID, SUMMARY_HEAD, SUMMARY, SUMMARY), "line 3"),
        (bill(HEAD, PAID, SUMMARY_HEAD, "2,30.00"), "line 4"),
        (bill(HEAD, PAID + ",`", SUMMARY_HEAD, SUMMARY), "line 2: 28 cells for 27 columns"),
        (bill(HEAD, PAID[:-40], SUMMARY_HEAD, SUMMARY), "line 2"),
        (bill(HEAD, PAID.replace("`活动费", "`活,`动费"), SUMMARY_HEAD, SUMMARY), "28 cells"),
        (bill(HEAD.replace("商户订单号", "订单号"), PAID, SUMMARY_HEAD, SUMMARY), "no column 商户订单号"),
        (bill(HEAD.replace("订单金额", "金额").replace("应结金额", "结金额"), PAID, SUMMARY_HEAD, SUMMARY), "金额"),
        (
            bill(HEAD, PAID, SUMMARY_HEAD.replace("总交易单数", "x"), SUMMARY),
            "总交易单数",
        ),
        (bill(HEAD, PAID.replace("2026-11-20 19", "2026-13-20 19"), SUMMARY_HEAD, SUMMARY), "time data"),
        (bill(HEAD, PAID.replace("`0.60%,`30.00", "`0.60%,`thirty"), SUMMARY_HEAD, SUMMARY), "no number"),
        (bill(HEAD, PAID.replace("`0.60%,`30.00", "`0.60%,`30.005"), SUMMARY_HEAD, SUMMARY), "parts of a fen"),
        (bill(HEAD, PAID, SUMMARY_HEAD, SUMMARY.replace("`2,", "`2.5,")), "trades"),
    ],
)
def test_a_bill_that_is_not_whole_is_not_read(data: bytes, reason: str) -> None:
    """Half a bill would look like payments that were lost."""
    with pytest.raises(ValueError, match=reason):
        parse_bill(data)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_yuan_become_fen_exactly(amount: int) -> None:
    sign, whole, rest = "-" * (amount < 0), abs(amount) // 100, abs(amount) % 100
    assert fen(f"{sign}{whole}.{rest:02d}") == amount


@pytest.mark.parametrize(
    ("yuan", "expected"), [("0.29", 29), ("1.1", 110), ("30", 3000), ("0.57000", 57), ("-0.01", -1)]
)
def test_yuan_that_floats_would_spoil(yuan: str, expected: int) -> None:
    assert fen(yuan) == expected


@pytest.mark.parametrize("yuan", ["", "1e3", "NaN", "Infinity", "1,000.00", "１.00", "0.001", " 1", "+1", "1."])
def test_what_is_no_amount_is_refused(yuan: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        fen(yuan)


@given(st.binary(max_size=200))
def test_no_file_is_read_wrongly_by_force(data: bytes) -> None:
    """Arbitrary input is parsed or refused, without other errors."""
    try:
        unpack(data)
        parse_bill(data)
    except ValueError:
        pass


def test_a_packed_file_is_unpacked_and_a_plain_one_left() -> None:
    assert unpack(gzip.compress(WHOLE)) == WHOLE == unpack(WHOLE)
    with pytest.raises(ValueError, match="cut short"):
        unpack(gzip.compress(WHOLE)[:-9])
    with pytest.raises(ValueError, match="damaged"):
        unpack(b"\x1f\x8b" + b"\xff" * 20)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "UNPACKED_LIMIT", 1000)
    with pytest.raises(ValueError, match="too large"):
        unpack(gzip.compress(b"0" * 1001))


def test_the_hash_is_of_the_unpacked_file() -> None:
    digest = sha1(WHOLE)
    assert has_hash(WHOLE, digest)
    assert has_hash(WHOLE, digest.upper())
    assert not has_hash(WHOLE + b" ", digest)
    assert not has_hash(WHOLE, "")


# -- fetching -----------------------------------------------------------------------------------------------------

BILL, FILE = "/v3/bill/tradebill", "/v3/billdownload/file"
TEN = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def offer(platform: Platform, data: bytes, *, digest: str = "", base: str = "") -> None:
    told = {
        "hash_type": "SHA1",
        "hash_value": digest or sha1(WHOLE),
        "download_url": f"{base or platform.url + '/pay'}{FILE}?token=a%2Bb",
    }
    platform.answers |= {BILL: (200, told), FILE: (200, data)}


async def failure(act: Awaitable[object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await act
    return caught.value


@pytest.mark.parametrize("data", [WHOLE, gzip.compress(WHOLE)], ids=["plain", "packed"])
async def test_a_bill_is_fetched_and_checked(tools: Tools, platform: Platform, data: bytes) -> None:
    offer(platform, data)
    assert (await client(tools, platform).trade_bill("demo", DAY)).rows == (PAYMENT, REFUND)
    bill_request, file_request = platform.requests
    assert bill_request.target == f"{BILL}?bill_date=2026-11-20&bill_type=ALL&tar_type=GZIP"
    assert file_request.target == f"{FILE}?token=a%2Bb"
    assert "Authorization" in file_request.headers


async def test_a_file_with_another_hash_is_fetched_again_later(tools: Tools, platform: Platform) -> None:
    offer(platform, WHOLE.replace(b"30.00", b"31.00"))
    assert isinstance(await failure(client(tools, platform).trade_bill("demo", DAY)), Transient)


async def test_an_unreadable_bill_is_logged_for_the_operator(tools: Tools, platform: Platform) -> None:
    offer(platform, b"<html>", digest=sha1(b"<html>"))
    with capture_logs() as logs:
        error = await failure(client(tools, platform).trade_bill("demo", DAY))
    assert isinstance(error, Rejected)
    assert error.vendor_code == "BILLUNREADABLE"
    assert [entry["log_level"] for entry in logs] == ["error"]


@pytest.mark.parametrize("code", ["NO_STATEMENT_EXIST", "NOSTATEMENTEXIST"])
async def test_a_day_without_trades_has_an_empty_bill(tools: Tools, platform: Platform, code: str) -> None:
    platform.answers[BILL] = (400, {"code": code, "message": "账单文件不存在"})
    pay = client(tools, platform)
    assert await pay.trade_bill("demo", DAY) == TradeBill((), 0, 0, 0, "")


async def test_before_ten_o_clock_no_bill_is_no_answer_yet(tools: Tools, platform: Platform) -> None:
    platform.answers[BILL] = (400, {"code": "NO_STATEMENT_EXIST", "message": ""})
    clock = FixedClock(TEN.replace(hour=1))
    platform.spoil = lambda _, body: (platform.headers(body, at=clock.now()), body)
    error = await failure(client(tools, platform, clock=clock).trade_bill("demo", DAY))
    assert isinstance(error, Transient)
    assert error.retry_after == 3600


async def test_a_bill_that_is_being_made_comes_later(tools: Tools, platform: Platform) -> None:
    platform.answers[BILL] = (400, {"code": "STATEMENT_CREATING", "message": "账单生成中"})
    error = await failure(client(tools, platform).trade_bill("demo", DAY))
    assert isinstance(error, Transient)
    assert error.retry_after == 600


async def test_other_refusals_raise_the_vendors_code(tools: Tools, platform: Platform) -> None:
    platform.answers[BILL] = (403, {"code": "NO_AUTH", "message": ""})
    error = await failure(client(tools, platform).trade_bill("demo", DAY))
    assert isinstance(error, NeedsOperator)
    assert error.vendor_code == "NOAUTH"


async def test_an_address_that_has_run_out_is_asked_for_anew(tools: Tools, platform: Platform) -> None:
    offer(platform, WHOLE)
    platform.answers[FILE] = (404, {"code": "RESOURCE_NOT_EXISTS", "message": "下载地址无效或已过期"})
    pay = client(tools, platform)
    assert isinstance(await failure(pay.trade_bill("demo", DAY)), Transient)
    offer(platform, WHOLE)
    assert (await pay.trade_bill("demo", DAY)).trades == 2


async def test_our_signature_goes_to_no_other_place(tools: Tools, platform: Platform) -> None:
    """A file elsewhere is fetched, but without saying who we are."""
    seen: list[dict[str, str]] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.Response(body=WHOLE)

    app = web.Application()
    app.router.add_get(FILE, elsewhere)
    async with TestServer(app) as server:
        offer(platform, b"", base=str(server.make_url("")).rstrip("/"))
        assert (await client(tools, platform).trade_bill("demo", DAY)).trades == 2
    assert "Authorization" not in seen[0]
