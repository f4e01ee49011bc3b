"""Documents as PDF, and their signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class DocumentRenderer(Protocol):
    """Documents as PDF. ``template`` is a name, ``content`` is JSON-able; its requirements stand in the template."""

    async def render_pdf(self, template: str, content: Mapping[str, object]) -> bytes: ...

    async def preview(self, template: str, content: Mapping[str, object]) -> bytes:
        """The first page as PNG, for a screen."""
        ...


class Sealer(Protocol):
    """Signs PDFs in a pool's name."""

    async def seal(self, pool: str, pdf: bytes, reason: str) -> bytes:
        """The signed PDF, or the unchanged one where the pool has no seal."""
        ...
