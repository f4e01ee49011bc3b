"""The rulebooks that ship: all well, each value with its source or our decision, and the provinces' differences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.rulebook_files import check_rulebooks, load_rulebooks
from config.settings import Settings
from tests.factories.rulebooks import load_rulebook

RULEBOOKS = Path("config/rulebooks")


def beijing(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC) - timedelta(hours=8)


def test_every_pool_of_the_project_is_well() -> None:
    assert check_rulebooks(RULEBOOKS) == []


def test_every_pool_of_the_settings_has_a_rulebook() -> None:
    pools = Settings.model_fields["pools"].default
    assert list(load_rulebooks(RULEBOOKS, pools)) == pools


def test_every_value_of_the_manual_names_its_line() -> None:
    book = load_rulebook(RULEBOOKS / "guangdong.toml")
    manual = {
        "login.assurance_level_minimum": "L28",
        "draw.result_visible_before": "L1089",
        "draw.release.before_start": "L1028",
        "draw.notice.remarks_max": "L380",
        "attendance.urging_voice_max": "L1119",
        "attendance.urging_window": "L1117",
        "draw.numbers.normal": "L495",
    }
    for key, line in manual.items():
        assert line in str(book.source(key)), key


def test_a_pool_without_registration_invites_nobody_to_apply() -> None:
    books = [load_rulebook(RULEBOOKS / f"{pool}.toml") for pool in Settings.model_fields["pools"].default]
    closed = [book.pool for book in books if not book.registration.open]
    assert [pool.code for pool in closed] == ["guangdong"]
    for pool in closed:
        assert "申请入库" not in pool.welcome


def test_each_key_that_a_pool_sets_has_a_source_or_a_note() -> None:
    for pool, book in load_rulebooks(RULEBOOKS, ["hunan", "xinjiang", "jilin", "guangdong"]).items():
        for section in ("login", "projects", "draw", "voice", "attendance"):
            for key in (key for key in book.written_keys() if key.startswith(f"{section}.")):
                assert book.source(key) or book.provenance(key).note, f"{pool}: {key} has neither source nor note"


def test_every_kind_has_a_text_on_every_channel_of_its_ladder() -> None:
    for pool in Settings.model_fields["pools"].default:
        book = load_rulebook(RULEBOOKS / f"{pool}.toml")
        for kind, ladder in book.ladder.items():
            for step in ladder.steps:
                name = {"mini": "subscribe"}.get(step.channel, step.channel)
                assert getattr(book.texts[kind], name) is not None, f"{pool}: {kind} on {step.channel}"


def test_guangdong_rings_and_writes_at_once_and_others_write_first() -> None:
    books = load_rulebooks(RULEBOOKS, ["guangdong", "hunan", "xinjiang", "jilin"])
    guangdong = books.pop("guangdong").ladder["draw_call"].steps
    assert {step.channel: step.after for step in guangdong} == {"voice": timedelta(0), "wechat": timedelta(0)}
    for book in books.values():
        assert [step.channel for step in book.ladder["draw_call"].steps] == ["wechat", "sms", "voice"]


def test_a_demo_draw_takes_minutes() -> None:
    calling = load_rulebook(RULEBOOKS / "demo.toml").draw.calling
    assert calling.answer_timeout <= timedelta(minutes=3)
    assert calling.stop_before_gathering <= timedelta(minutes=5)


def test_jilin_draws_two_working_days_ahead_over_the_weekend() -> None:
    book = load_rulebook(RULEBOOKS / "jilin.toml")
    assert book.earliest_draw(beijing(2026, 11, 26, 9)) == beijing(2026, 11, 24, 0)
    assert book.earliest_draw(beijing(2026, 11, 23, 9)) == beijing(2026, 11, 19, 0)


def test_xinjiang_is_called_by_its_own_day() -> None:
    book = load_rulebook(RULEBOOKS / "xinjiang.toml")
    assert not book.draw.calling.hours.contains(beijing(2026, 11, 21, 9))
    assert book.draw.calling.hours.contains(beijing(2026, 11, 21, 21))


def test_only_experts_who_state_willing_regions_are_drawn_by_them() -> None:
    modes = {
        pool: book.draw.region_modes
        for pool, book in load_rulebooks(RULEBOOKS, Settings.model_fields["pools"].default).items()
    }
    assert [pool for pool, region_modes in modes.items() if "willing" in region_modes] == [
        "demo",
        "xinjiang",
        "guangdong",
    ]
