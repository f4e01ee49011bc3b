"""A day's trade bill 交易账单 as WeChat Pay prints it.

UTF-8 text in four parts: head, rows, head of the summary, one summary row. Each field of a row begins with a back-tick;
money is in yuan with two decimals. Columns are found by their names, because older merchants get another order.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from domain.clock import SHANGHAI, is_plausible
from services.ports import BillRow, TradeBill

UNPACKED_LIMIT = 256 * 1024 * 1024
"""Bytes of an unpacked bill; a hundred times the largest expected."""
TICK = "`"
_MONEY = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,5})?")
_NUMBER = re.compile(r"[\x21-\x7e]{0,64}")
_AMOUNT = ("订单金额", "应结订单金额", "总金额")
_REFUNDED = ("申请退款金额", "退款金额")
_RECEIVED_TOTAL = ("订单总金额", "应结订单总金额", "总交易额")
_REFUNDED_TOTAL = ("申请退款总金额", "退款总金额", "总退款金额")
_GZIP = b"\x1f\x8b"


def unpack(raw: bytes) -> bytes:
    """The bill itself, packed or not; ValueError when it is damaged or far too large."""
    if not raw.startswith(_GZIP):
        return raw
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(raw, UNPACKED_LIMIT)
    except zlib.error as error:
        raise ValueError("the packed file is damaged") from error
    if not unpacker.eof:
        raise ValueError("the packed file is cut short or too large")
    return data


def has_hash(data: bytes, expected: str) -> bool:
    """Whether the SHA-1 (WeChat's choice) of the unpacked file equals the one sent over the signed channel."""
    return hmac.compare_digest(_sha1(data), expected.lower())


def parse_bill(data: bytes) -> TradeBill:
    """ValueError, naming line and column, unless it parses in full: half a bill would look like losses."""
    lines = [line for line in data.decode("utf-8-sig").replace("\r\n", "\n").split("\n") if line]
    if not lines:
        raise ValueError("the bill is empty")
    end = next((at for at, line in enumerate(lines[1:], 1) if not line.startswith(TICK)), len(lines))
    if len(lines) != end + 2:
        raise ValueError(f"line {end + 1}: no summary, or something after it")
    head, summary_head = lines[0].split(","), lines[end].split(",")
    rows = tuple(_row(_fields(head, line, number)) for number, line in enumerate(lines[1:end], 2))
    summary = _fields(summary_head, lines[end + 1], end + 2)
    return TradeBill(
        rows=rows,
        trades=_count(_pick_column(summary, ["总交易单数"])),
        total_received=fen(_pick_column(summary, _RECEIVED_TOTAL)),
        total_refunded=fen(_pick_column(summary, _REFUNDED_TOTAL)),
        sha1=_sha1(data),
    )


def fen(yuan: str) -> int:
    """``30.00`` → 3000, exactly; ValueError for fractions of a fen."""
    if not _MONEY.fullmatch(yuan):
        raise ValueError("an amount that is no number")
    value = Decimal(yuan) * 100
    if value != value.to_integral_value():
        raise ValueError("an amount with parts of a fen")
    return int(value)


def _row(cells: Mapping[str, str]) -> BillRow:
    out_refund_no = _refund_number(cells.get("商户退款单号", ""))
    at = (
        datetime.strptime(_pick_column(cells, ["交易时间"]), "%Y-%m-%d %H:%M:%S")
        .replace(tzinfo=SHANGHAI)
        .astimezone(UTC)
    )
    if not is_plausible(at):
        raise ValueError("a time of another century")
    return BillRow(
        at=at,
        transaction_id=_number(_pick_column(cells, ["微信订单号"])),
        out_trade_no=_number(_pick_column(cells, ["商户订单号"])),
        state=_pick_column(cells, ["交易状态"]),
        amount=fen(_pick_column(cells, _AMOUNT)),
        out_refund_no=_number(out_refund_no),
        refund_id=_number(_refund_number(cells.get("微信退款单号", ""))),
        refunded=fen(_pick_column(cells, _REFUNDED)) if out_refund_no else 0,
    )


def _fields(head: Sequence[str], line: str, number: int) -> dict[str, str]:
    """The cells of a line by column. A comma inside a cell stays, as only back-ticks begin a new cell."""
    cells = line[1:].split(f",{TICK}")
    if not line.startswith(TICK) or len(cells) != len(head):
        raise ValueError(f"line {number}: {len(cells)} cells for {len(head)} columns")
    return dict(zip((name.strip() for name in head), (cell.strip() for cell in cells), strict=True))


def _pick_column(cells: Mapping[str, str], names: Iterable[str]) -> str:
    """The first of these columns that the bill contains."""
    for name in names:
        if name in cells:
            return cells[name]
    raise ValueError(f"no column {'/'.join(names)}")


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number that can't be one")
    return text


def _refund_number(number: str) -> str:
    """Payments have no refund number: empty, or 0."""
    return "" if number == "0" else number


def _count(text: str) -> int:
    value = Decimal(text) if _MONEY.fullmatch(text) else Decimal(-1)
    if value < 0 or value != value.to_integral_value():
        raise ValueError("a number of trades that is no number")
    return int(value)


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
