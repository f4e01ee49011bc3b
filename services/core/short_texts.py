"""Checks of short texts that people type into forms."""

from __future__ import annotations

import unicodedata

from domain.errors import InvalidInput
from domain.links_in_text import find_link

_TURNING = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
"""Classes of Unicode's bidirectional algorithm: such a mark in a name would reverse the amount printed after it."""


def check_text(value: str, field: str, label: str, longest: int, *, required: bool = False) -> str:
    """The text without blanks around it. Raises InvalidInput when it is missing, too long, or contains control
    characters or marks that change the direction of the following text.

    ``label`` is the field's name in the form.
    """
    text = value.strip()
    if required and not text:
        raise InvalidInput(f"请填写{label}。", code="missing", field=field)
    if len(text) > longest:
        raise InvalidInput(f"{label}最多{longest}个字，请缩短后再提交。", code="too_long", field=field)
    if any(
        unicodedata.category(character) in ("Cc", "Cs") or unicodedata.bidirectional(character) in _TURNING
        for character in text
    ):
        raise InvalidInput(f"{label}中有无法识别的字符，请删除后重新填写。", code="bad_characters", field=field)
    return text


def check_no_link(text: str, field: str, label: str) -> str:
    """The text, unless something in it would turn into a link for its readers. Raises InvalidInput."""
    if link := find_link(text):
        raise InvalidInput(
            f"{label}中不能有网址、链接、邮箱或“<”（“{link[:20]}”），请删去，只写文字和电话号码。",
            code="link_in_text",
            field=field,
        )
    return text
