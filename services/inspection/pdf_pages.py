"""Pages of a PDF as images, for phones: WeChat's browser on Android opens no PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdfium2

from domain.errors import InvalidInput

QUALITY = 82
_POINTS_MAX = 14_400
"""Maximum length of a side by the standard (200 inches)."""


def render_pages(content: bytes, side: int, pages_max: int) -> Sequence[bytes]:
    """Every page upright as JPEG, its longer side ``side``. Raises InvalidInput beyond ``pages_max`` pages, too."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise _unreadable_error() from error
    try:
        if not 1 <= len(document) <= pages_max:
            raise InvalidInput(f"PDF共{len(document)}页，最多{pages_max}页，请拆分后再上传。", code="too_many_pages")
        return [_render_page(page, side) for page in document]
    except (pypdfium2.PdfiumError, OSError, ValueError, MemoryError) as error:
        raise _unreadable_error() from error
    finally:
        document.close()


def _render_page(page: pypdfium2.PdfPage, side: int) -> bytes:
    longer = max(page.get_size())
    if not 1 <= longer <= _POINTS_MAX:
        raise ValueError("a page of no size")
    out = io.BytesIO()
    page.render(scale=side / longer, may_draw_forms=False).to_pil().convert("RGB").save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _unreadable_error() -> InvalidInput:
    return InvalidInput("PDF无法读取或设有密码，请重新导出后再上传。", code="file_broken")
