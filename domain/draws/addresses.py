"""Checks that an address is complete and names no organisation. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_STREETS = "路街道巷里村城区"
_NEAR = 2
"""Characters after an organisation's word within which the word for a street follows: 中心路, 厂前路, 大学城,
学院北路."""


def is_complete(address: str, parts: Sequence[Sequence[str]]) -> bool:
    """Whether the address names each part in order (a city, then a district), followed by more text.

    A part has a name of at least one character: 市区 is no city.
    """
    rest = address.strip()
    for words in parts:
        text_after_name = _find_text_after_name(rest, words)
        if text_after_name is None:
            return False
        rest = text_after_name
    return bool(rest.strip())


def _find_text_after_name(text: str, words: Sequence[str]) -> str | None:
    """The text after the first of the words that has a name before it; 州市 is one ending, and so is any such row."""
    ends = [at + len(word) for word in words if (at := text.find(word, 1)) > 0]
    if not ends:
        return None
    rest = text[min(ends) :]
    while following := next((word for word in words if rest.startswith(word)), None):
        rest = rest[len(following) :]
    return rest


def find_organisation(text: str, words: Sequence[str]) -> str:
    """The first word by which the text names an organisation rather than a street; empty: none."""
    for word in words:
        at = text.find(word)
        while at >= 0:
            after = text[at + len(word) :][:_NEAR]
            if not any(character in _STREETS for character in after):
                return word
            at = text.find(word, at + 1)
    return ""
