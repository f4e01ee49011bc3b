"""The XML of the platform's messages, in its own layout: texts in CDATA sections, numbers bare."""

from __future__ import annotations

from collections.abc import Mapping


def cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def write(fields: Mapping[str, object]) -> str:
    """``<xml>`` around the fields. Numbers are bare, texts in CDATA, mappings nested, lists repeated elements."""
    return "<xml>" + "".join(_element(name, value) for name, value in fields.items()) + "</xml>"


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, Mapping):
        inner = "".join(_element(str(key), item) for key, item in value.items())
    elif isinstance(value, bool) or not isinstance(value, int | float):
        inner = cdata(str(value))
    else:
        inner = str(value)
    return f"<{name}>{inner}</{name}>"
