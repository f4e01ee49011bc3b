"""Account names from a name's pinyin (姓名拼音): ``zhangsan``, computed from the experts' records, not stored.

If two people share one, it identifies neither, and they log in by mobile or ID number.
"""

from __future__ import annotations

import re
from uuid import UUID

from domain.typed_text import half_width
from models.accounts import Account
from services.core.base import rows
from services.core.pinyin import sort_name

FOUND = """
SELECT account_id, name, name_sort FROM expert
 WHERE pool = $1 AND left_at IS NULL AND regexp_replace(name_sort, '[^a-z]', '', 'g') = ANY($2)
"""
_TYPED = re.compile(r"[a-z]{2,60}")
_MARKS = re.compile(r"[\s'’·.\-]")
_SURNAMES = {
    "曾": "zeng",
    "单": "shan",
    "解": "xie",
    "仇": "qiu",
    "盖": "ge",
    "查": "zha",
    "区": "ou",
    "朴": "piao",
    "缪": "miao",
    "翟": "zhai",
    "覃": "qin",
    "乐": "yue",
}
"""Surnames whose pronunciation differs from the character's usual one, as in ``name_sort``."""


async def find_by_pinyin(pool: str, text: str) -> Account | None:
    """The expert's account; None if no expert or several have the name."""
    typed = _normalised_pinyin(text)
    account_ids = await _find_namesakes(pool, typed) if typed else []
    return await Account.get(id=account_ids[0]) if len(account_ids) == 1 and account_ids[0] else None


async def account_name(pool: str, name: str) -> str:
    """The pinyin that identifies only this expert; empty if others share it."""
    spelt = max(_readings(name, sort_name(name)), key=lambda reading: reading != _letters(sort_name(name)))
    return spelt if len(await _find_namesakes(pool, spelt)) == 1 else ""


def _normalised_pinyin(text: str) -> str:
    """Without blanks, case and dots, ü as v (also written yu); empty if it is no pinyin."""
    typed = _MARKS.sub("", half_width(text).casefold()).replace("ü", "v")
    typed = re.sub(r"([ln])yu", r"\1v", typed)
    return typed if _TYPED.fullmatch(typed) else ""


def _letters(name_sort: str) -> str:
    """``zhang1 san1`` → ``zhangsan``."""
    return re.sub(r"[^a-z]", "", name_sort)


def _readings(name: str, name_sort: str) -> set[str]:
    usual = _letters(name_sort)
    read = _SURNAMES.get(name[:1])
    return {usual, read + usual.removeprefix(_letters(sort_name(name[:1])))} if read else {usual}


async def _find_namesakes(pool: str, typed: str) -> list[UUID | None]:
    """Accounts of all experts with this name, including those without an account."""
    surnames = {read: _letters(sort_name(surname)) for surname, read in _SURNAMES.items()}
    spelt = [typed, *(usual + typed.removeprefix(read) for read, usual in surnames.items() if typed.startswith(read))]
    namesakes = await rows(FOUND, pool, spelt)
    return [row["account_id"] for row in namesakes if typed in _readings(row["name"], row["name_sort"])]
