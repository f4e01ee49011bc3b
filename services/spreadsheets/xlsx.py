"""Writes workbooks row by row, directly into their archive, without keeping rows in memory.

Implements only a few parts of ECMA-376: openpyxl takes several times as long per cell, and 20 MB of each process that
loads it. Texts are inline strings, so that no cell is ever a formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import IO
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from domain.clock import local

Value = str | int | bool | Decimal | datetime | date | None
"""Types of cells; a moment is shown in Shanghai time, Decimal is yuan."""

Add = Callable[[Sequence[Sequence[Value]]], None]
"""Appends rows; slow, meant for a thread."""

_TEXT_MAX = 32_767
"""Characters that Excel accepts in a cell."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENCODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Readers take ``_x000D_`` for a character."""
_DAY_ZERO = date(1899, 12, 30)
"""Spreadsheets count from here, since they take 1900 for a leap year."""
_HEADING, _MOMENT, _DAY, _YUAN, _AS_TEXT, _TEXT_HEADING = range(1, 7)
"""Indexes in ``cellXfs`` below."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = f"""{_XML}<styleSheet xmlns="{_MAIN}">
<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm:ss"/>
<numFmt numFmtId="165" formatCode="yyyy-mm-dd"/><numFmt numFmtId="166" formatCode="#,##0.00"/></numFmts>
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>
<fill><patternFill patternType="solid"><fgColor rgb="FFE8F5EE"/></patternFill></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="7"><xf xfId="0"/>
<xf xfId="0" fontId="1" fillId="2" applyFont="1" applyFill="1" applyAlignment="1">
<alignment vertical="center" wrapText="1"/></xf>
<xf xfId="0" numFmtId="164" applyNumberFormat="1"/><xf xfId="0" numFmtId="165" applyNumberFormat="1"/>
<xf xfId="0" numFmtId="166" applyNumberFormat="1"/><xf xfId="0" numFmtId="49" applyNumberFormat="1"/>
<xf xfId="0" fontId="1" numFmtId="49" applyFont="1" applyNumberFormat="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""


class Workbook:
    """``with Workbook(out) as book, book.sheet(…) as add: add(rows)``; one sheet at a time."""

    def __init__(self, out: IO[bytes]) -> None:
        self._archive = ZipFile(out, "w", ZIP_DEFLATED, compresslevel=4)
        self._titles: list[str] = []

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if kind is None:
            self._write_frame()
        self._archive.close()

    @contextmanager
    def sheet(
        self, title: str, heading: Sequence[str], widths: Sequence[float], *, filtered: bool = False, text: bool = False
    ) -> Iterator[Add]:
        """A sheet with a frozen bold heading. ``text``: columns in which typed values stay text.

        Without ZIP64, which several programs can't open and no sheet of a million rows needs.
        """
        self._titles.append(title)
        with self._archive.open(f"xl/worksheets/sheet{len(self._titles)}.xml", "w") as part:
            rows = _Rows(part, _AS_TEXT if text else 0)
            part.write(_head(widths, rows.style, frozen=bool(heading)).encode())
            if heading:
                rows.add_heading(heading)
            yield rows.add
            shown = f'<autoFilter ref="A1:{_letters(len(heading) - 1)}1"/>' if filtered else ""
            part.write(f"</sheetData>{shown}</worksheet>".encode())

    def _write_frame(self) -> None:
        """The parts around the sheets, once the names of the sheets are known."""
        numbers = range(1, len(self._titles) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(title)} sheetId="{n}" r:id="rId{n}"/>'
            for n, title in zip(numbers, self._titles, strict=True)
        )
        links = [(n, "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
        own = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
        )
        for name, text in {
            "xl/workbook.xml": (
                f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
                f"<bookViews><workbookView/></bookViews><sheets>{sheets}</sheets></workbook>"
            ),
            "xl/styles.xml": _STYLES,
            "xl/_rels/workbook.xml.rels": _links([*links, (len(links) + 1, "styles", "styles.xml")]),
            "_rels/.rels": _links([(1, "officeDocument", "xl/workbook.xml")]),
            "[Content_Types].xml": (
                f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
                f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
                f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{own}</Types>'
            ),
        }.items():
            self._archive.writestr(name, text)


class _Rows:
    """``style`` is that of plain cells."""

    def __init__(self, part: IO[bytes], style: int) -> None:
        self._part = part
        self._letters: list[str] = []
        self.style = style
        self.count = 0

    def add_heading(self, titles: Sequence[str]) -> None:
        self._write([titles], _TEXT_HEADING if self.style else _HEADING)

    def add(self, rows: Sequence[Sequence[Value]]) -> None:
        self._write(rows, self.style)

    def _write(self, rows: Sequence[Sequence[Value]], style: int) -> None:
        self._part.write("".join(self._row(row, style) for row in rows).encode())

    def _row(self, row: Sequence[Value], style: int) -> str:
        self.count += 1
        while len(self._letters) < len(row):
            self._letters.append(_letters(len(self._letters)))
        cells = [
            _cell(f"{column}{self.count}", value, style) for column, value in zip(self._letters, row, strict=False)
        ]
        return f'<row r="{self.count}">{"".join(cells)}</row>'


def guard(text: str) -> str:
    """The text safe for any spreadsheet: an apostrophe precedes the beginning of a formula.

    A cell of XLSX marked as text is not executed, but its copy in a CSV would be.
    """
    clean = _ILLEGAL.sub("", text)[: _TEXT_MAX - 1]  # with room for the apostrophe
    return f"'{clean}" if clean.startswith(_FORMULA_STARTS) else clean


def _cell(place: str, value: Value, style: int) -> str:
    if isinstance(value, str):
        text = escape(_ENCODED.sub("_x005F_", guard(value)), {"\r": "&#13;"})
        shown = f' s="{style}"' if style else ""
        return f'<c r="{place}"{shown} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else ""
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime):
        return f'<c r="{place}" s="{_MOMENT}"><v>{_serial(local(value))}</v></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="{_DAY}"><v>{(value - _DAY_ZERO).days}</v></c>'
    money = f' s="{_YUAN}"' if isinstance(value, Decimal) else ""
    return f'<c r="{place}"{money}><v>{value}</v></c>'


def _serial(moment: datetime) -> str:
    """Days since the spreadsheets' epoch, to the second."""
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return f"{(moment.date() - _DAY_ZERO).days + seconds / 86400:.8f}"


def _letters(at: int) -> str:
    """A, B … Z, AA, AB … for 0, 1 … 25, 26, 27 …"""
    return (_letters(at // 26 - 1) if at >= 26 else "") + chr(65 + at % 26)


def _head(widths: Sequence[float], style: int, *, frozen: bool) -> str:
    stays = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' if frozen else ""
    shown = f' style="{style}"' if style else ""
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"{shown}/>' for at, width in enumerate(widths, 1)
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{stays}</sheetView></sheetViews>'
        f"{f'<cols>{columns}</cols>' if columns else ''}<sheetData>"
    )


def _links(links: Sequence[tuple[int, str, str]]) -> str:
    inner = "".join(f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for n, kind, to in links)
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'
