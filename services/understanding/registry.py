"""Use cases of understanding, for the edges."""

from __future__ import annotations

from dataclasses import dataclass

from services.understanding.meanings import Meanings


@dataclass(frozen=True)
class UnderstandingServices:
    meanings: Meanings
