"""Reading JSON that a stranger sent, without trusting its types."""

from __future__ import annotations

import json
from collections.abc import Mapping

Json = dict[str, object]


def parse(raw: bytes) -> object:
    """Any JSON value, with or without a byte-order mark. ValueError for anything else, however deep or large."""
    try:
        value: object = json.loads(raw.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def object_or_empty(raw: bytes) -> Json:
    try:
        value = parse(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def dumps(value: object) -> bytes:
    """UTF-8 with the characters themselves: WeChat refuses their \\u escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def text(data: Mapping[str, object], key: str) -> str:
    """A text or whole number as text; anything else is empty."""
    value = data.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def token(data: Mapping[str, object], key: str, longest: int) -> str:
    """An identifier or code: visible ASCII, at most ``longest`` characters; empty for anything else."""
    value = text(data, key)
    return value if len(value) <= longest and all("!" <= one <= "~" for one in value) else ""


def integer(data: Mapping[str, object], key: str) -> int | None:
    """A whole number, also when it was sent as text of ASCII digits; None for anything else."""
    value = data.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) <= 20:
        return int(value)
    return None


def mapping(data: Mapping[str, object], key: str) -> Json:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def objects(data: Mapping[str, object], key: str) -> list[Json]:
    """The objects of a list, also of one that was sent as a lone object."""
    value = data.get(key)
    items = [value] if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
