"""Word, Excel and ZIP files, as small as programs open them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from openpyxl import Workbook

Parts = Mapping[str, bytes | str]
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def docx(text: str = "填写说明", more: Parts | None = None) -> bytes:
    """``more`` are further parts by name, or others in place of the usual ones."""
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": content_types(_MAIN),
        "_rels/.rels": relations(("officeDocument", "word/document.xml", False)),
        "word/document.xml": f"{_HEAD}<w:document xmlns:w='{_WORD}'><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
        "</w:body></w:document>",
    }
    return archive(parts | dict(more or {}))


def content_types(main: str) -> str:
    return (
        f"{_HEAD}<Types xmlns='{_PACKAGE}/content-types'><Default Extension='rels' "
        "ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
        f"<Override PartName='/word/document.xml' ContentType='{main}'/></Types>"
    )


def relations(*targets: tuple[str, str, bool]) -> str:
    """A part of relations: kind, target, whether that lies elsewhere."""
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    lines = [
        f'<Relationship Id="r{at}" Type="{kinds}/{kind}" Target="{target}"'
        + (' TargetMode="External"/>' if external else "/>")
        for at, (kind, target, external) in enumerate(targets)
    ]
    return f"{_HEAD}<Relationships xmlns='{_PACKAGE}/relationships'>{''.join(lines)}</Relationships>"


def archive(parts: Parts) -> bytes:
    """A ZIP of these, the same bytes whenever it is made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 11, 21, 12, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def xlsx(*rows: list[object]) -> bytes:
    """A workbook as openpyxl makes it."""
    out = io.BytesIO()
    book = Workbook()
    for row in rows or (["单位名称"],):
        book.active.append(row)
    book.save(out)
    return out.getvalue()
