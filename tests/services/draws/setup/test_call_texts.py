"""What the wizard says of a call is what is spoken, and where it says a field goes it goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import SHANGHAI
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import SPOKEN_PLACE_MAX, remark_params, render_text, spoken_seconds, time_params
from gateways import jsons
from gateways.alibaba.voice import LONGEST_PARAMS
from services.draws import CallNoticeForm, channels_by_field, spoken_call
from services.notifications import rendering
from tests.factories.rulebooks import load_rulebook

NOW = datetime(2026, 12, 30, 9, tzinfo=SHANGHAI)
GATHERING = datetime(2026, 12, 31, 12, 59, tzinfo=SHANGHAI)
RULEBOOKS = sorted(path for path in Path("config/rulebooks").glob("*.toml") if not path.name.startswith("_"))


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rulebook(Path("config/rulebooks/demo.toml"))


def form(address: str = "广州市天河区天润路333号", room: str = "3号评标室", remark: str = "") -> CallNoticeForm:
    return CallNoticeForm("其他", address, GATHERING, "李监督", "13900001111", room, remark)


@pytest.mark.parametrize(("draw_kind", "notice_kind"), [("normal", "draw_call"), ("recall", "recall_call")])
def test_what_is_shown_is_what_is_spoken(book: Rulebook, draw_kind: str, notice_kind: str) -> None:
    shown = spoken_call(book, draw_kind, form(remark="请携带身份证原件。"), GATHERING, NOW)
    params = {
        **time_params(GATHERING),
        "place": "广州市天河区天润路333号 3号评标室",
        **remark_params("请携带身份证原件。"),
    }
    message = rendering.voice_message(book, notice_kind, params, NOW)
    texts = book.texts[notice_kind].voice
    assert texts is not None
    assert shown.text == render_text(texts.script, message.params)
    for spoken in ("明天，12月31日星期四下午12点59分", "333号 3号评标室", "注意事项：请携带身份证原件。"):
        assert spoken in shown.text, spoken
    assert "李监督" not in shown.text


def test_a_call_without_a_remark_says_no_empty_sentence(book: Rulebook) -> None:
    assert "注意事项" not in spoken_call(book, "normal", form(), GATHERING, NOW).text


def test_a_longer_text_takes_longer(book: Rulebook) -> None:
    short = spoken_call(book, "normal", form(), GATHERING, NOW).seconds
    long = spoken_call(book, "normal", form(remark="请佩戴口罩，请走北门，请勿携带通讯工具"), GATHERING, NOW).seconds
    assert 15 < short < long < 60
    assert spoken_seconds("") == 0


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", ["draw_call", "recall_call"])
def test_the_longest_notice_fits_the_vendors_variables(path: Path, kind: str) -> None:
    book = load_rulebook(path)
    params = {
        **time_params(GATHERING),
        "place": "路" * SPOKEN_PLACE_MAX,
        **remark_params("带" * book.draw.notice.remarks_max),
    }
    message = rendering.voice_message(book, kind, params, GATHERING - timedelta(days=2))
    assert len(jsons.dumps(message.params).decode()) < LONGEST_PARAMS


def test_each_field_goes_where_the_texts_have_it(book: Rulebook) -> None:
    channels = channels_by_field(book, "normal")
    everywhere = ("电话", "短信", "微信")
    assert (channels["gathering_at"], channels["address"], channels["room"]) == (everywhere,) * 3
    assert channels["remark"] == ("电话",)
    assert (channels["contact"], channels["contact_phone"], channels["venue"]) == ((), (), ())
    assert set(channels) == set(CallNoticeForm.__dataclass_fields__) - {"supervisor"}
