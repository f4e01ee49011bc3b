"""Read PDF documents as a person with a phone does."""

from __future__ import annotations

import io

import pypdfium2
from pypdf import PdfReader

from sandbox.qr_reader import read


def text_of(pdf: bytes) -> str:
    """The text without blanks and zero-width spaces."""
    pages = [page.extract_text().replace("\u200b", "") for page in PdfReader(io.BytesIO(pdf)).pages]
    return "".join("".join(pages).split())


def code_on(pdf: bytes) -> str:
    """Text of the QR code on the first page."""
    picture = io.BytesIO()
    pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil().save(picture, "PNG")
    return read(picture.getvalue())
