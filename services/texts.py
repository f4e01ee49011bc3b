"""Checks of short texts that people type into forms."""

from __future__ import annotations

import unicodedata

from domain.errors import InvalidInput


def check_text(value: str, field: str, label: str, longest: int, *, required: bool = False) -> str:
    """The text without blanks around it. Raises InvalidInput when it is missing, too long, or holds control characters.

    ``label`` is what the form calls the field.
    """
    text = value.strip()
    if required and not text:
        raise InvalidInput(f"请填写{label}。", code="missing", field=field)
    if len(text) > longest:
        raise InvalidInput(f"{label}最多{longest}个字，请缩短后再提交。", code="too_long", field=field)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise InvalidInput(f"{label}中有无法识别的字符，请删除后重新填写。", code="bad_characters", field=field)
    return text
