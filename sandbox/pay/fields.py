"""Rules of the fields that merchants send; a breach is a PARAM_ERROR that names the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from sandbox import jsons
from sandbox.clock import BEIJING
from sandbox.pay.errors import param_error

OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
OUT_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")


def need(body: Mapping[str, object], key: str, most: int) -> str:
    """A string of 1 to ``most`` characters."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise param_error(f"输入源“/body/{key}”缺失或不是字符串")
    return _limited_text(value, key, most)


def optional(body: Mapping[str, object], key: str, most: int) -> str:
    """ "" when absent."""
    value = body.get(key, "")
    if not isinstance(value, str):
        raise param_error(f"输入源“/body/{key}”不是字符串")
    return _limited_text(value, key, most)


def _limited_text(value: str, key: str, most: int) -> str:
    if len(value) > most:
        raise param_error(f"输入源“/body/{key}”长度超过{most}")
    return value


def merchant_number(body: Mapping[str, object], key: str, rule: re.Pattern[str]) -> str:
    """A merchant's own number."""
    value = need(body, key, 64)
    if not rule.fullmatch(value):
        raise param_error(f"输入源“/body/{key}”不符合格式要求")
    return value


def fen(body: Mapping[str, object], key: str) -> int:
    """A positive whole number of fen."""
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise param_error(f"输入源“/body/amount/{key}”必须是整数，单位为分")
    if value < 1:
        raise param_error(f"输入源“/body/amount/{key}”最小值为1")
    return value


def currency(amount: Mapping[str, object]) -> str:
    value = jsons.text(amount, "currency", "CNY")
    if value != "CNY":
        raise param_error("输入源“/body/amount/currency”只支持CNY")
    return value


def notify_url(value: str) -> str:
    """A full address without a query. Private addresses are let pass: the sandbox knows no others."""
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise param_error("输入源“/body/notify_url”不是有效的地址") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise param_error("输入源“/body/notify_url”必须是完整的http或https地址")
    if parts.query or parts.fragment:
        raise param_error("输入源“/body/notify_url”不能携带参数")
    return value


def moment(value: str, key: str) -> float:
    """Seconds since 1970 from RFC 3339 with its offset."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise param_error(f"输入源“/body/{key}”不是RFC3339时间") from error
    if at.tzinfo is None or "T" not in value:
        raise param_error(f"输入源“/body/{key}”不是带时区的RFC3339时间")
    return at.timestamp()


def rfc3339(at: float) -> str:
    """In Beijing, as WeChat prints times: ``2026-11-21T19:00:00+08:00``."""
    return datetime.fromtimestamp(at, BEIJING).isoformat(timespec="seconds")
