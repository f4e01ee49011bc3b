"""Sentences of intents are read from their files, and contradictions among them are named."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from domain.understanding.intents import BadIntents
from domain.understanding.sentences import read_sentences


def _files(*tables: str, unknown: str = "") -> dict[str, dict[str, Any]]:
    return {
        "some.toml": tomllib.loads("\n".join(tables)),
        "unknown.toml": {"sentences": [unknown] if unknown else []},
    }


def _table(intent_id: str, *sentences: str, more: str = "") -> str:
    filled = [*sentences, *(f"{intent_id} {number}" for number in range(20))]
    listed = ", ".join(f'"{sentence}"' for sentence in filled)
    return f"[{intent_id}]\nparaphrases = [{listed}]\n{more}"


def test_each_sentence_is_labelled_once_with_what_it_means() -> None:
    leave = _table("a", "去不了", more='unlike = [["能去吗", "b"], ["去哪玩", ""]]')
    sentences = read_sentences(_files(leave, _table("b", "能去吗？"), unknown="天气不错"), ["a", "b"])
    labelled = dict(sentences.labelled())
    assert len(sentences.labelled()) == 44
    assert (labelled["去不了"], labelled["能去吗"], labelled["去哪玩"], labelled["天气不错"]) == ("a", "b", "", "")


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        ([_table("a", "去不了"), _table("b", "去不了。")], "去不了 (a) and 去不了。 (b) are one sentence"),
        (
            [_table("a"), _table("b", more='unlike = [["a1", ""]]')],
            "a 1 (a) and a1 (unknown) are one sentence",
        ),
        ([_table("a", more='unlike = [["不去", "c"]]'), _table("b")], "a: 不去 means c, which is no intent"),
        (
            [_table("a", "不去", more='unlike = [["不去！", ""]]'), _table("b")],
            "stands both among its paraphrases and its opposites",
        ),
        ([_table("a", more='leads = "b"'), _table("b")], "leads in a"),
        (['[a]\nparaphrases = ["一句"]', _table("b")], "a has 1 paraphrases"),
        (["[a]", _table("b")], "some.toml: a: KeyError('paraphrases')"),
        ([_table("a")], "b has no sentences"),
        ([_table("a"), _table("b"), _table("c")], "c is no intent"),
    ],
)
def test_a_fault_is_named(tables: list[str], fault: str) -> None:
    with pytest.raises(BadIntents) as caught:
        read_sentences(_files(*tables), ["a", "b"])
    assert fault in str(caught.value)


def test_a_sentence_without_meaning_is_no_paraphrase() -> None:
    with pytest.raises(BadIntents) as caught:
        read_sentences(_files(_table("a", "天气不错"), unknown="天气不错！"), ["a"])
    assert caught.value.faults == ["天气不错 (a) and 天气不错！ (unknown) are one sentence"]
