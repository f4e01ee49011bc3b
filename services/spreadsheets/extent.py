"""Measures the real content of an XLSX before any library loads it into memory."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

PARTS_MAX = 1_000
DEPTH_MAX = 100
_CHUNK = 64 * 1024
_COLUMN = re.compile(r"[A-Z]{1,3}")


class TooMuch(Exception):
    """It unpacks to more than the limit."""


class Suspicious(Exception):
    """XML that no spreadsheet writes: a document type, entities, or unlimited nesting."""


@dataclass
class Extent:
    """The last row and column of a part with a value, from 1; both 0 without any."""

    rows: int = 0
    columns: int = 0


def measure(archive: zipfile.ZipFile, unpacked_max: int, elements_max: int) -> Mapping[str, Extent]:
    """Read every part once, in pieces. Raises TooMuch, Suspicious, and errors of ``zipfile`` for damaged parts."""
    parts = archive.infolist()
    if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > unpacked_max:
        raise TooMuch
    counter, extents = _Counter(elements_max), {}
    for part in parts:
        with archive.open(part) as stream:
            extents[part.filename] = counter.read(stream)
    return extents


class _Counter:
    """Counts elements over all parts of one file."""

    def __init__(self, elements_max: int) -> None:
        self._elements_left = elements_max

    def read(self, stream: IO[bytes]) -> Extent:
        """A part that isn't XML has no extent, since readers don't parse it either."""
        extent = Extent()
        parser = self._parser(extent)
        try:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk)
            parser.Parse(b"", True)
        except expat.ExpatError:
            pass
        return extent

    def _parser(self, extent: Extent) -> expat.XMLParserType:
        row = column = depth = 0

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, depth
            self._elements_left -= 1
            depth += 1
            if self._elements_left < 0:
                raise TooMuch
            if depth > DEPTH_MAX:
                raise Suspicious
            match name.rpartition(" ")[2]:  # without its namespace
                case "row":
                    row, column = _number(attributes.get("r"), row + 1), 0
                case "c":
                    letters = _COLUMN.match(attributes.get("r", ""))
                    column = _column(letters[0]) if letters else column + 1
                case "v" | "t":
                    extent.rows, extent.columns = max(extent.rows, row), max(extent.columns, column)

        def end(_name: str) -> None:
            nonlocal depth
            depth -= 1

        def refuse(*_args: object) -> None:
            raise Suspicious

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartDoctypeDeclHandler = refuse
        return parser


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else default


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
