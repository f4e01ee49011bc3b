"""Intents are read from their files, and the shipped ones contradict themselves nowhere."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from domain.understanding.intents import BadIntents, IntentCatalogue, Speaker, read_intents

SHIPPED = Path(__file__).parents[3] / "config" / "intents"
ACTS = {
    "accept",
    "account_close",
    "appeal",
    "decline",
    "draw_withdraw",
    "late",
    "leave",
    "leave_pool",
    "leave_undo",
    "move_answer",
    "opening_moved",
    "pause",
    "project_cancelled",
    "recusal_panel",
    "recusal_unit",
    "report_bribery",
    "time_off",
    "undo_answer",
    "withdraw_application",
}
"""Intents that lead to an act: each needs sentences that must not lead to it."""


@pytest.fixture(scope="module")
def shipped() -> IntentCatalogue:
    return read_intents({path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in SHIPPED.glob("*.toml")})


def _files(*tables: str, unknown: str = "") -> dict[str, dict[str, Any]]:
    some = tomllib.loads("\n".join(tables))
    return {"some.toml": some, "unknown.toml": {"sentences": [unknown] if unknown else []}}


def _table(intent_id: str, *sentences: str, more: str = "") -> str:
    filled = [*sentences, *(f"{intent_id} {number}" for number in range(20))]
    listed = ", ".join(f'"{sentence}"' for sentence in filled)
    return f'[[intent]]\nid = "{intent_id}"\ntitle = "标题"\nwho = ["expert"]\nparaphrases = [{listed}]\n{more}'


def test_the_shipped_intents_are_enough_and_written_in_peoples_words(shipped: IntentCatalogue) -> None:
    sentences = [sentence for intent in shipped.intents.values() for sentence in intent.paraphrases]
    assert len(shipped.intents) >= 120
    assert len(sentences) >= 2_000
    assert len(shipped.unknown) >= 500
    assert all(0 < len(sentence) <= 120 for sentence in (*sentences, *shipped.unknown))
    assert all(len(intent.title) <= 14 for intent in shipped.intents.values())
    assert len({intent.title for intent in shipped.intents.values()}) == len(shipped.intents)


def test_every_act_has_sentences_that_must_not_lead_to_it(shipped: IntentCatalogue) -> None:
    assert set(shipped.intents) >= ACTS
    assert not [intent_id for intent_id in sorted(ACTS) if len(shipped.intents[intent_id].unlike) < 20]


def test_an_intent_is_meant_by_its_speakers_only(shipped: IntentCatalogue) -> None:
    assert shipped.intents["leave"].may_be_of([Speaker.APPLICANT, Speaker.EXPERT])
    assert not shipped.intents["leave"].may_be_of([Speaker.AGENCY, Speaker.GUEST])
    assert shipped.intents["human"].may_be_of([])


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        ([_table("a", "去不了"), _table("b", "去不了。")], "去不了 (a) and 去不了。 (b) are one sentence"),
        ([_table("a"), _table("a", "别的")], "the intent a stands twice"),
        ([_table("a", more='unlike = [["不去", "c"]]')], "a: 不去 means c, which is no intent"),
        (
            [_table("a", "不去", more='unlike = [["不去！", ""]]')],
            "stands both among its paraphrases and its opposites",
        ),
        ([_table("a", more='leads = "b"')], "leads in a"),
        ([_table("a").replace('"expert"', '"judge"')], "'judge' is not a valid Speaker"),
        (['[[intent]]\nid = "a"\ntitle = "标题"\nwho = []\nparaphrases = ["一句"]'], "a has 1 paraphrases"),
        (['[[intent]]\nid = "a"'], "some.toml: a: KeyError('title')"),
    ],
)
def test_a_fault_is_named(tables: list[str], fault: str) -> None:
    with pytest.raises(BadIntents) as caught:
        read_intents(_files(*tables))
    assert fault in str(caught.value)


def test_a_sentence_without_meaning_is_no_paraphrase() -> None:
    with pytest.raises(BadIntents) as caught:
        read_intents(_files(_table("a", "天气不错"), unknown="天气不错！"))
    assert caught.value.faults == ["天气不错 (a) and 天气不错！ (unknown) are one sentence"]
