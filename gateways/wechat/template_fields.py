"""Fits values of template and subscribe messages to the type that the field's name begins with (``thing1``).

Free text is cut; a value whose meaning a cut would change (time, number, code) is refused. The limits are WeChat's data
rules for subscribe messages, which hold for template messages of categories as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from domain.errors import Rejected

_CUT = {"thing": 20, "const": 20, "": 20}
"""Characters of free text; a cut ends in …. The empty name: a field without a type."""
_CUT_HARD = {"phrase": 5}
"""As above, for types in which … is not allowed."""
_DAY = r"\d{4}(年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})"
_HOUR = r"\d{1,2}:\d{2}(:\d{2})?"
_TIME = rf"({_DAY} ?{_HOUR}|{_HOUR}|{_DAY})"
_SHAPES = {
    "time": re.compile(rf"{_TIME}(~{_TIME})?"),
    "date": re.compile(rf"{_TIME}(~{_TIME})?"),
    "number": re.compile(r"-?(?=.{1,32}$)\d+(\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~ ]{1,32}"),
    "amount": re.compile(r"[^\w\s]?\d{1,10}(\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+\-() ]{1,17}"),
    "car_number": re.compile(r"\w{1,8}"),
    "enum": re.compile(r".{1,20}"),
}
_TYPE = re.compile(r"([a-z_]+?)\d{1,2}")
_HAN = re.compile(r"[\u3400-\u9fff]")


def fit(fields: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """``{"thing1": {"value": "…"}}`` as the API requires. Rejected (WeChat's own 47003) when a value doesn't fit."""
    if not fields:
        raise Rejected("47003", "a message without fields")
    return {name: {"value": _fit(name, " ".join(value.split()))} for name, value in fields.items()}


def _fit(name: str, value: str) -> str:
    """The reason names the field, never the value: it may be personal."""
    if not value:
        raise Rejected("47003", f"{name} is empty")
    type_match = _TYPE.fullmatch(name)
    kind = type_match[1] if type_match else ""
    if kind in _SHAPES:
        if not _SHAPES[kind].fullmatch(value):
            raise Rejected("47003", f"{name} can't show this value")
        return value
    if kind in _CUT_HARD:
        return value[: _CUT_HARD[kind]]
    if kind == "name":
        return value[: 10 if _HAN.search(value) else 20]
    limit = _CUT.get(kind, _CUT[""])
    return value if len(value) <= limit else value[: limit - 1] + "…"
