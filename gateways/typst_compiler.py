"""Typst with our templates and fonts. Loading both takes 200 ms and 40 MB, so ``document_renderer`` does it late."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import qrcode
import structlog
import typst
from qrcode.constants import ERROR_CORRECT_M

from domain.errors import Rejected
from gateways.fonts import no_font

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CONTENT_MAX = 8 * 1024 * 1024
"""Bytes of a document's content as JSON."""
_PREFERRED = ("Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC")
"""In this order: Song type, in which official papers are set, before the sans-serif one. Rare characters that the first
font lacks are taken from the next."""


class DocumentCompiler:
    """Synchronous; serves one caller at a time."""

    def __init__(self, templates: Path, fonts: Path) -> None:
        """Folders of templates and of font files. Raises FontsMissing where no font can be used."""
        self._templates = templates
        self._fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)])
        available = self._fonts.families()
        self._families = [name for name in _PREFERRED if name in available] or available
        if not self._families:
            raise no_font(fonts)
        self._compilers: dict[str, typst.Compiler] = {}

    def compile(self, template: str, content: Mapping[str, object], form: typst.OutputFormat) -> bytes:
        """Raises Rejected for content that does not fit the template."""
        text = json.dumps(_with_qr_svg(content), ensure_ascii=False)
        if len(text) > CONTENT_MAX:
            raise ValueError(f"the content of {template} is too long")
        compiler = self._compilers.get(template) or self._compiler(template)
        inputs = {"content": text, "fonts": json.dumps(self._families)}
        try:
            compiled = compiler.compile(format=form, sys_inputs=inputs, pdf_tags=True)
        except typst.TypstError as error:
            log.error("document_failed", template=template, reason=error.message)
            raise Rejected("template", "the document can't be set") from error
        pages = compiled if isinstance(compiled, list) else [compiled]
        first = pages[0]
        assert first is not None  # noqa: S101  # None is only returned when writing to a file
        return first

    def _compiler(self, template: str) -> typst.Compiler:
        path = self._templates / f"{template}.typ"
        compiler = typst.Compiler(
            str(path), root=str(self._templates), font_paths=self._fonts, ignore_system_fonts=True
        )
        self._compilers[template] = compiler
        return compiler


def _with_qr_svg(content: Mapping[str, object]) -> dict[str, object]:
    """The content with the text under ``qr`` drawn as SVG under ``qr_svg``."""
    text = content.get("qr")
    return {**content, "qr_svg": draw_code(text) if isinstance(text, str) and text else ""}


def draw_code(text: str) -> str:
    """A QR code as SVG, with a quiet zone of two modules (the paper around it is white)."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=2)
    code.add_data(text)
    code.make(fit=True)
    matrix = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, line in enumerate(matrix) for x, dark in enumerate(line) if dark)
    size = len(matrix)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>'
