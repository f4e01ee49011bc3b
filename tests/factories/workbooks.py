"""Workbooks as other programs write them, put together from XML so that each habit can be shown alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

TRANSITIONAL = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_OFFICE = {
    TRANSITIONAL: "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    STRICT: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True)
class ForeignSheet:
    """``rows``: XML of cells without places, as ``text`` gives it. ``before`` and ``after``: XML beside the rows."""

    rows: Sequence[Sequence[str]]
    title: str = "Sheet1"
    state: str = "visible"
    before: str = ""
    after: str = ""
    hidden_rows: Sequence[int] = ()


def text(content: str) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(content)}</t></is></c>'


def number(value: str, style: int = 0) -> str:
    return f'<c s="{style}"><v>{value}</v></c>'


def workbook(
    *sheets: ForeignSheet,
    formats: Sequence[str | int] = (),
    fonts: str = "<font/>",
    cell_styles: str = "",
    strings: Sequence[str] = (),
    namespace: str = TRANSITIONAL,
    since_1904: bool = False,
    parts: Mapping[str, str] | None = None,
) -> bytes:
    """``formats``: of the styles from number 1 on, as code or number of a built-in one; ``cell_styles``: XML of styles
    after those; ``strings``: XML inside each shared text; ``parts`` replace or add parts."""
    office, held = _OFFICE[namespace], io.BytesIO()
    codes = "".join(
        f'<numFmt numFmtId="{164 + at}" formatCode={quoteattr(code)}/>'
        for at, code in enumerate(formats)
        if isinstance(code, str)
    )
    styles = "".join(
        f'<xf numFmtId="{164 + at if isinstance(code, str) else code}" fontId="0"/>' for at, code in enumerate(formats)
    )
    listed = "".join(
        f'<sheet name={quoteattr(sheet.title)} sheetId="{at}" state="{sheet.state}" r:id="rId{at}"/>'
        for at, sheet in enumerate(sheets, 1)
    )
    links = [(f"rId{at}", "worksheet", f"worksheets/sheet{at}.xml") for at in range(1, len(sheets) + 1)]
    links += [("rIdA", "styles", "styles.xml"), ("rIdB", "sharedStrings", "sharedStrings.xml")]
    written = {
        "_rels/.rels": _relations(office, [("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{office}">'
        f'<workbookPr date1904="{int(since_1904)}"/><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(office, links),
        "xl/styles.xml": f'<styleSheet xmlns="{namespace}"><numFmts>{codes}</numFmts><fonts>{fonts}</fonts>'
        f'<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>{styles}{cell_styles}</cellXfs>'
        "<dxfs><dxf><font><strike/></font></dxf></dxfs></styleSheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{namespace}">{"".join(map("<si>{}</si>".format, strings))}</sst>',
        **{f"xl/worksheets/sheet{at}.xml": _sheet(sheet, namespace) for at, sheet in enumerate(sheets, 1)},
        **(parts or {}),
    }
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in written.items():
            archive.writestr(name, content)
    return held.getvalue()


def _sheet(sheet: ForeignSheet, namespace: str) -> str:
    rows = "".join(
        f'<row r="{at}"{_hidden(at in sheet.hidden_rows)}>{"".join(cells)}</row>'
        for at, cells in enumerate(sheet.rows, 1)
    )
    return f'<worksheet xmlns="{namespace}">{sheet.before}<sheetData>{rows}</sheetData>{sheet.after}</worksheet>'


def _hidden(is_hidden: bool) -> str:
    return ' hidden="1"' if is_hidden else ""


def _relations(office: str, links: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(f'<Relationship Id="{name}" Type="{office}/{kind}" Target="{to}"/>' for name, kind, to in links)
    return f'<Relationships xmlns="{_PACKAGE}">{inner}</Relationships>'
