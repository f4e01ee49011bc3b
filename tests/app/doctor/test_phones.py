"""What the doctor says of the numbers from which pools call."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.doctor.phones import CALL_BACKS, check_phones
from app.rulebook_files import load_rulebooks
from app.sandbox_phones import with_demo_phones
from config.settings import Settings, VoicePool

RULEBOOKS = load_rulebooks(Path("config/rulebooks"), ["hunan", "jilin"])
NUMBER = "0731-12345678"


def findings(hunan: VoicePool, jilin: VoicePool) -> list[str]:
    settings = with_demo_phones(Settings(pools=("hunan", "jilin")))
    templates = {pool: settings.voice.pools[pool].templates for pool in RULEBOOKS}
    given = {"hunan": hunan, "jilin": jilin}
    pools = {
        pool: voice if voice.share else voice.model_copy(update={"templates": templates[pool]})
        for pool, voice in given.items()
    }
    voice = settings.voice.model_copy(update={"pools": pools})
    checked = check_phones(settings.model_copy(update={"voice": voice}), RULEBOOKS)
    return [f"{finding.state}: {finding.text}" for finding in checked if finding.check == CALL_BACKS]


@pytest.mark.parametrize(
    ("hunan", "jilin", "words"),
    [
        (VoicePool(), VoicePool(), []),
        (VoicePool(show_number=NUMBER, takes_calls=True), VoicePool(share="hunan"), []),
        (VoicePool(show_number=NUMBER), VoicePool(), ["skipped: hunan 的专家回拨 073112345678 无人应答"]),
        (VoicePool(show_number="0731..."), VoicePool(), ["不是电话号码：0731..."]),
        (
            VoicePool(show_number=NUMBER, takes_calls=True),
            VoicePool(show_number="073112345678", takes_calls=True),
            ["problem: hunan、jilin 使用同一个主叫号码 073112345678"],
        ),
    ],
)
def test_a_number_that_people_call_back_is_answered_and_one_pools(
    hunan: VoicePool, jilin: VoicePool, words: list[str]
) -> None:
    texts = findings(hunan, jilin)
    assert len(texts) == len(words)
    assert all(word in text for word, text in zip(words, texts, strict=True))


def test_a_number_that_takes_calls_has_to_be_known() -> None:
    with pytest.raises(ValueError, match="takes_calls needs show_number"):
        VoicePool(takes_calls=True)
