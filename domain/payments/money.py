"""Money is integer fen internally; yuan only for display."""

from __future__ import annotations

import re


def yuan(fen: int) -> str:
    """``35000`` → ``350.00``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"


def parse_yuan(text: str) -> int | None:
    """``120``, ``120.5``, ``120.00`` → fen; None for anything else."""
    amount = re.fullmatch(r"(\d{1,8})(?:\.(\d{1,2}))?", text, re.ASCII)
    return int(amount[1]) * 100 + int((amount[2] or "").ljust(2, "0")) if amount else None


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def capital(fen: int) -> str:
    """The amount in capital figures (大写) as receipts write it: ``35000`` → ``叁佰伍拾元整``.

    Source: 支付结算办法 附一. Raises ValueError for a negative amount or a million million yuan and more.
    """
    if not 0 <= fen < 10**14:
        raise ValueError("no amount of a receipt")
    whole, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    words = f"{_capital_integer(whole)}元" if whole else ""
    if not jiao and not rest:
        return f"{words or '零元'}整"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif whole:
        words += "零"
    return words + (f"{_DIGITS[rest]}分" if rest else "整")


def _capital_integer(number: int) -> str:
    words, zero = "", False
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if zero else "") + _DIGITS[digit] + _PLACES[place % 4]
        zero = bool(words) and not digit
        if place % 4 == 0 and number // 10**place % 10**4:
            words += _GROUPS[place // 4]
    return words
