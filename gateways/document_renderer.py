"""Documents as PDF, set by Typst from templates beside this module."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import structlog

from domain.errors import Transient
from gateways.fonts import find_fonts

if TYPE_CHECKING:
    from gateways.typst_compiler import DocumentCompiler

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TEMPLATES = Path(__file__).parent / "document_templates"
TIMEOUT = 30.0
"""Seconds within which a document must be ready, including the wait for documents before it."""
_SHARED = "base"
OutputFormat = Literal["pdf", "png"]


class TypstRenderer:
    """Implements the port DocumentRenderer.

    ``template`` is a name; its head lists what ``content`` must hold. Texts are data, never interpreted as markup.
    ``content["qr"]`` is a text that the document shows as a QR code.

    One thread sets one document after the other (a compiler serves one caller at a time): first 200 ms, then some 10 ms
    each, outside of Python's lock. Typst and the fonts, 40 MB, are loaded for the first document only.
    """

    def __init__(self, fonts: Path | None = None) -> None:
        """``fonts`` is a folder of font files; None: those of the wheel ``mplfonts``. Raises FontsMissing."""
        self._folder = find_fonts(fonts)
        self._templates = {path.stem for path in TEMPLATES.glob("*.typ")} - {_SHARED}
        self._compiler: DocumentCompiler | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="renderer")

    def load(self) -> DocumentCompiler:
        """Load Typst with the fonts once. Slow; raises FontsMissing where no font can be used."""
        if self._compiler is None:
            from gateways.typst_compiler import DocumentCompiler  # noqa: PLC0415 (most processes set no document)

            self._compiler = DocumentCompiler(TEMPLATES, self._folder)
        return self._compiler

    async def render_pdf(self, template: str, content: Mapping[str, object]) -> bytes:
        """Raises Rejected for content that does not fit the template, Transient when it takes too long.

        ValueError for a template that does not exist.
        """
        return await self._set_document(template, content, "pdf")

    async def preview(self, template: str, content: Mapping[str, object]) -> bytes:
        """The first page as PNG."""
        return await self._set_document(template, content, "png")

    def close(self) -> None:
        """Accept no more documents; documents being set are finished."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _set_document(self, template: str, content: Mapping[str, object], form: OutputFormat) -> bytes:
        if template not in self._templates:
            raise ValueError(f"there is no template {template!r}")
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._compile, template, content, form)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await work
        except TimeoutError as error:
            log.error("document_slow", template=template)
            raise Transient("the renderer takes too long") from error

    def _compile(self, template: str, content: Mapping[str, object], form: OutputFormat) -> bytes:
        return self.load().compile(template, content, form)
