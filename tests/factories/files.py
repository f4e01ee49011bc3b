"""Pictures and PDFs, valid and hostile; a file store in memory."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import pillow_heif
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

from domain.clock import Clock, SystemClock
from domain.errors import Rejected, Transient
from domain.exams.question_files import QuestionForm, read_questions
from domain.exams.questions import Question
from domain.file_types import FileType, MaterialType
from services.inspection.checker import FileChecker
from services.inspection.contents import inspect
from services.inspection.file_types import Found
from services.inspection.office_documents import inspect_material
from services.inspection.pdf_pages import render_pages
from services.inspection.pictures import render_picture
from services.ports import FileEntry
from services.spreadsheets.formats import Column, Format, Line
from services.spreadsheets.parsing import read_lines


def jpeg(width: int = 640, height: int = 480, *, mode: str = "RGB", orientation: int = 0) -> bytes:
    out = io.BytesIO()
    picture = Image.linear_gradient("L").resize((width, height)).convert(mode)
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
        exif[0x010E] = "Uhlandstrasse 1"
    picture.save(out, "JPEG", quality=85, exif=exif)
    return out.getvalue()


def heic(width: int = 640, height: int = 480, *, orientation: int = 0) -> bytes:
    out = io.BytesIO()
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
        exif[0x010E] = "Uhlandstrasse 1"
    pillow_heif.from_pillow(picture).save(out, quality=60, exif=exif.tobytes())
    return out.getvalue()


def png(width: int = 200, height: int = 100, *, mode: str = "RGBA") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG")
    return out.getvalue()


def png_bomb(side: int = 60_000) -> bytes:
    """A file of a few kilobytes that declares gigapixels."""
    row = zlib.compress(b"\0" * 1000)
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", row) + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def pdf(pages: int = 1, change: Callable[[PdfWriter], object] | None = None, *, packed: bool = False) -> bytes:
    """``packed``: objects lie in compressed streams, where no search of the bytes finds them."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    if change is not None:
        change(writer)
    out = io.BytesIO()
    if packed:
        writer.compress_identical_objects()
    writer.write(out)
    return _pack(out.getvalue()) if packed else out.getvalue()


def _pack(content: bytes) -> bytes:
    """Rewrite every object of a plain file into one object stream with a cross-reference stream (PDF 1.5)."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    numbers = sorted(number for number in reader.xref[0] if number)
    bodies = []
    for number in numbers:
        out = io.BytesIO()
        pdf_object = reader.get_object(number)
        assert pdf_object is not None
        pdf_object.write_to_stream(out)
        bodies.append(out.getvalue() + b" ")
    offsets, at = [], 0
    for body in bodies:
        offsets.append(at)
        at += len(body)
    index = " ".join(f"{number} {offset}" for number, offset in zip(numbers, offsets, strict=True)).encode() + b" "
    stream = zlib.compress(index + b"".join(bodies))
    holder, table = max(numbers) + 1, max(numbers) + 2
    file = b"%PDF-1.5\n"
    holder_at = len(file)
    file += b"%d 0 obj\n<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\nstream\n" % (
        holder,
        len(numbers),
        len(index),
        len(stream),
    )
    file += stream + b"\nendstream\nendobj\n"
    table_at = len(file)
    rows = {0: (0, 0, 65535), holder: (1, holder_at, 0), table: (1, table_at, 0)}
    rows |= {number: (2, holder, position) for position, number in enumerate(numbers)}
    packed = zlib.compress(b"".join(struct.pack(">BIH", *rows.get(n, (0, 0, 0))) for n in range(table + 1)))
    root = reader.trailer.raw_get("/Root").idnum
    file += b"%d 0 obj\n<</Type/XRef/W[1 4 2]/Size %d/Root %d 0 R/Filter/FlateDecode/Length %d>>\nstream\n" % (
        table,
        table + 1,
        root,
        len(packed),
    )
    return file + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % table_at


def with_action(kind: str) -> Callable[[PdfWriter], None]:
    """A PDF with an action that a viewer carries out when it opens the file."""

    def change(writer: PdfWriter) -> None:
        action = DictionaryObject({NameObject("/S"): NameObject(kind), NameObject("/F"): TextStringObject("calc.exe")})
        writer.root_object[NameObject("/OpenAction")] = writer._add_object(action)

    return change


def with_action_on_page(writer: PdfWriter) -> None:
    """A PDF with an action that is carried out when the page is shown."""
    action = DictionaryObject({NameObject("/S"): NameObject("/Named"), NameObject("/N"): NameObject("/Print")})
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): action})


def with_beginning(writer: PdfWriter) -> None:
    """A PDF with a start page, as typesetters write it: harmless."""
    place = ArrayObject([writer.pages[0].indirect_reference, NameObject("/Fit")])  # type: ignore[list-item]
    action = DictionaryObject({NameObject("/S"): NameObject("/GoTo"), NameObject("/D"): place})
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(action)


def with_stream_elsewhere(writer: PdfWriter) -> None:
    """A PDF with a picture whose bytes lie on a network share."""
    stream = DecodedStreamObject()
    stream[NameObject("/F")] = TextStringObject("//evil.example/share/a")
    writer.pages[0][NameObject("/PieceInfo")] = writer._add_object(stream)


def with_link_to(target: str) -> Callable[[PdfWriter], None]:
    """A PDF with a link behind a word or a picture."""

    def change(writer: PdfWriter) -> None:
        action = {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject(target)}
        annotation = {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Link"),
            NameObject("/A"): DictionaryObject(action),
        }
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(DictionaryObject(annotation))])

    return change


def with_script(writer: PdfWriter) -> None:
    """A PDF with a script in the document's catalogue, as forms have."""
    script = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x()")})
    names = ArrayObject([TextStringObject("a"), writer._add_object(script)])
    tree = DictionaryObject({NameObject("/JavaScript"): DictionaryObject({NameObject("/Names"): names})})
    writer.root_object[NameObject("/Names")] = tree


def with_attachment(writer: PdfWriter) -> None:
    writer.add_attachment("a.exe", b"MZ")


with_link = with_link_to("https://example.cn")
"""A plain web link, as every word processor writes."""


class QuickChecker(FileChecker):
    """Inspects files in this process, which saves half a second each."""

    async def check(self, pool: str, content: bytes, allowed: Collection[FileType]) -> Found:
        return inspect(content, allowed)

    async def check_material(self, pool: str, content: bytes, allowed: Collection[MaterialType]) -> MaterialType:
        return inspect_material(content, allowed)

    async def draw(self, pool: str, content: bytes, kind: FileType, side: int) -> bytes:
        return render_picture(content, kind, side)

    async def draw_pages(self, pool: str, content: bytes, side: int, most: int) -> Sequence[bytes]:
        return render_pages(content, side, most)

    async def read_sheet(
        self, pool: str, content: bytes, form: Format, columns: Sequence[Column], rows_max: int
    ) -> Sequence[Line]:
        return list(read_lines(content, form, columns, rows_max))

    async def stream_sheet(
        self, pool: str, content: bytes, form: Format, columns: Sequence[Column], rows_max: int
    ) -> AsyncGenerator[Sequence[Line], None]:
        for line in read_lines(content, form, columns, rows_max):
            yield [line]

    async def read_questions(self, pool: str, content: bytes, form: QuestionForm, most: int) -> Sequence[Question]:
        return list(read_questions(content, form, most))


class MemoryFiles:
    """Implements the port Files. ``away`` refuses everything; ``pause`` holds writes until it is set.

    ``clock`` gives the time at which a file is written.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.contents: dict[str, bytes] = {}
        self.written: dict[str, datetime] = {}
        self.clock = clock or SystemClock()
        self.away = False
        self.pause: asyncio.Event | None = None

    async def put(self, key: str, content: bytes) -> None:
        self._check_reachable()
        if self.pause is not None:
            await self.pause.wait()
        self.contents[key] = content
        self.written[key] = self.clock.now()

    async def get(self, key: str) -> bytes:
        self._check_reachable()
        if key not in self.contents:
            raise Rejected("missing")
        return self.contents[key]

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        await self.put(key, b"".join([chunk async for chunk in chunks]))

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        return (await self.get(key))[start : start + length]

    async def locate(self, key: str, ttl: timedelta) -> str:
        self._check_reachable()
        return f"https://files.test/{key}?for={ttl.seconds}"

    async def delete(self, key: str) -> None:
        self._check_reachable()
        self.contents.pop(key, None)

    async def clear(self, folder: str) -> int:
        self._check_reachable()
        gone = [key for key in self.contents if key.startswith(f"{folder}/")]
        for key in gone:
            del self.contents[key]
        return len(gone)

    async def walk(self) -> AsyncGenerator[Sequence[FileEntry], None]:
        keys = list(self.contents)
        for at in range(0, len(keys), 3):
            self._check_reachable()
            yield [FileEntry(key, self.written[key]) for key in keys[at : at + 3] if key in self.contents]

    def _check_reachable(self) -> None:
        if self.away:
            raise Transient("away")


class PlainRenderer:
    """Implements the port DocumentRenderer: a one-page PDF that keeps its content for assertions. ``away`` refuses."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Mapping[str, object]]] = []
        self.away = False

    async def render_pdf(self, template: str, content: Mapping[str, object]) -> bytes:
        if self.away:
            raise Transient("away")
        json.dumps(content)
        self.made.append((template, content))
        return pdf()

    async def preview(self, template: str, content: Mapping[str, object]) -> bytes:
        await self.render_pdf(template, content)
        return png()
