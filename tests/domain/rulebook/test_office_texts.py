"""Texts that the office words itself: each stands in the rulebook, and an edit replaces it and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.rulebook import notice_texts
from domain.rulebook.book import Rulebook
from domain.rulebook.office_texts import OFFICE, TEXTS, Edit, OfficeText, lay_edits, texts_of, value_of

ROOT = Path(__file__).parents[3]
BOOKS = load_rulebooks(ROOT / "config/rulebooks", ["demo", "guangdong", "hunan", "jilin", "xinjiang"])
DEMO = BOOKS["demo"]


@pytest.mark.parametrize("pool", BOOKS)
def test_every_pool_has_its_texts_and_each_value_of_its_file_fits(pool: str) -> None:
    book = BOOKS[pool]
    texts = texts_of(book)
    assert {"hotline", "guide", "faq", "privacy", "welcome"} <= {text.code for text in texts}
    for text in texts:
        laid, unfit = lay_edits(book, {text.code: Edit(value_of(book, text), "1")})
        assert unfit == []
        assert value_of(laid, text) == value_of(book, text)


def test_an_edit_replaces_its_text_and_nothing_else() -> None:
    laid, unfit = lay_edits(DEMO, {"welcome": Edit("您好。", "2026-11-26-7")})
    assert (laid.pool.welcome, unfit) == ("您好。", [])
    assert laid.pool.privacy_version == DEMO.pool.privacy_version
    assert _dump_but(laid, "pool") == _dump_but(DEMO, "pool")
    assert (laid.provenance("pool.welcome").file, laid.source("pool.welcome")) == (OFFICE, None)
    assert laid.provenance("pool.help") == DEMO.provenance("pool.help")
    assert DEMO.provenance("pool.welcome").file != OFFICE


def test_an_edited_privacy_text_is_a_version_of_its_own() -> None:
    laid, _ = lay_edits(DEMO, {"privacy": Edit("只收集必要的信息。", "2026-11-26-7")})
    assert (laid.pool.privacy_text, laid.pool.privacy_version) == ("只收集必要的信息。", "2026-11-26-7")


def test_without_a_value_the_rulebooks_holds() -> None:
    assert lay_edits(DEMO, {"privacy": Edit(None, "2026-11-26-8")}) == (DEMO, [])


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("welcome", ""),
        ("hotlines", []),
        ("faq", [{"question": "怎么办？"}]),
        ("advice", {"广州": "020-1"}),
        ("quick_remarks", ["长" * 51]),
        ("public_notice", "本库没有公示"),
        ("no_such_text", "一"),
    ],
)
def test_what_does_not_fit_the_file_any_more_leaves_the_files_value(code: str, value: object) -> None:
    """A file may be changed after an edit was published: the process goes on with its value, and says so."""
    book = DEMO.model_copy(update={"notice": None})
    laid, unfit = lay_edits(book, {code: Edit(value, "1"), "hotline": Edit("12345", "1")})
    assert unfit == [code]
    assert laid.pool.hotline == "12345"
    assert _dump_but(laid, "pool") == _dump_but(book, "pool")


def test_every_text_names_a_key_where_it_is_read_and_what_it_is_for() -> None:
    for text in TEXTS.values():
        assert text.places
        assert text.purpose.endswith("。")
        assert text.form != "paragraphs" or text.longest
        assert text in texts_of(DEMO) or _is_left_out(DEMO, text), f"{text.code} names no key of the rulebook"


@pytest.mark.parametrize("pool", BOOKS)
def test_the_longest_hotline_fits_every_message(pool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = "0" * TEXTS["hotline"].longest
    kinds = {kind: {**facts, "hotline": longest} for kind, facts in notice_texts.KINDS.items()}
    monkeypatch.setattr(notice_texts, "KINDS", kinds)
    problems = [
        problem for kind, texts in BOOKS[pool].texts.items() for problem in notice_texts.check_kind(kind, texts)
    ]
    assert problems == []


def _dump_but(book: Rulebook, section: str) -> dict[str, object]:
    return {name: value for name, value in book if name != section}


def _is_left_out(book: Rulebook, text: OfficeText) -> bool:
    return text.code == "registration_closed" and book.registration.open
