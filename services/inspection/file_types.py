"""File types and inspection results, without importing decoders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.file_types import FileType, MaterialType

MEDIA_TYPES: Mapping[FileType, str] = {"jpg": "image/jpeg", "png": "image/png", "pdf": "application/pdf"}
OFFICE_TYPES: Mapping[MaterialType, str] = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
XLSX, DOCX = OFFICE_TYPES["xlsx"], OFFICE_TYPES["docx"]
THUMBNAIL = 320
PREVIEW = 1600
"""Longer side in pixels."""


@dataclass(frozen=True)
class Found:
    """``thumbnail`` and ``preview`` are our own JPEGs, without the camera's metadata; empty for a PDF.

    ``made``: the JPEG that is stored instead of a HEIC; empty where the original is stored.
    """

    kind: FileType
    thumbnail: bytes
    preview: bytes
    made: bytes = b""
