"""Pages of a PDF as pictures, drawn in the limited process."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from domain.errors import InvalidInput
from services.inspection.checker import FileChecker
from tests.factories.files import pdf


def locked_pdf() -> bytes:
    return pdf(1, lambda writer: writer.encrypt("secret"))


async def test_each_page_becomes_a_picture() -> None:
    drawn = await FileChecker().draw_pages("gd", pdf(3), 800, 10)
    assert len(drawn) == 3
    for content in drawn:
        with Image.open(io.BytesIO(content)) as picture:
            assert (picture.format, max(picture.size)) == ("JPEG", 800)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (pdf(3), "too_many_pages"),
        (locked_pdf(), "file_broken"),
        (pdf()[:200], "file_broken"),
        (b"", "file_broken"),
        (b"%PDF-1.7 and nothing else", "file_broken"),
        (b"\x89PNG\r\n", "file_broken"),
    ],
    ids=["too many", "locked", "cut off", "empty", "a head alone", "a picture"],
)
async def test_what_cannot_be_drawn_is_said(content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await FileChecker().draw_pages("gd", content, 800, 2)
    assert refusal.value.code == code
