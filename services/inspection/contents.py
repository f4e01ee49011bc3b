"""Detects a file's type by content: images must decode completely, PDFs must contain nothing active.

Pure and slow. Runs in a limited process (``checker``), since a file may be malicious.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Mapping

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from domain.errors import InvalidInput
from domain.file_types import FileType
from services.inspection.file_types import PREVIEW, THUMBNAIL, Found
from services.inspection.heic import is_heic, jpeg_of
from services.inspection.pdf_actions import has_active_content
from services.inspection.pictures import render_picture

PAGES_MAX = 300
_HEAD = 1536
"""Bytes at the beginning in which browsers and readers look for the type."""
_WORDS: Mapping[FileType, str] = {"jpg": "JPG图片", "png": "PNG图片", "pdf": "PDF"}
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|style)[\s>/]", re.IGNORECASE)
_OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"....ftyp(?:heic|heix|hevc|mif1|msf1|avif)", re.DOTALL), "HEIC照片"),
    (re.compile(rb"PK\x03\x04"), "Word、Excel或压缩包"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "旧版Word或Excel"),
    (re.compile(rb"Rar!|7z\xbc\xaf"), "压缩包"),
    (re.compile(rb"GIF8"), "GIF图片"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WEBP图片"),
    (re.compile(rb"BM"), "BMP图片"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "TIFF图片"),
)


def inspect(content: bytes, allowed: Collection[FileType]) -> Found:
    """Raises InvalidInput with the problem and what to do."""
    jpeg = jpeg_of(content) if "jpg" in allowed and is_heic(content) else b""
    kind = check_kind(jpeg or content, allowed)
    if kind == "pdf":
        check_pdf(content)
        return Found(kind, b"", b"")
    preview = render_picture(jpeg or content, kind, PREVIEW)
    return Found(kind, render_picture(preview, "jpg", THUMBNAIL), preview, jpeg)


def check_kind(content: bytes, allowed: Collection[FileType]) -> FileType:
    """The type by the first bytes; a file that other programs could take for another type is refused."""
    kind = kind_of(content)
    if kind is None or kind not in allowed:
        type_name = _WORDS[kind] if kind else other_kind(content)
        allowed_names = "、".join(_WORDS[file_type] for file_type in allowed)
        hint = (
            "请在手机设置中把相机格式改为“兼容性最佳”，或截图后再上传。" if "HEIC" in type_name else "请另存后再上传。"
        )
        raise InvalidInput(
            f"这里只能上传{allowed_names}，这个文件{'是' + type_name if type_name else '无法识别'}，{hint}",
            code="file_type",
        )
    check_mixed(content)
    if kind != "pdf" and b"%PDF-" in content[:_HEAD]:
        raise _mixed_content_error()
    return kind


def check_mixed(content: bytes, *, archive_too: bool = True) -> None:
    """Raises InvalidInput for a file that a browser takes for a page or, with ``archive_too``, others for an
    archive."""
    if _MARKUP.search(content[:_HEAD]) or (archive_too and zipfile.is_zipfile(io.BytesIO(content))):
        raise _mixed_content_error()


_BROKEN = (
    PyPdfError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    NotImplementedError,
    AssertionError,
)
"""Exceptions of pypdf for truncated or invalid files."""


def check_pdf(content: bytes) -> None:
    """Raises InvalidInput for a PDF that is unreadable, locked, or has active content."""
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        # a password that only limits printing or copying opens with an empty one, as in every viewer
        if reader.is_encrypted and not reader.decrypt(""):
            raise InvalidInput("PDF设有打开密码，请取消密码后再上传。", code="file_locked")
        pages = len(reader.pages)
        is_active = has_active_content(reader, content)
    except _BROKEN as error:
        # pypdf raises all of these for truncated or invalid files
        raise InvalidInput("PDF不完整或已损坏，请重新导出后再上传。", code="file_broken") from error
    if not 1 <= pages <= PAGES_MAX:
        raise InvalidInput(f"PDF应有1至{PAGES_MAX}页，请检查后再上传。", code="file_pages")
    if is_active:
        raise InvalidInput(
            "PDF中含有脚本、附件或其他会自动执行的内容，请用“打印为PDF”重新生成后再上传。", code="file_active"
        )


def kind_of(content: bytes) -> FileType | None:
    """The type by the first bytes."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "pdf" if content.startswith(b"%PDF-") else None


def other_kind(content: bytes) -> str:
    """The name of an unaccepted type; empty for an unknown one."""
    return next((name for pattern, name in _OTHERS if pattern.match(content)), "")


def _mixed_content_error() -> InvalidInput:
    return InvalidInput("文件中夹带了其他内容，请重新导出或拍照后再上传。", code="file_mixed")
