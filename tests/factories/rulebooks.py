"""One rulebook by its file or its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from app.rulebook_files import load_rulebooks, read_layer
from app.rulebook_files import parse_rulebook as parse_files
from domain.rulebook.book import Rulebook, RulebookError
from domain.rulebook.sections import Ladder
from services.core.base import Deps


def load_rulebook(path: Path) -> Rulebook:
    return load_rulebooks(path.parent, [path.stem])[path.stem]


def parse_rulebook(text: str, name: str, *, below: Mapping[str, str], on: date | None = None) -> Rulebook:
    """A pool's file (``text``, called ``name`` in errors) laid over the files ``below`` (name to text)."""
    parsed = parse_files({**below, name: text}, name, on, read_layer)
    if parsed.book is None:
        raise RulebookError(parsed.problems[0])
    return parsed.book


def with_short_ladders(deps: Deps, **channels: tuple[str, ...]) -> Deps:
    """The demo pool, which notifies of these kinds on these channels at once, and of all others by WeChat only."""
    book = deps.book("demo")
    ladder = {kind: _only_channels(rules, channels.get(kind, ("wechat",))) for kind, rules in book.ladder.items()}
    return replace(deps, rulebooks={"demo": book.model_copy(update={"ladder": ladder})})


def _only_channels(ladder: Ladder, channels: tuple[str, ...]) -> Ladder:
    steps = {step.channel: step.model_copy(update={"after": timedelta()}) for step in ladder.steps}
    return ladder.model_copy(update={"steps": tuple(steps[name] for name in channels if name in steps) or ladder.steps})


def with_field(deps: Deps, code: str, **changed: object) -> Deps:
    """With other rules for a field of the form of every pool."""
    books = {}
    for pool, book in deps.rulebooks.items():
        field = book.form.fields[code].model_copy(update=changed)
        form = book.form.model_copy(update={"fields": {**book.form.fields, code: field}})
        books[pool] = book.model_copy(update={"form": form})
    return replace(deps, rulebooks=books)
