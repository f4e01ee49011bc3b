"""Trade bills: yesterday's trades as a file, from nine o'clock Beijing time."""

from __future__ import annotations

import gzip
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.clock import BEIJING, beijing
from sandbox.config import MerchantConfig
from sandbox.jsons import Json
from sandbox.pay.errors import PayError, param_error
from sandbox.pay.keys import new_nonce
from sandbox.pay.orders import Order, PlatformOrders
from sandbox.pay.refunds import PlatformRefund, PlatformRefunds
from sandbox.pay.wallets import yuan
from sandbox.world import World

READY_HOUR = 9
KEPT = timedelta(days=92)
FILE_TTL = 300.0
RATE = 60
"""The merchant's commission in parts of ten thousand."""

_HEAD = (
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
)
_REFUND_TIMES = ("退款申请时间", "退款成功时间")
_REFUND = ("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态")
_TAIL = ("商品名称", "商户数据包", "手续费", "费率", "订单金额")
COLUMNS = {
    "ALL": (*_HEAD, *_REFUND, *_TAIL, "申请退款金额", "费率备注"),
    "SUCCESS": (*_HEAD, *_TAIL, "费率备注"),
    "REFUND": (*_HEAD, *_REFUND_TIMES, *_REFUND, *_TAIL, "申请退款金额", "费率备注"),
}
SUMMARY = {
    "ALL": (
        "总交易单数",
        "应结订单总金额",
        "退款总金额",
        "充值券退款总金额",
        "手续费总金额",
        "订单总金额",
        "申请退款总金额",
    ),
    "SUCCESS": ("总交易单数", "应结订单总金额", "手续费总金额", "订单总金额"),
}
SUMMARY["REFUND"] = SUMMARY["ALL"]
STATUS = {"SUCCESS": "SUCCESS", "PROCESSING": "PROCESSING", "ABNORMAL": "CHANGE", "CLOSED": "FAIL"}


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One trade. Money in fen; a refund has a negative fee."""

    at: float
    cells: dict[str, str]
    paid: int = 0
    refunded: int = 0
    fee: int = 0
    """In ten-thousandths of a fen, so that only the sum is rounded."""


@dataclass(frozen=True, slots=True)
class BillFile:
    mchid: str
    data: bytes
    expires: float


class Bills:
    def __init__(self, world: World, orders: PlatformOrders, refunds: PlatformRefunds) -> None:
        self._world = world
        self._orders = orders
        self._refunds = refunds
        self._files: dict[str, BillFile] = {}

    def order_bill(self, merchant: MerchantConfig, query: dict[str, str], base_url: str) -> Json:
        """Make the file and return its address; refused while there is no bill."""
        kind, packed = query.get("bill_type", "ALL"), query.get("tar_type", "")
        if kind not in COLUMNS:
            raise param_error("bill_type只支持ALL、SUCCESS、REFUND")
        if packed not in ("", "GZIP"):
            raise param_error("tar_type只支持GZIP")
        day = _day(query.get("bill_date", ""))
        self._check_ready(day)
        rows = self._spoil_rows(self._rows(merchant, day, kind), merchant, day)
        if not rows:
            raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        text = render(kind, rows)
        digest = hashlib.sha1(text).hexdigest()  # noqa: S324 - the protocol's own choice
        if self._world.faults.strikes("pay", "bill_bad_hash", str(day)):
            digest = secrets.token_hex(20)
        token = new_nonce(64)
        data = gzip.compress(text, mtime=0) if packed else text
        self._files[token] = BillFile(merchant.mchid, data, self._world.clock.now() + FILE_TTL)
        url = f"{base_url}/v3/billdownload/file?token={token}"
        return {"hash_type": "SHA1", "hash_value": digest, "download_url": url}

    def download(self, merchant: MerchantConfig, token: str) -> bytes:
        file = self._files.get(token)
        if file is None or file.mchid != merchant.mchid:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "下载地址无效")
        if file.expires <= self._world.clock.now():
            del self._files[token]
            raise PayError(400, "INVALID_REQUEST", "下载地址已过期，请重新申请账单")
        return file.data

    def _check_ready(self, day: date) -> None:
        now = datetime.fromtimestamp(self._world.clock.now(), BEIJING)
        if day >= now.date():
            raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        if day < now.date() - KEPT:
            raise PayError(400, "INVALID_REQUEST", "仅支持下载三个月内的账单")
        too_early = day == now.date() - timedelta(days=1) and now.hour < READY_HOUR
        if too_early or self._world.faults.strikes("pay", "bill_creating", str(day)):
            raise PayError(400, "STATEMENT_CREATING", "账单生成中，请稍后再试")

    def _rows(self, merchant: MerchantConfig, day: date, kind: str) -> list[TradeRow]:
        rows: list[TradeRow] = []
        if kind != "REFUND":
            rows += [paid_row(order) for order in self._orders.all() if order.mchid == merchant.mchid and order.paid_at]
        if kind != "SUCCESS":
            rows += [refund_row(refund) for refund in self._refunds.all() if refund.order.mchid == merchant.mchid]
        of_day = [row for row in rows if datetime.fromtimestamp(row.at, BEIJING).date() == day]
        return sorted(of_day, key=lambda row: row.at)

    def _spoil_rows(self, rows: list[TradeRow], merchant: MerchantConfig, day: date) -> list[TradeRow]:
        faults = self._world.faults
        if rows and faults.strikes("pay", "bill_missing_row", str(day)):
            rows = rows[:-1]
        if faults.strikes("pay", "bill_unknown_row", str(day)):
            rows = [*rows, self._unknown_row(merchant, day)]
        return rows

    def _unknown_row(self, merchant: MerchantConfig, day: date) -> TradeRow:
        at = datetime(day.year, day.month, day.day, 12, tzinfo=BEIJING).timestamp()
        appid = merchant.appids[0] if merchant.appids else ""
        number = self._world.new_number()
        order = Order(
            merchant,
            appid,
            f"X{number}",
            "NATIVE",
            "未知商品",
            "",
            100,
            "",
            {},
            at,
            at,
            paid_at=at,
            openid="o-stranger",
        )
        order.transaction_id = f"4200{day:%Y%m%d}{number:016d}"
        return paid_row(order)


def paid_row(order: Order) -> TradeRow:
    cells = {
        **_common_cells(order, order.paid_at, "SUCCESS"),
        "应结订单金额": yuan(order.total),
        "微信退款单号": "0",
        "商户退款单号": "0",
        "退款金额": "0.00",
        "手续费": f"{order.total * RATE / 1_000_000:.5f}",
        "订单金额": yuan(order.total),
        "申请退款金额": "0.00",
    }
    return TradeRow(order.paid_at, cells, paid=order.total, fee=order.total * RATE)


def refund_row(refund: PlatformRefund) -> TradeRow:
    """Dated by the moment it was accepted."""
    cells = {
        **_common_cells(refund.order, refund.created_at, "REFUND"),
        "应结订单金额": "0.00",
        "退款申请时间": beijing(refund.created_at),
        "退款成功时间": beijing(refund.success_at) if refund.success_at else "",
        "微信退款单号": refund.refund_id,
        "商户退款单号": refund.out_refund_no,
        "退款金额": yuan(refund.refund),
        "退款类型": "ORIGINAL",
        "退款状态": STATUS[refund.status],
        "手续费": f"{-refund.refund * RATE / 1_000_000:.5f}",
        "订单金额": "0.00",
        "申请退款金额": yuan(refund.refund),
    }
    return TradeRow(refund.created_at, cells, refunded=refund.refund, fee=-refund.refund * RATE)


def _common_cells(order: Order, at: float, state: str) -> dict[str, str]:
    return {
        "交易时间": beijing(at),
        "公众账号ID": order.appid,
        "商户号": order.mchid,
        "特约商户号": "0",
        "设备号": "",
        "微信订单号": order.transaction_id,
        "商户订单号": order.out_trade_no,
        "用户标识": order.openid,
        "交易类型": order.trade_type,
        "交易状态": state,
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "代金券金额": "0.00",
        "充值券退款金额": "0.00",
        "商品名称": order.description,
        "商户数据包": order.attach,
        "费率": f"{RATE / 100:.2f}%",
    }


def render(kind: str, rows: list[TradeRow]) -> bytes:
    """Four parts: head, rows, head of the summary, summary. Fields of rows begin with a back-tick."""
    columns = COLUMNS[kind]
    lines = [",".join(columns)]
    lines += [_ticked_line(row.cells.get(name, "") for name in columns) for row in rows]
    paid, refunded = sum(row.paid for row in rows), sum(row.refunded for row in rows)
    sums = {
        "总交易单数": str(len(rows)),
        "应结订单总金额": yuan(paid),
        "退款总金额": yuan(refunded),
        "充值券退款总金额": "0.00",
        "手续费总金额": f"{sum(row.fee for row in rows) / 1_000_000:.5f}",
        "订单总金额": yuan(paid),
        "申请退款总金额": yuan(refunded),
    }
    lines += [",".join(SUMMARY[kind]), _ticked_line(sums[name] for name in SUMMARY[kind])]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _ticked_line(cells: Iterable[str]) -> str:
    return ",".join(f"`{cell}" for cell in cells)


def _day(value: str) -> date:
    try:
        if len(value) == len("2026-01-01"):
            return date.fromisoformat(value)
    except ValueError as error:
        raise param_error("bill_date必须是YYYY-MM-DD") from error
    raise param_error("bill_date必须是YYYY-MM-DD")
