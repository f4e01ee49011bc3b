"""Kinds of files that people hand in, by the usual ending of their names."""

from __future__ import annotations

from typing import Literal

FileType = Literal["jpg", "png", "pdf"]
"""What an attachment may be."""
MaterialType = FileType | Literal["docx", "xlsx", "zip"]
"""What material for people to read may be."""
