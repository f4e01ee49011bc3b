"""What an office document or an archive really is and carries: Word, Excel and ZIP are archives, looked into whole.

Pure and slow, like ``file_contents``; runs in the same process of its own.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence

from domain.errors import InvalidInput
from domain.rulebook_people import MaterialType
from services.file_contents import check_mixed, inspect, kind_of, other_kind

OFFICE_TYPES: Mapping[MaterialType, str] = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
ENTRIES_MAX = 5_000
UNPACKED_MAX = 300_000_000
"""Bytes of everything in an archive."""
_RELATIONS_MAX = 2_000_000
_WORDS: Mapping[MaterialType, str] = {
    "pdf": "PDF", "jpg": "JPG图片", "png": "PNG图片", "docx": "Word文档（.docx）", "xlsx": "Excel表格（.xlsx）",
    "zip": "ZIP压缩包",
}  # fmt: skip
_MAIN: Mapping[MaterialType, str] = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
_RUNS = re.compile(
    r"(^|/)(vba[^/]*\.bin|activeX/.*|embeddings/.*|externalLinks/.*|customUI/.*|macrosheets/.*)$", re.IGNORECASE
)
"""Parts of an office document that run, or carry or fetch something else."""
_PARTS = re.compile(
    r"\.(xml|rels|jpe?g|png|gif|emf|wmf|tiff?|bmp|svg|bin|odttf|vml|thmx|fntdata|docx?|xlsx?)$", re.IGNORECASE
)
_IN_ZIP = re.compile(r"\.(pdf|docx|xlsx|jpe?g|png|txt)$", re.IGNORECASE)
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_EXTERNAL = re.compile(r"TargetMode\s*=\s*[\"']External[\"']", re.IGNORECASE)
_LINK = re.compile(r"Type\s*=\s*[\"'][^\"']*/hyperlink[\"']", re.IGNORECASE)
_FETCHES = re.compile(rb"<w:instrText[^>]*>[^<]*\b(?:DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE)\b", re.IGNORECASE)
_ACTIVE = "文件中含有宏、嵌入的其他文件或外部链接，请删除后另存再上传。"
_DAMAGED = "文件不完整或已损坏，请重新保存后再上传。"


def inspect_material(content: bytes, allowed: Collection[MaterialType]) -> MaterialType:
    """What the file is. Raises InvalidInput with what is wrong and what to do."""
    archive = _open(content) if content.startswith(b"PK\x03\x04") else None
    kind = _kind_of_archive(archive) if archive else kind_of(content)
    if kind is None or kind not in allowed:
        found = _WORDS[kind] if kind else other_kind(content)
        wanted = "、".join(_WORDS[one] for one in allowed)
        raise InvalidInput(
            f"只能上传{wanted}，这个文件{'是' + found if found else '无法识别'}，请另存后再上传。", code="file_type"
        )
    if archive is None:
        inspect(content, [one for one in ("jpg", "png", "pdf") if one == kind])
        return kind
    with archive:
        _check_archive(archive)
        check_mixed(content, archive_too=False)
        if kind == "zip":
            _check_names(
                archive.namelist(), _IN_ZIP, "压缩包中只能放PDF、Word、Excel、图片和文本文件，请整理后再上传。"
            )
        else:
            _check_office(archive)
    return kind


def _open(content: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InvalidInput(_DAMAGED, code="file_broken") from error


def _kind_of_archive(archive: zipfile.ZipFile) -> MaterialType:
    names = set(archive.namelist())
    if "[Content_Types].xml" in names:
        for kind, part in _MAIN.items():
            if part in names:
                return kind
    return "zip"


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Its size before anything is unpacked, its names, and that every part comes out whole."""
    parts = archive.infolist()
    if len(parts) > ENTRIES_MAX or sum(part.file_size for part in parts) > UNPACKED_MAX:
        raise InvalidInput("文件解压后过大，请拆分后再上传。", code="file_too_large")
    if any(part.flag_bits & 1 for part in parts):
        raise InvalidInput("文件已加密，请取消密码保护后再上传。", code="file_locked")
    names = [part.filename for part in parts]
    if len(set(names)) < len(names) or any(_leads_out(name) for name in names):
        raise InvalidInput("文件中夹带了其他内容，请重新保存后再上传。", code="file_mixed")
    try:
        broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidInput(_DAMAGED, code="file_broken") from error
    if broken is not None:
        raise InvalidInput(_DAMAGED, code="file_broken")


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _check_names(names: Sequence[str], expected: re.Pattern[str], refusal: str) -> None:
    if any(not name.endswith("/") and not expected.search(name) for name in names):
        raise InvalidInput(refusal, code="file_active")


def _check_office(archive: zipfile.ZipFile) -> None:
    """No macros, no files inside, nothing that is fetched when it is opened."""
    names = archive.namelist()
    _check_names(names, _PARTS, _ACTIVE)
    if any(_RUNS.search(name) for name in names):
        raise InvalidInput(_ACTIVE, code="file_active")
    if "macroenabled" in _text(archive, "[Content_Types].xml").lower():
        raise InvalidInput(_ACTIVE, code="file_active")
    for name in names:
        if name.lower().endswith(".rels") and _fetches(_text(archive, name)):
            raise InvalidInput(_ACTIVE, code="file_active")
        if name.startswith("word/") and name.endswith(".xml") and _FETCHES.search(archive.read(name)):
            raise InvalidInput(_ACTIVE, code="file_active")


def _fetches(relations: str) -> bool:
    """Whether something from elsewhere belongs to the document; a link that a person follows does not."""
    return any(_EXTERNAL.search(one) and not _LINK.search(one) for one in _RELATION.findall(relations))


def _text(archive: zipfile.ZipFile, name: str) -> str:
    """A small part that decides. Raises InvalidInput for one in another encoding, or with entities, that hides what it
    says."""
    if archive.getinfo(name).file_size > _RELATIONS_MAX:
        raise InvalidInput(_DAMAGED, code="file_broken")
    raw = archive.read(name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(_DAMAGED, code="file_broken") from error
    if "\0" in text or "<!" in text.replace("<!--", ""):
        raise InvalidInput(_DAMAGED, code="file_broken")
    return text
