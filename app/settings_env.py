"""Writes settings as a ``.env`` file from which they can be read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, SecretStr

from config.settings import Settings, variable_of

OF_THE_PLACE = frozenset({"database_url", "redis_url", "data_dir", "rulebooks", "fonts"})
"""Settings that belong to a machine rather than to the data; left out."""


def settings_as_env(settings: Settings) -> str:
    """Every setting with its value, secrets in the clear: guard the text like the keys."""
    lines = ["# 由 pbt backup 写出。含有密钥，请像密钥一样保管。"]
    for name in Settings.model_fields:
        if name not in OF_THE_PLACE:
            lines += [f"{key}={_quote(text)}" for key, text in _flat(variable_of(name), getattr(settings, name))]
    return "\n".join(lines) + "\n"


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        for inner in type(value).model_fields:
            yield from _flat(f"{name}__{inner.upper()}", getattr(value, inner))
    elif name == "PBT_POOLS" and isinstance(value, list):
        yield name, ",".join(value)
    elif isinstance(value, bool | dict | list):
        yield name, json.dumps(_reveal(value), ensure_ascii=False)
    else:
        yield name, str(_reveal(value))


def _reveal(value: object) -> object:
    """The value as JSON, secrets in the clear."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: _reveal(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {str(key): _reveal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_reveal(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
