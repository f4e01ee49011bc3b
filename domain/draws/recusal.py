"""Which spellings of a unit are the same unit (回避单位): keys that are equal when two people mean the same employer.

An expert is recused when one of his keys is among the keys of the draw's recusal units. Comparing is on the safe side:
a namesake that is left out costs one candidate, an interested person who is called costs the evaluation.
``docs/algorithms/recusal.md`` tells the rule and its limits.
"""

from __future__ import annotations

import re
import unicodedata

_NOWHERE = frozenset(
    ("", "无", "无单位", "暂无", "没有", "自由职业", "自由职业者", "退休", "已退休", "离退休", "none", "null", "na")
)
"""What people write who have no employer; it must not make all of them colleagues. Forms ask to write 无."""

_SAME_FORM = (
    ("有限责任公司", "有限公司"),
    ("股份公司", "股份有限公司"),
)
"""Spellings of one legal form. 股份有限公司 and 有限公司 stay apart: they are two forms, and often two companies."""

_PARTNERSHIP = re.compile(r"(特殊普通合伙|特殊的普通合伙|普通合伙|有限合伙)(企业)?$")
_BRANCH = re.compile(r"(.{2,}?(?:公司|事务所|设计院|研究院)).{1,20}?(?:分公司|分所|分院)")
"""A branch is no legal person: its people are its parent's people (公司法 第十三条)."""


def normalise_unit_name(name: str) -> str:
    """The name without what spellings differ in: width, case, blanks, brackets and other marks, variants of legal form.

    Brackets go, what stands in them stays: 广东建工（集团）有限公司 is 广东建工集团有限公司. Empty for no employer.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())
    for spelling, form in _SAME_FORM:
        plain = _replace_end(plain, spelling, form)
    if (without := _PARTNERSHIP.sub("", plain)).endswith("所"):
        plain = without
    return "" if plain in _NOWHERE else plain


def normalise_credit_code(code: str) -> str:
    """Capitals and digits only. Whether it is a valid one is asked where it is typed, see ``domain.parsing``."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", code).upper() if letter.isalnum())


def unit_keys(name: str, credit_code: str = "") -> tuple[str, ...]:
    """``code:…`` for the credit code, ``name:…`` for the name and, for a branch, that of its parent; sorted.

    Both kinds are always there when known: of two lists one may know the code and the other only the name.
    """
    keys = set()
    if code := normalise_credit_code(credit_code):
        keys.add(f"code:{code}")
    if plain := normalise_unit_name(name):
        keys.add(f"name:{plain}")
        if branch := _BRANCH.fullmatch(plain):
            keys.add(f"name:{normalise_unit_name(branch[1])}")
    return tuple(sorted(keys))


def normalise_person_name(name: str) -> str:
    """Without blanks and without the dot of long names, which is typed in many ways (买买提·艾力)."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())


def _replace_end(text: str, spelling: str, form: str) -> str:
    return text.removesuffix(spelling) + form if text.endswith(spelling) and not text.endswith(form) else text
