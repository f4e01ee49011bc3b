"""Papers as PDF, set by Typst from templates beside this module."""

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
    from gateways.typst_compiler import PaperCompiler

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PAPERS = Path(__file__).parent / "papers"
TIMEOUT = 30.0
"""Seconds within which a paper must be there, the wait for those before it included."""
_SHARED = "base"
OutputFormat = Literal["pdf", "png"]


class TypstRenderer:
    """Implements the port DocumentRenderer.

    ``paper`` is the name of a template; what ``content`` must hold stands at its top. Texts are data: no character of
    them is markup. Content's ``qr`` is a text that the paper shows as a QR code.

    One thread sets one paper after the other (a compiler serves one caller at a time): first 200 ms, then some
    10 ms each, outside of Python's lock. Typst and the fonts, 40 MB, are loaded for the first paper only.
    """

    def __init__(self, fonts: Path | None = None) -> None:
        """``fonts`` is a folder of font files; None: those of the wheel ``mplfonts``. Raises FontsMissing."""
        self._folder = find_fonts(fonts)
        self._papers = {path.stem for path in PAPERS.glob("*.typ")} - {_SHARED}
        self._compiler: PaperCompiler | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="renderer")

    def load(self) -> PaperCompiler:
        """Typst with the fonts, loaded once. Slow; raises FontsMissing where no font can be used."""
        if self._compiler is None:
            from gateways.typst_compiler import PaperCompiler  # noqa: PLC0415 (most processes set no paper)

            self._compiler = PaperCompiler(PAPERS, self._folder)
        return self._compiler

    async def render_pdf(self, paper: str, content: Mapping[str, object]) -> bytes:
        """Raises Rejected for content that does not fit the template, Transient when it takes too long.

        ValueError for a paper that there is no template of.
        """
        return await self._set(paper, content, "pdf")

    async def preview(self, paper: str, content: Mapping[str, object]) -> bytes:
        """The first page as PNG."""
        return await self._set(paper, content, "png")

    def close(self) -> None:
        """Take no more papers; what is being set is finished."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _set(self, paper: str, content: Mapping[str, object], form: OutputFormat) -> bytes:
        if paper not in self._papers:
            raise ValueError(f"there is no paper {paper!r}")
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._compile, paper, content, form)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await work
        except TimeoutError as error:
            log.error("paper_slow", paper=paper)
            raise Transient("the renderer takes too long") from error

    def _compile(self, paper: str, content: Mapping[str, object], form: OutputFormat) -> bytes:
        return self.load().compile(paper, content, form)
