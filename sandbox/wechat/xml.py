"""The platform's XML: writing of pushes, reading of an account's replies."""

from __future__ import annotations

from collections.abc import Mapping
from xml.parsers import expat

from sandbox.jsons import Json


class XmlError(Exception):
    """XML that the platform does not accept; the message says why."""


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


def read(raw: bytes) -> Json:
    """The fields under ``<xml>``: texts, nested dicts, and lists where a name repeats. XmlError otherwise."""
    reader = _Reader()
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise XmlError(f"not XML: {error}") from error
    if reader.root_name != "xml":
        raise XmlError(f"the root element is <{reader.root_name}>, not <xml>")
    return reader.root


class _Reader:
    def __init__(self) -> None:
        self.root: Json = {}
        self.root_name = ""
        self._stack: list[Json] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise XmlError("a document type is not allowed")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if not self._stack:
            self.root_name = name
            self._stack.append(self.root)
        else:
            self._stack.append({})
        self._text.clear()

    def _end(self, name: str) -> None:
        inner = self._stack.pop()
        if not self._stack:
            return
        value: object = inner or "".join(self._text)
        self._text.clear()
        parent = self._stack[-1]
        if name not in parent:
            parent[name] = value
            return
        known = parent[name]
        if isinstance(known, list):
            known.append(value)
        else:
            parent[name] = [known, value]
