"""``python -m app.rulebook_docs`` writes ``docs/reference/rulebooks.md``."""

from __future__ import annotations

from pathlib import Path

from app.rulebook_files import load_rulebooks
from domain.rulebook.book import Rulebook
from domain.rulebook.docs import render_page

ROOT = Path(__file__).resolve().parents[1]


PAGE = ROOT / "docs" / "reference" / "rulebooks.md"


RULEBOOKS = ROOT / "config" / "rulebooks"


def main() -> None:
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render_page(load_all()), encoding="utf-8")


def load_all() -> dict[str, Rulebook]:
    """Every pool of the folder, the demo first."""
    pools = sorted(path.stem for path in RULEBOOKS.glob("*.toml") if not path.name.startswith("_"))
    return load_rulebooks(RULEBOOKS, sorted(pools, key=lambda pool: pool != "demo"))


if __name__ == "__main__":
    main()
