"""Which spellings of a unit are the same unit (回避单位): keys that are equal when two people mean the same employer.

An expert is recused when one of his keys is among the keys of the draw's recusal units. The comparison errs on the safe
side: a namesake wrongly excluded costs one candidate, an interested person who is called costs the evaluation.
``docs/algorithms/recusal.md`` explains the rule and its limits.
"""

from __future__ import annotations

import re

from domain.typed_text import half_width

_NOWHERE = frozenset(
    ("", "无", "无单位", "暂无", "没有", "自由职业", "自由职业者", "退休", "已退休", "离退休", "none", "null", "na")
)
"""What people without employer write; it must not make them all colleagues. Forms ask them to write 无."""

_SAME_FORM = (
    ("有限责任公司", "有限公司"),
    ("股份公司", "股份有限公司"),
)
"""Spellings of one legal form. 股份有限公司 and 有限公司 stay apart: they are two forms, and often two companies."""

_PARTNERSHIP = re.compile(r"(特殊普通合伙|特殊的普通合伙|普通合伙|有限合伙)(企业)?$")
_BRANCH = re.compile(r"(.{2,}?(?:公司|事务所|设计院|研究院)).{1,20}?(?:分公司|分所|分院)")
"""A branch is no legal person: its employees count as its parent's (公司法 第十三条)."""


def normalise_unit_name(name: str) -> str:
    """The name without differences of spelling: width, case, blanks, brackets and other marks, variants of legal form.

    Brackets are removed, their content stays: 广东建工（集团）有限公司 is 广东建工集团有限公司. Empty for no employer.
    """
    plain = "".join(letter for letter in half_width(name).casefold() if letter.isalnum())
    for spelling, form in _SAME_FORM:
        plain = _replace_end(plain, spelling, form)
    if (without := _PARTNERSHIP.sub("", plain)).endswith("所"):
        plain = without
    return "" if plain in _NOWHERE else plain


def normalise_credit_code(code: str) -> str:
    """Capitals and digits only. Validity is checked at input, see ``domain.parsing``."""
    return "".join(letter for letter in half_width(code).upper() if letter.isalnum())


def unit_keys(name: str, credit_code: str = "") -> tuple[str, ...]:
    """``code:…`` for the credit code, ``name:…`` for the name and, for a branch, that of its parent; sorted.

    All known kinds are always included, since one list may have the code and another only the name.
    """
    keys = set()
    if code := normalise_credit_code(credit_code):
        keys.add(f"code:{code}")
    if plain := normalise_unit_name(name):
        keys.add(f"name:{plain}")
        if branch := _BRANCH.fullmatch(plain):
            keys.add(f"name:{normalise_unit_name(branch[1])}")
    return tuple(sorted(keys))


def _replace_end(text: str, spelling: str, form: str) -> str:
    return text.removesuffix(spelling) + form if text.endswith(spelling) and not text.endswith(form) else text
