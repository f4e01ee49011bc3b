"""One rulebook by its file."""

from __future__ import annotations

from pathlib import Path

from app.rulebook_files import load_rulebooks
from domain.rulebook.book import Rulebook


def load_rulebook(path: Path) -> Rulebook:
    return load_rulebooks(path.parent, [path.stem])[path.stem]
