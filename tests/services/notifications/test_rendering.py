"""What a person reads and hears of a notice, as it is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import SHANGHAI
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import FIELD_LIMITS, KINDS, SMS_LIMIT, SMS_TWO_PARTS, count_parts, render_text
from services.notifications import rendering
from services.notifications.facts import facts_of
from tests.factories.rulebooks import load_rulebook

RULEBOOKS = Path("config/rulebooks")
SAMPLE_DAY = datetime(2026, 11, 21, 8, tzinfo=SHANGHAI)
"""The day of most moments in the samples of ``KINDS``."""
TODAY = "今天11月21日(周六)"


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rulebook(RULEBOOKS / "demo.toml")


@pytest.mark.parametrize(
    ("days_before", "printed"),
    [(0, "今天11月21日(周六) 09:30"), (1, "明天11月21日(周六) 09:30"), (5, "11月21日(周六) 09:30")],
)
def test_a_day_is_named_by_the_moment_of_sending(book: Rulebook, days_before: int, printed: str) -> None:
    now, params = SAMPLE_DAY - timedelta(days=days_before), KINDS["draw_call"]
    assert f"集合时间：{printed}\n" in rendering.chat_text(book, "draw_call", params, now)
    variables = rendering.sms_params(book, "draw_accepted", KINDS["draw_accepted"], now)
    assert variables["gathering"] == printed


def test_a_call_says_today_and_the_date(book: Rulebook) -> None:
    message = rendering.voice_message(book, "draw_call", KINDS["draw_call"], SAMPLE_DAY)
    assert message.params["gathering_spoken"] == "今天，11月21日星期六上午9点30分"


def test_a_short_form_gets_its_weekday_with_the_name_of_the_day(book: Rulebook) -> None:
    variables = rendering.sms_params(book, "draw_call", KINDS["draw_call"], SAMPLE_DAY)
    assert variables["gathering_short"] == f"{TODAY}09:30"


def test_what_wechat_reads_as_a_time_stays_one(book: Rulebook) -> None:
    fields = rendering.card_fields(book, "draw_call", KINDS["draw_call"], SAMPLE_DAY)
    assert fields["time1"] == "2026年11月21日 09:30"


def test_a_field_without_room_keeps_the_date_whole(book: Rulebook) -> None:
    fields = rendering.card_fields(book, "recall_call", KINDS["recall_call"], SAMPLE_DAY)
    assert fields["thing3"] == "请在11月21日09:30前答复"


def test_a_date_that_a_person_has_typed_stays_as_it_is(book: Rulebook) -> None:
    params = {**KINDS["exam_changed"], "reason": "场次改为11月21日(周六) 09:30至11:00"}
    text = rendering.chat_text(book, "exam_changed", params, SAMPLE_DAY)
    assert "场次改为11月21日(周六) 09:30至11:00" in text
    assert TODAY in text


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_naming_a_day_costs_no_message_and_no_field_its_end(book: Rulebook, kind: str) -> None:
    texts, params = book.texts[kind], KINDS[kind]
    if texts.sms is not None:
        sms = render_text(texts.sms, rendering.sms_params(book, kind, params, SAMPLE_DAY))
        assert len(sms) <= (SMS_LIMIT if count_parts(render_text(texts.sms, params)) == 1 else SMS_TWO_PARTS)
    for key, value in rendering.card_fields(book, kind, params, SAMPLE_DAY).items():
        form = key.rstrip("0123456789")
        assert len(value) <= FIELD_LIMITS.get(form, 64)


@pytest.mark.parametrize("kind", ["draw_call", "draw_accepted", "recall_call"])
def test_an_invitation_and_its_confirmation_name_the_number_to_save(book: Rulebook, kind: str) -> None:
    for number, advice in (("057156210011", "请保存来电号码057156210011"), ("", "请留意接听电话")):
        given = {name: value for name, value in KINDS[kind].items() if name != "save_number"}
        facts = facts_of(book.pool, number, given, None)
        assert advice in rendering.chat_text(book, kind, facts, SAMPLE_DAY)
        assert advice in rendering.card_fields(book, kind, facts, SAMPLE_DAY).values()
        assert rendering.sms_params(book, kind, facts, SAMPLE_DAY)["save_number"] == advice
        assert rendering.sms_parts(book, kind, facts) <= 2
