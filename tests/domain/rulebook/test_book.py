"""Rulebooks: reading, the sources of values, and one-sentence errors for bad files."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app import rulebook_docs
from app.rulebook_docs import render_page
from app.rulebook_files import SHARED, check_rulebooks
from domain.rulebook.book import Rulebook, RulebookError
from domain.rulebook.notice_texts import (
    KINDS,
    SMS_LIMIT,
    SMS_TWO_PARTS,
    TemplateText,
    count_parts,
    render_fields,
    render_text,
    sms_templates,
    time_params,
    vendor_form,
    voice_templates,
)
from domain.rulebook.sections import Calendar, Ladder, LadderStep, PreviewRules
from domain.rulebook.types import parse_duration, parse_hours, print_duration
from tests.factories.rulebooks import load_rulebook, parse_rulebook

RULEBOOKS = Path("config/rulebooks")
NEW_PROVINCE = """
[pool]
code = "hainan"
name = "海南省综合评标专家库"
account_name = "海南评标专家库"
region = "460000"
hotline = "12345"

[draw]
terminals = ["海南省公共资源交易服务中心"]
"""


def shared_texts() -> dict[str, str]:
    return {name: (RULEBOOKS / name).read_text(encoding="utf-8") for name in SHARED}


def parse(text: str, on: date | None = None) -> Rulebook:
    """Parse the new province's file with more lines; those of ``[draw]`` go into its last table."""
    text = text.removeprefix("[draw]\n")
    return parse_rulebook(NEW_PROVINCE + text, "hainan.toml", below=shared_texts(), on=on)


def refusal(text: str, on: date | None = None) -> str:
    with pytest.raises(RulebookError) as caught:
        parse(text, on)
    return str(caught.value)


def copy_shared(folder: Path) -> None:
    for name, text in shared_texts().items():
        (folder / name).write_text(text, encoding="utf-8")


def beijing(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


# Reading


def test_a_new_province_is_one_new_file(tmp_path: Path) -> None:
    copy_shared(tmp_path)
    (tmp_path / "hainan.toml").write_text(NEW_PROVINCE, encoding="utf-8")
    book = load_rulebook(tmp_path / "hainan.toml")
    assert book.pool.name == "海南省综合评标专家库"
    assert book.draw.result_visible_before == timedelta(minutes=30)
    assert set(book.ladder) == set(book.texts) == set(KINDS)
    assert check_rulebooks(tmp_path) == []


def test_the_new_province_already_has_its_regions(tmp_path: Path) -> None:
    pools = tmp_path / "pools"
    pools.mkdir()
    (tmp_path / "catalogues").symlink_to((RULEBOOKS.parent / "catalogues").resolve())
    copy_shared(pools)
    (pools / "hainan.toml").write_text(NEW_PROVINCE, encoding="utf-8")
    assert check_rulebooks(pools) == []
    (pools / "hainan.toml").write_text(NEW_PROVINCE.replace("460000", "990000"), encoding="utf-8")
    assert check_rulebooks(pools) == ["regions.csv: has no region 990000"]


def test_a_value_stands_plainly_or_with_its_source() -> None:
    plain = parse("[attendance]\nradius_m = 300\n")
    sourced = parse('[attendance]\nradius_m = { value = 300, source = "海南手册 L7", note = "为试点" }\n')
    assert plain.attendance.radius_m == sourced.attendance.radius_m == 300
    assert plain.source("attendance.radius_m") is None
    assert sourced.source("attendance.radius_m") == "海南手册 L7"
    assert sourced.provenance("attendance.radius_m").note == "为试点"


def test_an_overridden_value_loses_the_shared_source() -> None:
    assert parse("").source("draw.result_visible_before") == "广东手册 L818, L1089, L1117"
    assert parse('[draw]\nresult_visible_before = "3h"\n').source("draw.result_visible_before") is None


def test_a_whole_table_can_be_given_with_a_source() -> None:
    book = parse('[ladder.draw_call.hours]\nsource = "海南手册 L9"\nvalue = { voice = "06:30-22:30" }\n')
    assert {channel: str(hours) for channel, hours in book.ladder["draw_call"].hours.items()} == {
        "voice": "06:30-22:30"
    }
    assert book.source("ladder.draw_call.hours") == "海南手册 L9"


def test_a_plain_table_merges_with_the_shared_one() -> None:
    book = parse('[ladder.draw_call]\nhours = { voice = "06:30-22:30" }\n')
    assert {channel: str(hours) for channel, hours in book.ladder["draw_call"].hours.items()} == {
        "voice": "06:30-22:30",
        "sms": "07:00-22:00",
    }


def test_a_source_of_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        parse("").source("draw.release_laed")


def test_a_dated_value_holds_from_its_day_on() -> None:
    text = '[draw]\nresult_visible_before = { value = "6h", before = "5h", effective_from = 2027-01-01 }\n'
    assert parse(text, date(2026, 12, 31)).draw.result_visible_before == timedelta(hours=5)
    assert parse(text, date(2027, 1, 1)).draw.result_visible_before == timedelta(hours=6)
    assert parse(text).draw.result_visible_before == timedelta(hours=6)
    assert parse(text).provenance("draw.result_visible_before").effective_from == date(2027, 1, 1)


def test_a_rulebook_can_not_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(parse("").draw, "result_visible_before", timedelta(0))  # noqa: B010 - mypy already forbids the plain spelling


# Refusing


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[draw]\nresult_visible_before = 5\n", "hainan.toml: draw.result_visible_before: must be a duration"),
        ('[draw]\nrelease_laed = "5h"\n', "hainan.toml: draw.release_laed: is not a key of a rulebook; did you mean"),
        ('[attendance]\nradius_m = "500"\n', "hainan.toml: attendance.radius_m: "),
        ("[attendance]\nlocation_required = 1\n", "hainan.toml: attendance.location_required: "),
        ('[attendance]\nqr_valid = "60s"\n', "hainan.toml: attendance.qr_valid: "),
        ("[attendance]\nradius_m = 5\n", "hainan.toml: attendance.radius_m: "),
        ('[attendance]\nlate_after = "40m"\n', "hainan.toml: attendance: late_after must not be later"),
        ('[ladder.draw_call]\nhours = { voice = "21:00-08:00" }\n', "ladder.draw_call.hours.voice: must begin before"),
        ('[ladder.draw_call]\nsteps = [{ channel = "fax" }]\n', "hainan.toml: ladder.draw_call.steps.0.channel: "),
        ("[voice]\nvalue = 3\n", "hainan.toml: voice: must be a table"),
        ("[ladder.draw_call]\nsteps = 3\n", "hainan.toml: ladder.draw_call.steps: must be an array"),
        (
            '[ladder.draw_call]\nhours = { fax = "08:00-09:00" }\n',
            "ladder.draw_call.hours.fax: Input should be 'voice'",
        ),
        ("[ladder.draw_call]\nsteps = []\n", "hainan.toml: ladder.draw_call.steps: "),
        ('[ladder.wedding]\nuntil = "all"\nsteps = [{ channel = "sms" }]\n', "ladder.wedding: is no kind of notice"),
        ('[draw.calling]\nanswer_timeout = "1m"\n', "hainan.toml: draw.calling.answer_timeout: is shorter than"),
        ('[draw.calling]\nstop_before_gathering = "5m"\n', "draw.calling.stop_before_gathering: is shorter"),
        ('[draw.calling]\nhours = "08:00-21:00"\n', "draw.calling.hours: let a ladder run out of the hours of voice"),
        ('[draw.numbers]\nredraw = "CQSQ"\n', "draw.numbers: normal, redraw and recall must have different"),
        ('[voice]\nrepeat = "1"\n', "hainan.toml: voice: attend, decline and repeat must be different keys"),
        ("[draw.preview]\nbands = [20, 10]\n", "hainan.toml: draw.preview: bands must rise"),
        ("[draw]\nx = 1\nx = 2\n", "hainan.toml: is not valid TOML: "),
        ('[draw]\nprogress_every = { value = "5h", source = 7 }\n', "draw.progress_every: source must be a text"),
        ('[draw]\nprogress_every = { value = "5h", effective_from = "2027" }\n', "effective_from must be a date"),
    ],
)
def test_a_bad_value_is_refused_with_file_key_and_reason(text: str, sentence: str) -> None:
    told = refusal(text)
    assert sentence in told
    assert "\n" not in told


def test_the_file_that_wrote_the_bad_value_is_named() -> None:
    broken = shared_texts() | {
        "_defaults.toml": shared_texts()["_defaults.toml"].replace('attend = { value = "1"', 'attend = { value = "x"')
    }
    with pytest.raises(RulebookError, match=r"^_defaults.toml: voice.attend: "):
        parse_rulebook(NEW_PROVINCE, "hainan.toml", below=broken)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(RulebookError, match=r"^hainan.toml: pool.hotline: is missing$"):
        parse_rulebook(NEW_PROVINCE.replace('hotline = "12345"\n', ""), "hainan.toml", below=shared_texts())


def test_a_value_of_the_future_without_what_holds_now_is_refused() -> None:
    told = refusal('progress_every = { value = "6h", effective_from = 2027-01-01 }\n', date(2026, 11, 21))
    assert told.endswith("draw.progress_every: takes effect only on 2027-01-01; say in `before` what holds until then")


def test_a_file_must_be_called_like_its_pool(tmp_path: Path) -> None:
    copy_shared(tmp_path)
    (tmp_path / "sanya.toml").write_text(NEW_PROVINCE, encoding="utf-8")
    with pytest.raises(RulebookError, match=r"^sanya.toml: pool.code: must be the file's name 'sanya'$"):
        load_rulebook(tmp_path / "sanya.toml")


def test_a_missing_or_unreadable_rulebook_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match=r"^nowhere.toml: can't be read: "):
        load_rulebook(tmp_path / "nowhere.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RulebookError, match=r"^bad.toml: can't be read: "):
        load_rulebook(tmp_path / "bad.toml")
    (tmp_path / "empty").mkdir()
    assert check_rulebooks(tmp_path / "empty") == [f"{tmp_path / 'empty'}: holds no rulebook"]


def test_the_check_lists_every_problem_at_once(tmp_path: Path) -> None:
    copy_shared(tmp_path)
    bad = NEW_PROVINCE + 'result_visible_before = 5\n[attendance]\nradius_m = "x"\n'
    (tmp_path / "hainan.toml").write_text(bad, encoding="utf-8")
    problems = check_rulebooks(tmp_path)
    assert [problem.split(": ")[1] for problem in problems] == ["draw.result_visible_before", "attendance.radius_m"]


# Texts


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[texts.verification_code]\nsms = "您好{nmae}"\n',
            "texts.verification_code.sms: uses the unknown placeholder {nmae}",
        ),
        ('[texts.verification_code]\nsms = "码{code"\n', "texts.verification_code.sms: has a brace"),
        (f'[texts.verification_code]\nsms = "{"长" * 66}"\n', "texts.verification_code.sms: is 66 characters"),
        ('[texts.urging.voice]\nscript = "请致电{contact_phone}"\n', "tells {contact_phone} on the phone"),
        ('[texts.draw_call.voice]\nattend = "{place}"\n', "texts.draw_call.voice.attend: has a placeholder"),
        (
            f'[texts.urging.wechat.fields]\nthing9 = {{ label = "x", text = "{"长" * 21}" }}\n',
            "texts.urging.wechat.fields.thing9: is 21 characters",
        ),
        (
            '[texts.urging.wechat.fields]\ntime9 = { label = "x", text = "{gathering}" }\n',
            "texts.urging.wechat.fields.time9: can't be shown in a time field",
        ),
        (
            '[texts.urging.wechat.fields]\nwish1 = { label = "x", text = "好" }\n',
            "texts.urging.wechat.fields.wish1: is no field key of WeChat",
        ),
        (
            '[ladder.verification_code]\nsteps = [{ channel = "voice" }]\n',
            "texts.verification_code.voice: is missing, but the ladder of verification_code goes over voice",
        ),
    ],
)
def test_a_bad_text_is_refused(text: str, sentence: str) -> None:
    assert sentence in refusal(text)


def test_no_channel_of_an_invitation_can_name_project_or_parties() -> None:
    assert KINDS["draw_call"].keys() == {
        "gathering",
        "gathering_full",
        "gathering_short",
        "gathering_spoken",
        "place",
        "remark",
        "link",
        "answer_by",
        "hotline",
        "save_number",
    }


def test_placeholders_are_filled_and_never_filled_twice() -> None:
    assert render_text("在{place}集合", {"place": "{code}"}) == "在{code}集合"
    with pytest.raises(KeyError):
        render_text("{place}", {})


def test_a_long_place_is_cut_to_its_field() -> None:
    template = TemplateText.model_validate({"title": "t", "fields": {"thing1": {"label": "地点", "text": "{place}"}}})
    filled = render_fields(template, {"place": "广" * 30}, beijing(2026, 11, 21, 9, 30))["thing1"]
    assert filled == "广" * 19 + "…"
    assert render_fields(template, {"place": "广" * 20}, beijing(2026, 11, 21, 9, 30))["thing1"] == "广" * 20


def test_gathering_times_are_spelled_for_each_reader() -> None:
    assert time_params(beijing(2026, 11, 21, 9, 30)) == {
        "gathering": "11月21日(周六) 09:30",
        "gathering_full": "2026年11月21日 09:30",
        "gathering_short": "11月21日09:30",
        "gathering_spoken": "11月21日星期六上午9点30分",
    }
    assert time_params(beijing(2026, 11, 22, 14))["gathering_spoken"] == "11月22日星期日下午2点整"
    assert time_params(beijing(2026, 11, 22, 12, 5))["gathering_spoken"] == "11月22日星期日下午12点5分"


def test_vendors_get_the_texts_in_their_own_form() -> None:
    book = load_rulebook(RULEBOOKS / "demo.toml")
    assert vendor_form("码{code}，{minutes}分钟") == "码${code}，${minutes}分钟"
    assert sms_templates(book.texts)["verification_code"].startswith("验证码${code}")
    assert {"draw_call", "draw_call.attend", "draw_call.decline", "draw_call.bye"} <= voice_templates(book.texts).keys()


def test_short_messages_leave_room_for_the_signature() -> None:
    assert len("【评标通】") + SMS_LIMIT == 70
    lengths = (0, SMS_LIMIT, SMS_LIMIT + 1, SMS_TWO_PARTS, SMS_TWO_PARTS + 1)
    assert [count_parts("字" * length) for length in lengths] == [1, 1, 2, 2, 3]


# Values


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("90s", 90), ("30m", 1800), ("5h", 18000), ("2d", 172800)])
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)
    assert parse_duration(print_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "h", "5 h", "-5h", "1.5h", "5w", "1h30m", 5, None])
def test_other_spellings_are_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(text)


def test_a_duration_that_would_overflow_a_date_is_refused() -> None:
    with pytest.raises(ValueError, match="ten years"):
        parse_duration("999999d")


def test_hours_are_those_of_shanghai() -> None:
    hours = parse_hours("08:00-21:00")
    assert hours.contains(beijing(2026, 11, 21, 8))
    assert not hours.contains(beijing(2026, 11, 21, 21))
    assert hours.next_open(beijing(2026, 11, 21, 7, 59)) == beijing(2026, 11, 21, 8)
    assert hours.next_open(beijing(2026, 11, 21, 21)) == beijing(2026, 11, 22, 8)
    assert hours.next_open(beijing(2026, 11, 21, 12)) == beijing(2026, 11, 21, 12)
    assert parse_hours("00:00-24:00").contains(beijing(2026, 11, 21, 23, 59))


@pytest.mark.parametrize("text", ["08:00", "8:00-21:00", "08:00-25:00", "08:00-24:30", "09:00-09:00", 8])
def test_other_spellings_are_no_hours(text: object) -> None:
    with pytest.raises(ValueError, match=r"hours of the day|begin before"):
        parse_hours(text)


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "不足5人"), (4, "不足5人"), (5, "5-9人"), (9, "5-9人"), (10, "10-49人"), (50, "50人以上"), (9999, "50人以上")],
)
def test_previews_show_bands_only(count: int, shown: str) -> None:
    rules = PreviewRules(small_cell=5, bands=(5, 10, 50), per_draw=1, per_project_day=1, per_organisation_day=1)
    assert str(rules.band(count)) == shown


def test_without_bands_a_preview_shows_only_whether_the_group_is_small() -> None:
    preview = PreviewRules(small_cell=5, bands=(), per_draw=1, per_project_day=1, per_organisation_day=1)
    assert [str(preview.band(count)) for count in (4, 5, 500)] == ["不足5人", "5人以上", "5人以上"]


def test_a_retry_never_begins_while_a_call_may_be_open() -> None:
    with pytest.raises(ValueError, match="retry_gap must not be shorter than wait"):
        LadderStep.model_validate({"channel": "sms", "wait": "2m", "attempts": 2, "retry_gap": "90s"})
    with pytest.raises(ValueError, match="one call a minute"):
        LadderStep.model_validate({"channel": "voice", "wait": "30s", "attempts": 2, "retry_gap": "60s"})


def test_the_longest_rung_ends_a_ladder() -> None:
    steps = [
        {"channel": "wechat", "wait": "10m"},
        {"channel": "voice", "after": "3m", "wait": "90s", "attempts": 2, "retry_gap": "3m"},
    ]
    assert Ladder.model_validate({"until": "answered", "steps": steps}).longest == timedelta(minutes=10)


def test_rungs_stand_in_order_and_once() -> None:
    with pytest.raises(ValueError, match="in the order"):
        Ladder.model_validate({"until": "all", "steps": [{"channel": "sms", "after": "9s"}, {"channel": "voice"}]})
    with pytest.raises(ValueError, match="twice"):
        Ladder.model_validate({"until": "all", "steps": [{"channel": "sms"}, {"channel": "sms"}]})


# When a draw may begin


def test_without_a_limit_a_draw_may_begin_at_any_time() -> None:
    assert parse("").earliest_draw(beijing(2026, 11, 25, 9)) is None


def test_a_limit_counts_back_from_the_evaluation() -> None:
    assert parse('earliest_before_evaluation = "24h"\n').earliest_draw(beijing(2026, 11, 25, 9)) == beijing(
        2026, 11, 24, 9
    )


def test_working_days_follow_the_calendar_of_holidays() -> None:
    calendar = Calendar(holidays=(date(2026, 10, 1), date(2026, 10, 2)), workdays=(date(2026, 10, 10),))
    assert calendar.working_days_before(beijing(2026, 10, 5, 9), 1) == beijing(2026, 9, 30, 0)
    assert calendar.working_days_before(beijing(2026, 10, 12, 9), 1) == beijing(2026, 10, 10, 0)
    assert calendar.working_days_after(beijing(2026, 9, 30, 9), 1) == beijing(2026, 10, 6, 0), "the end of the 5th"
    assert calendar.working_days_after(beijing(2026, 10, 8, 23), 2) == beijing(2026, 10, 11, 0), "a Saturday of work"


# The page


def test_the_reference_page_shows_the_rulebooks_as_they_are() -> None:
    assert rulebook_docs.PAGE.read_text(encoding="utf-8") == render_page(rulebook_docs.load_all()), (
        "run: python -m app.rulebook_docs"
    )


def test_a_pool_may_say_why_it_has_no_value() -> None:
    text = '[entry]\nterm = { none = true, note = "手册未规定" }\n'
    assert parse(text).entry.term is None
    assert parse(text).provenance("entry.term").note == "手册未规定"


def test_every_pool_says_where_its_term_comes_from() -> None:
    for pool in ("demo", "guangdong", "hunan", "jilin", "xinjiang"):
        book = load_rulebook(RULEBOOKS / f"{pool}.toml")
        assert book.provenance("entry.term").file == f"{pool}.toml", pool
        assert book.source("entry.term") or book.provenance("entry.term").note, pool
