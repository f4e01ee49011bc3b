"""Detects type and content of office documents and archives: Word, Excel and ZIP are archives, inspected completely.

Pure and slow, like ``contents``; runs in the same limited process.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence

from domain.errors import InvalidInput
from domain.file_types import MaterialType
from services.inspection.contents import check_mixed, inspect, kind_of, other_kind
from services.inspection.file_types import OFFICE_TYPES
from services.inspection.office_parts import Damaged, has_active_content

ENTRIES_MAX = 5_000
UNPACKED_MAX = 300_000_000
"""Total bytes of an unpacked archive."""
_PART_MAX = 100_000_000
"""Bytes of one part that is inspected."""
_WORDS: Mapping[MaterialType, str] = {
    "pdf": "PDF",
    "jpg": "JPG图片",
    "png": "PNG图片",
    "docx": "Word文档（.docx）",
    "xlsx": "Excel表格（.xlsx）",
    "zip": "ZIP压缩包",
}
_MAIN: Mapping[MaterialType, str] = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
_RUNS = re.compile(
    r"(^|/)(vba[^/]*\.bin|activeX/.*|embeddings/.*|externalLinks/.*|customUI/.*|macrosheets/.*)$", re.IGNORECASE
)
"""Parts of an office document that execute, embed or fetch something."""
_PARTS = re.compile(r"\.(xml|rels|jpe?g|png|gif|emf|wmf|tiff?|bmp|svg|bin|odttf|vml|thmx|fntdata)$", re.IGNORECASE)
_IN_ZIP = re.compile(r"\.(pdf|docx|xlsx|jpe?g|png|txt)$", re.IGNORECASE)
_ACTIVE = "文件中含有宏、嵌入的其他文件或外部链接，请删除后另存再上传。"
_DAMAGED = "文件不完整或已损坏，请重新保存后再上传。"


def inspect_material(content: bytes, allowed: Collection[MaterialType]) -> MaterialType:
    """The file's type. Raises InvalidInput with the problem and what to do."""
    archive = _open_archive(content) if content.startswith(b"PK\x03\x04") else None
    kind = _kind_of_archive(archive) if archive else kind_of(content)
    if kind is None or kind not in allowed:
        type_name = _WORDS[kind] if kind else other_kind(content)
        allowed_names = "、".join(_WORDS[file_type] for file_type in allowed)
        raise InvalidInput(
            f"只能上传{allowed_names}，这个文件{'是' + type_name if type_name else '无法识别'}，请另存后再上传。",
            code="file_type",
        )
    if archive is None:
        inspect(content, [file_type for file_type in ("jpg", "png", "pdf") if file_type == kind])
        return kind
    with archive:
        _check_archive(archive)
        check_mixed(content, archive_too=False)
        if kind == "zip":
            _check_names(
                archive.namelist(), _IN_ZIP, "压缩包中只能放PDF、Word、Excel、图片和文本文件，请整理后再上传。"
            )
            _check_papers(archive)
        else:
            _check_office(archive)
    return kind


def _open_archive(content: bytes) -> zipfile.ZipFile:
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
    """Check the total size before unpacking, the names, and that every part unpacks completely."""
    parts = archive.infolist()
    if len(parts) > ENTRIES_MAX or sum(part.file_size for part in parts) > UNPACKED_MAX:
        raise InvalidInput("文件解压后过大，请拆分后再上传。", code="file_too_large")
    if any(part.flag_bits & 1 for part in parts):
        raise InvalidInput("文件已加密，请取消密码保护后再上传。", code="file_locked")
    names = [part.filename for part in parts]
    if len(set(names)) < len(names) or any(_is_unsafe_name(name) for name in names):
        raise InvalidInput("文件中夹带了其他内容，请重新保存后再上传。", code="file_mixed")
    try:
        broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidInput(_DAMAGED, code="file_broken") from error
    if broken is not None:
        raise InvalidInput(_DAMAGED, code="file_broken")


def _is_unsafe_name(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _check_names(names: Sequence[str], expected: re.Pattern[str], refusal: str) -> None:
    if any(not name.endswith("/") and not expected.search(name) for name in names):
        raise InvalidInput(refusal, code="file_active")


def _check_office(archive: zipfile.ZipFile) -> None:
    """No macros, no embedded files, nothing that is fetched on opening."""
    names = archive.namelist()
    _check_names(names, _PARTS, _ACTIVE)
    if any(_RUNS.search(name) for name in names):
        raise InvalidInput(_ACTIVE, code="file_active")
    for name in names:
        if name.lower().endswith((".xml", ".rels")) and _is_active_part(archive, name):
            raise InvalidInput(_ACTIVE, code="file_active")


def _is_active_part(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether a part has active content. Raises InvalidInput for a damaged or too large part."""
    if archive.getinfo(name).file_size > _PART_MAX:
        raise InvalidInput(_DAMAGED, code="file_broken")
    try:
        return has_active_content(archive.read(name))
    except Damaged as error:
        raise InvalidInput(_DAMAGED, code="file_broken") from error


def _check_papers(archive: zipfile.ZipFile) -> None:
    """Documents inside an archive must pass the same checks."""
    for name in archive.namelist():
        kind = name.lower().rpartition(".")[2]
        if kind in ("docx", "xlsx", "pdf"):
            try:
                inspect_material(archive.read(name), [file_type for file_type in OFFICE_TYPES if file_type == kind])
            except InvalidInput as refusal:
                raise InvalidInput(
                    f"压缩包中的“{name[-40:]}”不能使用：{refusal.message}", code=refusal.code
                ) from refusal
