"""The shipped intents, their sentences and their model."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.intent_files import FOLDER, MODEL, SHIPPED_INTENTS, IntentFiles, load_model
from domain.understanding.intents import UNKNOWN, BadIntents
from domain.understanding.model import BadModel, digest_sentences
from domain.understanding.sentences import Sentences
from handlers import commands

UNLIKE_MIN = 20
"""Sentences that must not lead to an act, beside those of all other intents."""


@pytest.fixture(scope="module")
def sentences() -> Sentences:
    return SHIPPED_INTENTS.read_sentences()


def test_the_intents_are_enough_and_written_in_peoples_words(sentences: Sentences) -> None:
    listed = [sentence for sentence, _ in sentences.labelled()]
    assert len(SHIPPED_INTENTS.intents) >= 120
    assert len(listed) >= 2_000
    assert len(sentences.unknown) >= 500
    assert all(0 < len(sentence) <= 120 for sentence in listed)
    titles = [intent.title for intent in SHIPPED_INTENTS.intents.values()]
    assert all(len(title) <= 14 for title in titles)
    assert len(set(titles)) == len(titles)


def test_every_act_has_sentences_that_must_not_lead_to_it(sentences: Sentences) -> None:
    acts = [intent for intent in SHIPPED_INTENTS.intents.values() if intent.is_act]
    assert len(acts) >= 15
    assert [act.id for act in acts if len(sentences.by_intent[act.id].unlike) < UNLIKE_MIN] == []


def test_the_model_was_trained_on_these_sentences(sentences: Sentences) -> None:
    model = SHIPPED_INTENTS.model
    assert model is not None
    assert set(model.labels) == {UNKNOWN, *SHIPPED_INTENTS.intents}
    assert model.data_digest == digest_sentences(sentences.labelled()), "the sentences have changed: make intents"


def test_words_and_taps_of_intents_can_be_tapped() -> None:
    for intent in SHIPPED_INTENTS.intents.values():
        assert set(intent.taps) <= set(commands.TAPS), intent.id
        assert not intent.word or intent.word in commands.TAPS, intent.id


def test_without_a_model_the_rest_can_be_read(tmp_path: Path) -> None:
    files = IntentFiles(tmp_path)
    with capture_logs() as logs:
        assert files.model is None
    assert [entry["event"] for entry in logs] == ["intent_model_unreadable"]
    assert files.intents == {}


def test_a_broken_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / MODEL).write_bytes((FOLDER / MODEL).read_bytes()[:-5])
    with pytest.raises(BadModel, match="bytes of weights"):
        load_model(tmp_path / MODEL)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[a", encoding="utf-8")
    with pytest.raises(BadIntents):
        _ = IntentFiles(tmp_path).intents
