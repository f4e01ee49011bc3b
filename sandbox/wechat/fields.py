"""Rules of a template's parameters by their type, as the platform checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox import jsons
from sandbox.config import Template
from sandbox.wechat.errors import WechatError

_DAY = r"\d{4}(年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?"
_TIME = rf"({_DAY} ?{_CLOCK}|{_CLOCK})"
_DATE = rf"({_DAY}( ?{_CLOCK})?)"

RULES = {
    "thing": r"[^\n\r]{1,20}",
    "number": r"-?\d{1,32}(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[\x20-\x7e]{1,32}",
    "time": rf"{_TIME}(~{_TIME})?",
    "date": rf"{_DATE}(~{_DATE})?",
    "amount": r"[¥￥$€£]?\d{1,10}(\.\d+)?元?",
    "phone_number": r"[\d+\-() ]{1,17}",
    "car_number": r"[\w·]{1,8}",
    "name": r"([一-鿿㐀-䶿·]{1,10}|[A-Za-z .·'-]{1,20})",
    "phrase": r"[一-鿿]{1,5}",
    "enum": r".{1,20}",
    "const": r"[^\n\r]{1,20}",
}
_RULES = {name: re.compile(rule) for name, rule in RULES.items()}
_TYPE = re.compile(r"([a-z_]+?)\d*$")
LONGEST = 20
"""Characters of a field that has no type."""


def check_data(data: Mapping[str, object], template: Template | None) -> dict[str, str]:
    """Values by parameter name. WechatError 47003 names the first that is empty, missing or against its type."""
    values: dict[str, str] = {}
    for name in template.fields if template and template.fields else data:
        item = data.get(name)
        value = jsons.text(item, "value") if isinstance(item, dict) else ""
        if not value.strip():
            raise WechatError(47003, f"data.{name}.value is empty")
        _check(name, value)
        values[name] = value
    if not values:
        raise WechatError(47003, "data is empty")
    return values


def _check(name: str, value: str) -> None:
    match = _TYPE.match(name)
    rule = _RULES.get(match.group(1)) if match else None
    fits = rule.fullmatch(value) is not None if rule else len(value) <= LONGEST and "\n" not in value
    if not fits:
        raise WechatError(47003, f"data.{name}.value invalid")
