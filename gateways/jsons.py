"""Parses JSON from untrusted senders, and writes JSON as WeChat accepts it. ``gateways.shapes`` validates objects."""

from __future__ import annotations

import json

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
    """UTF-8 with unescaped characters: WeChat refuses escape sequences of characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
