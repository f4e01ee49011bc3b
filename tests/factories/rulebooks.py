"""One rulebook by its file or its text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from app.rulebook_files import load_rulebooks, read_layer
from app.rulebook_files import parse_rulebook as parse_files
from domain.rulebook.book import Rulebook, RulebookError


def load_rulebook(path: Path) -> Rulebook:
    return load_rulebooks(path.parent, [path.stem])[path.stem]


def parse_rulebook(text: str, name: str, *, below: Mapping[str, str], on: date | None = None) -> Rulebook:
    """A pool's file (``text``, called ``name`` in errors) laid over the files ``below`` (name to text)."""
    parsed = parse_files({**below, name: text}, name, on, read_layer)
    if parsed.book is None:
        raise RulebookError(parsed.problems[0])
    return parsed.book
