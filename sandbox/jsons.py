"""Typed reading of JSON and form data of unknown senders."""

from __future__ import annotations

import json
from collections.abc import Mapping

Json = dict[str, object]


class BadControlRequest(Exception):
    """The caller of the control API sent an unusable value, which the message names."""


def loads(raw: bytes | str) -> Json:
    """A JSON object; ValueError when it is anything else."""
    value: object = json.loads(raw)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text(body: Mapping[str, object], key: str, default: str = "") -> str:
    """Strings and numbers as text; anything else is the default."""
    value = body.get(key)
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return default


def need(body: Mapping[str, object], key: str) -> str:
    value = text(body, key)
    if not value:
        raise BadControlRequest(f"“{key}” is missing or empty")
    return value


def number(body: Mapping[str, object], key: str, default: float = 0.0) -> float:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadControlRequest(f"“{key}” must be a number")
    try:
        return float(value)
    except ValueError as error:
        raise BadControlRequest(f"“{key}” must be a number") from error


def integer(body: Mapping[str, object], key: str, default: int = 0) -> int:
    return int(number(body, key, float(default)))


def flag(body: Mapping[str, object], key: str, default: bool = False) -> bool:
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise BadControlRequest(f"“{key}” must be true or false")
    return value


def mapping(body: Mapping[str, object], key: str) -> Json:
    """The object under ``key``; {} when absent or of another kind."""
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def objects(body: Mapping[str, object], key: str) -> list[Json]:
    """The list of objects under ``key``; other items are left out."""
    value = body.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(body: Mapping[str, object], key: str) -> list[str]:
    value = body.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
