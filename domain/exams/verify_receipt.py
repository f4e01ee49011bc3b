"""Check the receipt of an examination without asking anybody. Needs nothing but Python 3.11 and this file:

    python verify_receipt.py receipt.json --key KEY

KEY is the public key of the service, as its page of receipts shows it. A receipt that brings its own key proves
nothing, so without ``--key`` the key in the file is used and a warning says so. It checks the signature (Ed25519,
RFC 8032) over what is stated, and that the answers, where the file holds them, are those of the digest. It proves what
was handed in and when the service says so; not who held the phone, and no mark.

Exit code: 0 it holds, 1 it doesn't, 2 it can't be read, 3 it holds by the key that it brings itself.
The mathematics is written out on purpose, in one file that a person can download and read.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FORMAT = "pbt-exam-receipt-v1"
BESIDE = frozenset(("signature", "answers"))
"""What the signature does not cover; the digest covers the answers."""
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T), x = X/Z, y = Y/Z, x·y = T/Z."""
_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE: _Point = (_X, _Y, 1, _X * _Y % _P)


def statement(receipt: Mapping[str, Any]) -> bytes:
    """What is signed: everything else as JSON, keys sorted, no blanks, UTF-8."""
    stated = {name: value for name, value in receipt.items() if name not in BESIDE}
    return json.dumps(stated, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(answers: object) -> str:
    """SHA-256 of ``[[slot, mask, text], …]`` as JSON without blanks."""
    return hashlib.sha256(json.dumps(answers, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def problems(receipt: Mapping[str, Any], key: str = "") -> list[str]:
    """What is wrong with it, as sentences; empty: it holds. ``key`` is the service's, known from elsewhere."""
    if receipt.get("format") != FORMAT:
        return ["This is no receipt of an examination. 不是考试交卷回执。"]
    sentences = []
    if key and receipt.get("key") != key:
        sentences.append("It names another key than the service's. 回执中的公钥与公布的不同。")
    if not is_signed(statement(receipt), _bytes(receipt.get("signature")), _bytes(key or receipt.get("key"))):
        sentences.append("The signature does not fit. 签名不符：内容被改动，或不是本系统签发。")
    if "answers" in receipt and digest_of(receipt["answers"]) != receipt.get("digest"):
        sentences.append("The answers are not those of the digest. 作答与答卷摘要不符。")
    return sentences


def is_signed(message: bytes, signature: bytes, key: bytes) -> bool:
    """Ed25519: s·B = R + H(R, A, m)·A."""
    point, start = _decode(key), _decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= _L or point is None or start is None:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % _L
    left, right = _multiply(s, _BASE), _add(start, _multiply(h, point))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 == (left[1] * right[2] - right[1] * left[2]) % _P


def _decode(raw: bytes) -> _Point | None:
    """The point of 32 bytes; None where there is none."""
    if len(raw) != 32:
        return None
    value = int.from_bytes(raw, "little")
    sign, y = value >> 255, value & ((1 << 255) - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


def _add(point: _Point, other: _Point) -> _Point:
    a = (point[1] - point[0]) * (other[1] - other[0]) % _P
    b = (point[1] + point[0]) * (other[1] + other[0]) % _P
    c, d = 2 * point[3] * other[3] * _D % _P, 2 * point[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(factor: int, point: _Point) -> _Point:
    total: _Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = _add(total, point)
        point, factor = _add(point, point), factor >> 1
    return total


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(str(text) + "=" * (-len(str(text)) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns an exit code of the module docstring."""
    parser = argparse.ArgumentParser(
        prog="verify_receipt.py", description="Check the receipt of an examination. 核对考试交卷回执。"
    )
    parser.add_argument("receipt", type=Path, help="the receipt as JSON 回执文件")
    parser.add_argument("--key", default="", help="the service's public key 核对页上公布的公钥")
    options = parser.parse_args(arguments)
    try:
        receipt = json.loads(options.receipt.read_text(encoding="utf-8"))
        if not isinstance(receipt, dict):
            raise TypeError("no object")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        sys.stderr.write(f"Can't read the receipt 无法读取回执: {error}\n")
        return 2
    sentences = problems(receipt, options.key)
    for line in sentences or [f"{name}: {receipt[name]}" for name in ("exam", "person", "number", "at", "digest")]:
        sys.stdout.write(f"{line}\n")
    if sentences:
        return 1
    sys.stdout.write("The receipt holds. 回执核对通过。\n")
    if not options.key:
        sys.stdout.write(
            f"Compare the key with the published one, or pass it by --key. 请与核对页公布的公钥比对: {receipt['key']}\n"
        )
    return 0 if options.key else 3


if __name__ == "__main__":
    sys.exit(main())
