"""Checks of short texts that people type into forms."""

from __future__ import annotations

from domain.errors import InvalidInput
from domain.links_in_text import find_link
from domain.typed_text import name_illegal, tidy_text


def check_text(value: str, field: str, label: str, longest: int, *, required: bool = False) -> str:
    """The text on one tidy line. Raises InvalidInput when it is missing, too long, or contains illegal characters,
    which are named.

    ``label`` is the field's name in the form.
    """
    text = tidy_text(value)
    if required and not text:
        raise InvalidInput(f"请填写{label}。", code="missing", field=field)
    if len(text) > longest:
        raise InvalidInput(f"{label}最多{longest}个字，请缩短后再提交。", code="too_long", field=field)
    if illegal := name_illegal(text):
        raise InvalidInput(
            f"{label}中有无法识别的字符（{illegal}），请删除后重新填写。", code="bad_characters", field=field
        )
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
