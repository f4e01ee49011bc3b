"""Types in a vendor's JSON, and the contents of errors about unusable answers."""

from __future__ import annotations

from typing import Annotated

import pytest
from prometheus_client import CollectorRegistry
from pydantic import Field, ValidationError

from domain.errors import OutcomeUnknown, Transient
from gateways.http import Effect, Metrics, Vendor
from gateways.shapes import NULL_AS_EMPTY, OR_EMPTY, NonEmptyText, Shape, Text, Visible, Whole, read


class Inner(Shape):
    used: Whole


class More(Shape):
    text: Text = "x"


class Answer(Shape):
    id: Annotated[Visible, Field(min_length=1, max_length=8)] = "x"
    text: Text = ""
    name: NonEmptyText = "x"
    count: Whole = 0
    inner: Inner = Inner(used=0)
    detail: Annotated[Visible, OR_EMPTY] = ""
    more: Annotated[More, NULL_AS_EMPTY] = More()


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"id": 12345678}, "id", "12345678"),
        ({"text": None}, "text", ""),
        ({"text": 5}, "text", "5"),
        ({"count": "-7"}, "count", -7),
        ({"unasked": [1]}, "text", ""),
        ({"detail": "编号"}, "detail", ""),
        ({"detail": ["x"]}, "detail", ""),
        ({"more": None}, "more", More()),
    ],
)
def test_numbers_as_text_and_text_as_numbers_are_read(given: dict[str, object], field: str, expected: object) -> None:
    assert getattr(Answer.model_validate(given), field) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"id": ""},
        {"id": "123456789"},
        {"id": "a b"},
        {"id": "编号"},
        {"id": "a\n"},
        {"name": None},
        {"text": True},
        {"text": ["x"]},
        {"text": 1.5},
        {"count": True},
        {"count": 1.0},
        {"count": "1.0"},
        {"count": "١"},
        {"count": "9" * 21},
        {"count": None},
        {"more": []},
    ],
)
def test_another_type_makes_the_answer_unusable(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Answer.model_validate(given)


@pytest.mark.parametrize(("effect", "error"), [(Effect.READ, Transient), (Effect.WRITE, OutcomeUnknown)])
def test_an_unusable_answer_names_its_first_fault_and_no_value(effect: Effect, error: type[Exception]) -> None:
    vendor = Vendor("wechat", None, Metrics(CollectorRegistry()))  # type: ignore[arg-type]
    with pytest.raises(error, match=r"wechat: /a without inner\.used") as caught:
        vendor.read_shape(Answer, {"inner": {"used": "SECRET"}}, effect, "/a")
    assert "SECRET" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize(("given", "place"), [({"inner": {}}, r"inner\.used"), ([], "an object")])
def test_reading_names_what_is_missing(given: object, place: str) -> None:
    with pytest.raises(ValueError, match=rf"^{place} is missing, or can't be one$"):
        read(Answer, given)
