"""Reads the XML parts of a workbook as a stream, and refuses what would fill the memory."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from xml.parsers import expat

PARTS_MAX = 1_000
DEPTH_MAX = 100
_CHUNK = 64 * 1024

Start = Callable[[str, Mapping[str, str]], None]
End = Callable[[str], None]
AddText = Callable[[str], None]


class TooMuch(Exception):
    """It unpacks to more than the limit."""


class Suspicious(Exception):
    """XML that no spreadsheet writes: a document type, entities, or unlimited nesting."""


class XmlParts:
    """``elements_max``: of all parts that are read, together. Raises TooMuch for more parts or bytes than permitted."""

    def __init__(self, archive: zipfile.ZipFile, unpacked_max: int, elements_max: int) -> None:
        parts = archive.infolist()
        if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > unpacked_max:
            raise TooMuch
        self._archive = archive
        self._elements_left = elements_max

    def stream(self, name: str, start: Start, end: End, add_text: AddText) -> Iterator[None]:
        """Call the handlers with names without prefix; stops after each piece, so that results can be passed on.

        Raises TooMuch, Suspicious, ``expat.ExpatError`` for what is no XML, errors of ``zipfile`` for a damaged part.
        """
        depth, local_names = 0, dict[str, str]()

        def on_start(prefixed: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            self._elements_left -= 1
            depth += 1
            if self._elements_left < 0:
                raise TooMuch
            if depth > DEPTH_MAX:
                raise Suspicious
            local = local_names.get(prefixed)
            if local is None:
                local = prefixed.rpartition(":")[2]
                if len(local_names) < DEPTH_MAX:
                    local_names[prefixed] = local
            start(local, attributes)

        def on_end(prefixed: str) -> None:
            nonlocal depth
            depth -= 1
            end(local_names.get(prefixed) or prefixed.rpartition(":")[2])

        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = on_start, on_end
        parser.CharacterDataHandler = add_text
        parser.StartDoctypeDeclHandler = _refuse
        with self._archive.open(name) as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk)
                yield
        parser.Parse(b"", True)
        yield


def attribute(attributes: Mapping[str, str], name: str) -> str:
    """The value of an attribute, whatever the prefix of its name; empty if missing."""
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), "")


def _refuse(*_args: object) -> None:
    raise Suspicious
