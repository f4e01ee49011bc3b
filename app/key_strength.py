"""Detects weak keys: typed by hand, counted up, or used twice."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import combinations, pairwise

from config.settings import Keys

FEWEST_VALUES = 18
"""Fewest different bytes, and different steps from byte to byte, in a key of 32; a random key has fewer once in
10^8."""
_HOW = "请用 openssl rand -base64 32 重新生成。"


def check_own_keys(keys: Keys, demo_mark: bytes) -> list[str]:
    """Faults of the keys for data, look-up and signing; names only, never the keys.

    ``demo_mark`` is the prefix of the demonstration's keys.
    """
    named = [(name, key) for name, key in _named_keys(keys) if not key.startswith(demo_mark)]
    demo = [f"{name} 还是演示用的密钥，{_HOW}" for name, key in _named_keys(keys) if key.startswith(demo_mark)]
    weak = [f"{name} 不是随机生成的密钥（{why}），{_HOW}" for name, key in named if (why := find_weakness(key))]
    same = [
        f"{name} 与 {other} 相同，各种密钥必须不同，{_HOW}"
        for (name, a), (other, b) in combinations(named, 2)
        if a == b
    ]
    return demo + weak + same


def find_weakness(key: bytes) -> str:
    """Why 32 bytes can hardly be random; empty without evidence."""
    if all(32 <= byte < 127 for byte in key):
        return "全部是可输入的字符"
    if len(set(key)) < FEWEST_VALUES:
        return "重复的内容太多"
    if len({(following - byte) % 256 for byte, following in pairwise(key)}) < FEWEST_VALUES:
        return "有规律地递增或递减"
    return ""


def _named_keys(keys: Keys) -> Iterator[tuple[str, bytes]]:
    for name, value in keys.data.items():
        yield f"PBT_KEYS__DATA 中的 {name}", base64.b64decode(value.get_secret_value())
    yield "PBT_KEYS__LOOKUP", base64.b64decode(keys.lookup.get_secret_value())
    yield "PBT_KEYS__SIGNING", base64.b64decode(keys.signing.get_secret_value())
