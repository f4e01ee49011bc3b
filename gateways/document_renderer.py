"""Papers as PDF, set by Typst from templates beside this module."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import qrcode
import structlog
import typst
from qrcode.constants import ERROR_CORRECT_M

from domain.errors import Rejected, Transient

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PAPERS = Path(__file__).parent / "papers"
TIMEOUT = 30.0
"""Seconds within which a paper must be there, the wait for those before it included."""
CONTENT_MAX = 8 * 1024 * 1024
"""Bytes of a paper's content as JSON."""
_PREFERRED = ("Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC")
"""In this order: Song type, as official papers are set, before the one without serifs. Rare characters of names that
the first lacks are taken from the next."""
_SHARED = "base"


class FontsMissing(Exception):
    """No font with Chinese characters was found; the text says where we looked."""


class TypstPrinter:
    """Implements the port Printer.

    ``paper`` is the name of a template; what ``content`` must hold stands at its top. Texts are data: no character of
    them is markup. Content's ``qr`` is a text that the paper shows as a QR code.

    One thread sets one paper after the other (a compiler serves one caller at a time): first 100 ms, then some
    10 ms each, outside of Python's lock.
    """

    def __init__(self, fonts: Path | None = None) -> None:
        """``fonts`` is a folder of font files; None: those of the wheel ``mplfonts``. Raises FontsMissing."""
        folder = fonts or wheel_fonts()
        self._fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
        found = self._fonts.families()
        self._families = [name for name in _PREFERRED if name in found] or found
        if not self._families:
            raise FontsMissing(f"{folder} holds no font; name a folder with a Chinese one (PBT_FONTS)")
        self._papers = {path.stem for path in PAPERS.glob("*.typ")} - {_SHARED}
        self._compilers: dict[str, typst.Compiler] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="printer")

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

    async def _set(self, paper: str, content: Mapping[str, object], form: typst.OutputFormat) -> bytes:
        if paper not in self._papers:
            raise ValueError(f"there is no paper {paper!r}")
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._compile, paper, content, form)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await work
        except TimeoutError as error:
            log.error("paper_slow", paper=paper)
            raise Transient("the printer takes too long") from error
        except typst.TypstError as error:
            log.error("paper_failed", paper=paper, reason=error.message)
            raise Rejected("template", "the paper can't be set") from error

    def _compile(self, paper: str, content: Mapping[str, object], form: typst.OutputFormat) -> bytes:
        text = json.dumps(_with_code(content), ensure_ascii=False)
        if len(text) > CONTENT_MAX:
            raise ValueError(f"the content of {paper} is too long")
        compiler = self._compilers.get(paper) or self._compiler(paper)
        inputs = {"content": text, "fonts": json.dumps(self._families)}
        made = compiler.compile(format=form, sys_inputs=inputs, pdf_tags=True)
        pages = made if isinstance(made, list) else [made]
        first = pages[0]
        assert first is not None  # noqa: S101  # None is only returned when writing to a file
        return first

    def _compiler(self, paper: str) -> typst.Compiler:
        path = PAPERS / f"{paper}.typ"
        made = typst.Compiler(str(path), root=str(PAPERS), font_paths=self._fonts, ignore_system_fonts=True)
        self._compilers[paper] = made
        return made


def wheel_fonts() -> Path:
    """The fonts of the wheel ``mplfonts``, which is never imported. Raises FontsMissing."""
    spec = importlib.util.find_spec("mplfonts")
    if spec is None or spec.origin is None:
        raise FontsMissing("the wheel mplfonts is not installed; install it or name a folder of fonts (PBT_FONTS)")
    return Path(spec.origin).parent / "fonts"


def _with_code(content: Mapping[str, object]) -> dict[str, object]:
    """The text under ``qr`` drawn as SVG under ``qr_svg``."""
    text = content.get("qr")
    return {**content, "qr_svg": draw_code(text) if isinstance(text, str) and text else ""}


def draw_code(text: str) -> str:
    """A QR code as SVG, its quiet zone of two modules included (paper around it is white)."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=2)
    code.add_data(text)
    code.make(fit=True)
    matrix = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, line in enumerate(matrix) for x, dark in enumerate(line) if dark)
    size = len(matrix)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>'
