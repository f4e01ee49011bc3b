"""Whether a PDF has active content: on opening it executes, sends, fetches, plays or embeds something.

Objects are checked as pypdf parses them, including those in compressed streams. Names are also searched for in the
bytes, since readers disagree about which of two objects or entries counts.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from services.inspection.link_targets import is_dangerous_target

OBJECTS_MAX = 100_000
_UNPACKED_MAX = 20_000_000
"""Bytes of one object stream that are searched; pypdf itself refuses larger ones."""
_FORBIDDEN_KEYS = frozenset(
    (
        "/JS",
        "/JavaScript",
        "/EmbeddedFiles",
        "/EF",
        "/AF",
        "/RichMediaContent",
        "/RichMediaSettings",
        "/XFA",
        "/AA",
        "/OPI",
    )
)
_ELSEWHERE = frozenset(("/F", "/FFilter", "/FDecodeParms", "/Ref"))
"""Keys of a stream whose content is in another file."""
_FORBIDDEN_VALUES: Mapping[str, frozenset[str]] = {
    "/S": frozenset(
        (
            "/JavaScript",
            "/Launch",
            "/ImportData",
            "/SubmitForm",
            "/ResetForm",
            "/Rendition",
            "/Movie",
            "/Sound",
            "/RichMediaExecute",
            "/GoToR",
            "/GoToE",
            "/Hide",
            "/Trans",
            "/SetOCGState",
            "/GoTo3DView",
            "/Thread",
            "/GoToDp",
        )
    ),
    "/Type": frozenset(("/EmbeddedFile", "/Filespec")),
    "/Subtype": frozenset(("/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D")),
}
_NAMES = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFile|RichMedia|ImportData|SubmitForm|GoToR|GoToE)(?![A-Za-z0-9])"
    rb"|\(\s*(?i:j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t)\s*:"
)
"""Names long enough not to occur in an image by chance."""
_SHORT_NAMES = re.compile(rb"/(?:JS|AA|EF|XFA)(?![A-Za-z0-9])")
"""Searched for only in text."""
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_PACKED = re.compile(rb"\b(\d{1,10})\s+\d{1,5}\s+obj(?:(?!endobj).){0,1000}?/ObjStm(?![A-Za-z0-9])", re.DOTALL)
_STREAM = re.compile(rb"/ObjStm(?:(?!endobj).){0,1000}?stream\r?\n", re.DOTALL)


def has_active_content(reader: PdfReader, content: bytes) -> bool:
    """Raises pypdf's exceptions for invalid files."""
    unescaped = _unescape(content)
    streams = _decrypted_streams(reader, unescaped) if reader.is_encrypted else _unpacked_streams(content)
    if _NAMES.search(unescaped) or any(_names_in(packed) for packed in streams):
        return True
    return any(_has_action(pdf_object) for pdf_object in _all_objects(reader))


def _unescape(content: bytes) -> bytes:
    """``/J#61vaScript`` as every reader understands it."""
    return _ESCAPED.sub(lambda match: bytes((int(match[1], 16),)), content)


def _names_in(packed: bytes) -> bool:
    unescaped = _unescape(packed)
    return _NAMES.search(unescaped) is not None or _SHORT_NAMES.search(unescaped) is not None


def _unpacked_streams(content: bytes) -> Iterator[bytes]:
    """The content of object streams, including those that no table lists."""
    for match in _STREAM.finditer(content):
        try:
            end = content.find(b"endstream", match.end())
            yield zlib.decompressobj().decompress(content[match.end() : end if end > 0 else None], _UNPACKED_MAX)
        except zlib.error:
            continue


def _decrypted_streams(reader: PdfReader, unescaped: bytes) -> Iterator[bytes]:
    """The content of object streams of an encrypted file. Raises ValueError for one that no table lists, or that is
    there twice: which key or text another reader would take can't be told."""
    begun = [int(number) for number in _PACKED.findall(unescaped)]
    if len(set(begun)) < len(begun) or len(begun) < len(re.findall(rb"/ObjStm(?![A-Za-z0-9])", unescaped)):
        raise ValueError("object streams that can't be told apart")
    listed = {number for table in reader.xref.values() for number in table}
    for number in {*begun, *(stream for stream, _ in reader.xref_objStm.values())}:
        packed = reader.get_object(IndirectObject(number, 0, reader)) if number in listed else None
        if not isinstance(packed, StreamObject):
            raise ValueError("an object stream that no table lists")
        yield packed.get_data()[:_UNPACKED_MAX]


def _all_objects(reader: PdfReader) -> Iterator[PdfObject]:
    """Every object of the file, including those in compressed streams, and the trailer."""
    numbers = {number for table in reader.xref.values() for number in table} | set(reader.xref_objStm)
    if len(numbers) > OBJECTS_MAX:
        raise ValueError("too many objects")
    generations = {number: generation for generation, table in reader.xref.items() for number in table}
    yield reader.trailer
    for number in numbers:
        pdf_object = reader.get_object(IndirectObject(number, generations.get(number, 0), reader))
        if pdf_object is not None:
            yield pdf_object


def _has_action(pdf_object: PdfObject) -> bool:
    """Whether an object, or a value directly inside it, executes, opens, plays or embeds something."""
    open_values: list[object] = [pdf_object]
    while open_values:
        value = open_values.pop()
        if isinstance(value, DictionaryObject):
            if _is_active(value):
                return True
            open_values += _direct_values(value.values())
        elif isinstance(value, ArrayObject):
            open_values += _direct_values(value)
    return False


def _direct_values(values: Iterable[object]) -> list[object]:
    """Without references, whose targets are checked by themselves."""
    return [value for value in values if isinstance(value, DictionaryObject | ArrayObject)]


def _is_active(dictionary: DictionaryObject) -> bool:
    keys = {str(key) for key in dictionary}
    if keys & _FORBIDDEN_KEYS or (isinstance(dictionary, StreamObject) and keys & _ELSEWHERE):
        return True
    if any(name in dictionary and str(dictionary[name]) in names for name, names in _FORBIDDEN_VALUES.items()):
        return True
    return _has_open_action(dictionary) or any(
        is_dangerous_target(_as_text(dictionary[name])) for name in ("/URI", "/Base") if name in dictionary
    )


def _has_open_action(dictionary: DictionaryObject) -> bool:
    """An action on opening; an initial page is none."""
    if "/OpenAction" not in dictionary:
        return False
    action = dictionary["/OpenAction"]
    return isinstance(action, DictionaryObject) and "/S" in action and str(action["/S"]) != "/GoTo"


def _as_text(value: object) -> str:
    if isinstance(value, ByteStringObject):
        return value.decode("latin-1")
    return str(value) if isinstance(value, TextStringObject) else ""
