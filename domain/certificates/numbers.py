"""A certificate's number: made with a check character, and counted up when the certificate is issued again."""

from __future__ import annotations

from stdnum.iso7064 import mod_37_36


def make_number(prefix: str, year: int, letter: str, serial: int) -> str:
    """``XJ2026J-0000017``: pool, year, kind, six digits and a check character (ISO 7064 MOD 37,36)."""
    body = f"{prefix}{year}{letter}{serial:06}"
    return f"{prefix}{year}{letter}-{serial:06}{mod_37_36.calc_check_digit(body)}"


def next_issue(number: str) -> str:
    """The number of the certificate that replaces this one: ``…-2``, then ``…-3``."""
    head, dash, last = number.rpartition("-")
    return f"{head}-{int(last) + 1}" if dash and head.count("-") == 1 and last.isdigit() else f"{number}-2"
