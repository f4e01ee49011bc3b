"""A person reads all faults of a form at once; a single one stays as it was raised."""

from __future__ import annotations

import pytest

from domain.errors import AppError, Conflict, InvalidForm, InvalidInput, RuleViolation
from domain.faults import Faults, check_given


def refuse(error: AppError) -> str:
    raise error


def test_checks_without_a_refusal_return_their_values() -> None:
    faults = Faults()
    assert faults.check(str.upper, "abc") == "ABC"
    faults.raise_any()


def test_one_refusal_is_raised_as_it_is() -> None:
    faults, error = Faults(), RuleViolation("最多三人。", rule="draw.experts_max", field="needed")
    faults.check(refuse, error)
    with pytest.raises(RuleViolation) as raised:
        faults.raise_any()
    assert raised.value is error


def test_several_are_raised_together_in_the_order_of_the_form() -> None:
    faults = Faults()
    faults.check(refuse, InvalidInput("请填写名称。", field="name"))
    with faults.part():
        refuse(RuleViolation("最多三人。", rule="draw.experts_max", field="needed"))
    with pytest.raises(InvalidForm) as raised:
        faults.raise_any()
    error = raised.value
    assert [fault.field for fault in error.faults] == ["name", "needed"]
    assert (error.message, error.field, error.status) == ("请填写名称。", "name", 422)


def test_of_a_field_the_first_refusal_counts() -> None:
    faults = Faults()
    for message in ("请填写名称。", "名称太短。"):
        faults.check(refuse, InvalidInput(message, field="name"))
    with pytest.raises(InvalidInput, match="请填写名称。") as raised:
        faults.raise_any()
    assert raised.value.faults == (raised.value,)


def test_forms_inside_forms_are_taken_apart() -> None:
    faults, inner = Faults(), [InvalidInput("一", field="a"), InvalidInput("二", field="b")]
    faults.check(refuse, InvalidForm(inner))
    faults.check(refuse, InvalidInput("三", field="c"))
    with pytest.raises(InvalidForm) as raised:
        faults.raise_any()
    assert [fault.message for fault in raised.value.faults] == ["一", "二", "三"]


def test_what_concerns_no_field_is_raised_at_once() -> None:
    with pytest.raises(Conflict):
        Faults().check(refuse, Conflict("活动已提交。", code="submitted"))


def test_a_refusal_without_a_field_gets_that_of_its_part() -> None:
    faults = Faults()
    with faults.part("credit_code"):
        refuse(InvalidInput("代码有误。"))
    with faults.part("number"):
        refuse(InvalidInput("请填写名称。", field="name"))
    with pytest.raises(InvalidForm) as raised:
        faults.raise_any()
    assert [fault.field for fault in raised.value.faults] == ["credit_code", "name"]


def test_words_before_a_refusal_say_where_it_is_of_each_of_its_faults() -> None:
    faults = Faults()
    with faults.part(where="语音通知2："):
        refuse(InvalidForm([InvalidInput("一", field="a"), InvalidInput("二", field="b")]))
    with pytest.raises(InvalidForm) as raised:
        faults.raise_any()
    assert [fault.message for fault in raised.value.faults] == ["语音通知2：一", "语音通知2：二"]


def test_what_must_be_given_is_returned_or_named() -> None:
    assert check_given(0, "needed", "人数") == 0
    with pytest.raises(InvalidInput, match="请填写人数") as raised:
        check_given(None, "needed", "人数")
    assert (raised.value.code, raised.value.field) == ("missing", "needed")
