"""One rulebook, by its file or by its text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from app.rulebook_files import load_rulebooks
from domain.rulebook.book import Rulebook, RulebookError, parse_layers


def load_rulebook(path: Path) -> Rulebook:
    return load_rulebooks(path.parent, [path.stem])[path.stem]


def parse_rulebook(text: str, name: str, *, below: Mapping[str, str] | None = None, on: date | None = None) -> Rulebook:
    """Parse a pool's file (``text``, called ``name`` in errors) laid over the files ``below`` (name to text).

    ``on`` decides which of two dated values holds; None takes the newest. Raises RulebookError.
    """
    parsed = parse_layers({**(below or {}), name: text}, name, on)
    if parsed.book is None:
        raise RulebookError(parsed.problems[0])
    return parsed.book
