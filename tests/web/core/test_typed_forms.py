"""A form's text becomes values by the types of its fields, and all its faults are said at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

import pytest

from domain.errors import InvalidForm, InvalidInput, NotFound
from web.core.typed_forms import (
    Codes,
    Day,
    Hundredths,
    Id,
    Ids,
    Lines,
    Moment,
    OneOf,
    OptionalId,
    RequiredMoment,
    ShortText,
    Trimmed,
    Whole,
    YesNo,
    read_typed,
)

ONE = UUID(int=1)


@dataclass(frozen=True)
class Everything:
    name: str
    note: Annotated[str, Lines(longest=5)]
    code: Annotated[str, Trimmed(longest=6)]
    place: Annotated[str, ShortText("开标地点", 5)]
    reason: Annotated[str, ShortText("原因", 5, required=True)]
    sealed: Annotated[bool, YesNo()]
    on_site: bool
    project: Annotated[UUID, Id("这个项目")]
    lot: Annotated[UUID | None, OptionalId("这个标段")]
    supervisors: Annotated[tuple[UUID, ...], Ids("supervisor-", "这位监督人")]
    regions: Annotated[tuple[str, ...], Codes()]
    needed: Annotated[int, Whole()]
    position: Annotated[int, Whole("排序号请填写数字。", empty=0)]
    price: Annotated[int | None, Hundredths("费用请填写金额。", "amount")]
    opens_at: Annotated[datetime, RequiredMoment("开标时间")]
    closes_at: Annotated[datetime | None, Moment("截标时间")]
    since: Annotated[date | None, Day("日期")]
    outcome: Annotated[str, OneOf(("dismiss", "refuse"), "请选择处理结果。")]


SENT = {
    "name": " 一标段 ",
    "note": "一\r\n二三四五",
    "code": "  123456 7",
    "place": " 一室\r\n二室",
    "reason": "改期",
    "sealed": "0",
    "on_site": "1",
    "project": str(ONE),
    "lot": "",
    f"supervisor-{ONE}": "on",
    "regions": "440100，440300, 440100",
    "needed": "５",
    "price": " １２０．5\u3000",
    "opens_at": "2026-11-25T09:30",
    "since": "2026-11-25",
    "outcome": "refuse",
}


def test_each_text_is_read_by_the_type_of_its_field() -> None:
    assert read_typed(Everything, SENT) == Everything(
        name="一标段",
        note="一\n二三四",
        code="123456",
        place="一室 二室",
        reason="改期",
        sealed=False,
        on_site=True,
        project=ONE,
        lot=None,
        supervisors=(ONE,),
        regions=("440100", "440300"),
        needed=5,
        position=0,
        price=12_050,
        opens_at=datetime(2026, 11, 25, 1, 30, tzinfo=UTC),
        closes_at=None,
        since=date(2026, 11, 25),
        outcome="refuse",
    )


def test_all_faults_are_said_at_once_each_with_its_field() -> None:
    wrong = {
        "place": "第一开标室大厅",
        "reason": " ",
        "position": "-1",
        "price": "120.505",
        "opens_at": "",
        "closes_at": "bald",
        "since": "1900-01-01",
        "outcome": "x",
    }
    with pytest.raises(InvalidForm) as raised:
        read_typed(Everything, SENT | wrong)
    assert {fault.field: fault.message for fault in raised.value.faults} == {
        "place": "开标地点最多5个字，请缩短后再提交。",
        "reason": "请填写原因。",
        "position": "排序号请填写数字。",
        "price": "费用请填写金额。",
        "opens_at": "请填写开标时间。",
        "closes_at": "截标时间请填写日期和时间，如2026-11-15 10:30。",
        "since": "日期请填写为日期，如2026-11-15。",
        "outcome": "请选择处理结果。",
    }


@pytest.mark.parametrize("sent", ["", "-1", "1.5", "999999", "x"])
def test_a_number_without_a_refusal_of_its_own_is_zero_unless_it_is_one(sent: str) -> None:
    assert read_typed(Everything, SENT | {"needed": sent}).needed == 0


def test_an_empty_amount_is_none() -> None:
    assert read_typed(Everything, SENT | {"price": " "}).price is None


@pytest.mark.parametrize("name", ["project", "lot", "supervisor-x"])
def test_an_id_that_is_none_is_not_found(name: str) -> None:
    with pytest.raises(NotFound, match="找不到这"):
        read_typed(Everything, SENT | {name: "x"})


def test_a_type_without_a_reader_is_an_error_of_the_form() -> None:
    @dataclass(frozen=True)
    class Unread:
        amount: float

    with pytest.raises(TypeError, match=r"Unread\.amount"):
        read_typed(Unread, {})
    with pytest.raises(InvalidInput):
        read_typed(Everything, {**SENT, "outcome": ""})
