"""Values in a journal: JSON that remembers the type of what JSON doesn't know.

None, bool, int, str, float and lists are stored as they are; dict, tuple, datetime, date, time, timedelta, UUID, enums,
frozen dataclasses (services' results) and AppErrors are tagged. A dataclass or enum is named by module and name and
found again by import, from our own packages only; the journal is authenticated, so no outsider can name one.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import TypeAlias, cast
from uuid import UUID

from domain import errors
from domain.errors import AppError, RuleViolation, TooMany

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_OURS = ("domain", "services", "bot", "handlers")


class ValueBroken(Exception):
    """An encoded value that this version of the program can't read."""


def encode(value: object) -> Json:
    """Raises TypeError for a type that a journal can't hold."""
    if isinstance(value, Enum):
        return {"$enum": _name(type(value)), "v": encode(value.value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"$dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _encode_dataclass(value)
    return _encode_scalar(value)


def _encode_scalar(value: object) -> Json:
    match value:
        case datetime():
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case time():
            return {"$time": value.isoformat()}
        case timedelta():
            return {"$timedelta": [value.days, value.seconds, value.microseconds]}
        case UUID():
            return {"$uuid": value.hex}
        case AppError():
            return _encode_error(value)
    raise TypeError(f"a journal can't hold a {type(value).__qualname__}; return plain data or a frozen dataclass")


def _encode_dataclass(value: object) -> Json:
    cls = type(value)
    if not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]  # typeshed doesn't know the attribute
        raise TypeError(f"{cls.__qualname__} must be a frozen dataclass to be kept in a journal")
    fields = dataclasses.fields(value)  # type: ignore[arg-type]  # is_dataclass was asked by the caller
    return {"$data": _name(cls), "v": {field.name: encode(getattr(value, field.name)) for field in fields}}


def _encode_error(error: AppError) -> Json:
    own: dict[str, Json] = {"message": error.message, "code": error.code}
    if isinstance(error, RuleViolation):
        own |= {"rule": error.rule, "source": error.source}
    if isinstance(error, TooMany):
        own |= {"retry_after": error.retry_after}
    else:
        own |= {"field": error.field, "params": encode(error.params)}
    return {"$error": type(error).__name__, "v": own}


def decode(value: Json) -> object:
    """The value that ``encode`` was given. Raises ValueBroken."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    try:
        tag, body = next(iter(value.items()))
        if tag in _TAGGED:
            return _TAGGED[tag](body)
        return _NAMED[tag](cast("str", body), value["v"])
    except (AttributeError, ImportError, KeyError, StopIteration, TypeError, ValueError) as error:
        raise ValueBroken(str(error)) from error


def _decode_pairs(body: Json) -> object:
    return {decode(key): decode(item) for key, item in cast("list[list[Json]]", body)}


def _decode_data(name: str, body: Json) -> object:
    values = {key: decode(item) for key, item in cast("dict[str, Json]", body).items()}
    cls = _find(name)
    if not dataclasses.is_dataclass(cls):
        raise ValueBroken(f"{name} is no dataclass")
    return cls(**values)


def _decode_enum(name: str, body: Json) -> object:
    cls = _find(name)
    if not issubclass(cls, Enum):
        raise ValueBroken(f"{name} is no enum")
    return cls(decode(body))


def _decode_error(name: str, body: Json) -> AppError:
    cls = getattr(errors, name)
    if not (isinstance(cls, type) and issubclass(cls, AppError)):
        raise ValueBroken(f"{name} is no AppError")
    own = dict(cast("dict[str, Json]", body))
    if "params" in own:
        return cls(**{**own, "params": decode(own["params"])})  # type: ignore[arg-type]  # as _encode_error wrote them
    return cls(**own)  # type: ignore[arg-type]  # as _encode_error wrote them


_TAGGED: dict[str, Callable[[Json], object]] = {
    "$tuple": lambda body: tuple(decode(item) for item in cast("list[Json]", body)),
    "$dict": _decode_pairs,
    "$datetime": lambda body: datetime.fromisoformat(cast("str", body)),
    "$date": lambda body: date.fromisoformat(cast("str", body)),
    "$time": lambda body: time.fromisoformat(cast("str", body)),
    "$timedelta": lambda body: timedelta(*cast("list[int]", body)),
    "$uuid": lambda body: UUID(hex=cast("str", body)),
}
_NAMED: dict[str, Callable[[str, Json], object]] = {
    "$data": _decode_data,
    "$enum": _decode_enum,
    "$error": _decode_error,
}


def _name(cls: type) -> str:
    if cls.__module__.split(".")[0] not in _OURS or "." in cls.__qualname__:
        raise TypeError(f"{cls.__module__}.{cls.__qualname__} is not a top-level type of ours")
    return f"{cls.__module__}:{cls.__qualname__}"


def _find(name: str) -> type:
    module, _, qualname = name.partition(":")
    if module.split(".")[0] not in _OURS:
        raise ValueBroken(f"{name} is not ours")
    cls = getattr(importlib.import_module(module), qualname)
    if not isinstance(cls, type):
        raise ValueBroken(f"{name} is no type")
    return cls
