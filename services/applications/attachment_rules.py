"""Rules for attachments per field, and their texts for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import ApplicationState
from domain.errors import Conflict, InvalidInput
from domain.file_types import FileType
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FileRule, FormField
from models.applications import Application, Attachment
from services.applications.repository import editable_fields

ROWS_MAX = 50
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BELIEVED = {
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/pjpeg": "jpg",
    "image/png": "png",
    "image/x-png": "png",
    "image/heic": "jpg",
    "image/heif": "jpg",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
}
_UNSURE = frozenset(("", "application/octet-stream", "image/*"))
_WORDS: dict[FileType, str] = {"jpg": "JPG", "png": "PNG", "pdf": "PDF"}


@dataclass(frozen=True)
class AttachmentView:
    """`received` of `size` bytes have come; `state` is uploading, ready or removed."""

    id: UUID
    field: Annotated[str, Field(examples=["photo"])]
    row: int
    filename: Annotated[str, Field(examples=["照片.jpg"])]
    media_type: Annotated[str, Field(description="By content; empty until ready", examples=["image/jpeg"])]
    size: int
    received: int
    state: Annotated[str, Field(examples=["ready"])]
    has_thumbnail: bool
    taken_over: Annotated[bool, Field(description="From an earlier application; another file may be put in its place")]
    ready_at: datetime | None


def view_of(attachment: Attachment) -> AttachmentView:
    return AttachmentView(
        attachment.id,
        attachment.field,
        attachment.row,
        attachment.filename,
        attachment.media_type,
        attachment.size,
        attachment.received,
        attachment.state,
        bool(attachment.thumb_key),
        attachment.taken_from is not None,
        attachment.ready_at,
    )


def field_of(book: Rulebook, field: str) -> FormField:
    """The file field named ``photo`` or ``records.column``. Raises InvalidInput."""
    code, _, column = field.partition(".")
    form_field = book.form.used().get(code)
    if form_field is not None and column:
        form_field = form_field.parts.get(column)
    if form_field is None or form_field.file is None:
        raise InvalidInput("申请表中没有这个附件栏，请刷新后重试。", code="no_file_field", field="field")
    return form_field


def rule_of(book: Rulebook, field: str, row: int) -> FileRule:
    """Raises InvalidInput for a field without files, or an invalid row."""
    rule = field_of(book, field).file
    assert rule is not None  # noqa: S101  # field_of looked
    if not 0 <= row < (ROWS_MAX if "." in field else 1):
        raise InvalidInput("附件所在的行不正确，请刷新后重试。", code="bad_row", field="row")
    return rule


def check_open(application: Application, book: Rulebook, field: str) -> None:
    """Raises Conflict when the person may not change this field of the form now."""
    if field.partition(".")[0] in editable_fields(application, book):
        return
    state = ApplicationState(application.state)
    if state is ApplicationState.SENT_BACK and book.review.withdraw_before_edit:
        raise Conflict("请先点“撤回”，再修改附件。", code="withdraw_first", params={"state": state.value})
    label = field_of(book, field).label
    raise Conflict(f"申请现在是“{state.label}”，不能修改“{label}”。", code="field_fixed", params={"state": state.value})


def check_begin(rule: FileRule, size: int, media_type: str, sha256: str) -> None:
    """Checks before the content is read. Raises InvalidInput."""
    if size < 1:
        raise InvalidInput("文件是空的，请重新选择。", code="file_empty", field="size")
    if size > rule.size_max:
        raise InvalidInput(
            f"文件有{print_size(size)}，最大{print_size(rule.size_max)}，请压缩后再上传。",
            code="file_too_large",
            field="size",
            params={"size_max": rule.size_max},
        )
    believed = media_type.partition(";")[0].strip().lower()
    if believed not in _UNSURE and _BELIEVED.get(believed) not in rule.types:
        raise InvalidInput(f"这里只能上传{print_types(rule)}，请另存后再上传。", code="file_type", field="media_type")
    if sha256 and not _SHA256.fullmatch(sha256):
        raise InvalidInput("文件摘要应为64位小写十六进制。", code="bad_sha256", field="sha256")


def print_types(rule: FileRule) -> str:
    """``JPG、PNG``"""
    return "、".join(_WORDS[file_type] for file_type in rule.types)


def print_size(size: int) -> str:
    """``5.0MB``, ``80KB``; ``size`` in bytes."""
    return f"{size / 1_000_000:.1f}MB" if size >= 100_000 else f"{max(1, size // 1000)}KB"
