"""A service's dataclass is served unchanged; an Output serves its own fields only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from domain.errors import InvalidForm, InvalidInput
from miniapp_api.http.problems import problem_of
from miniapp_api.http.schema import Listing, Moment, Output, PageOut, answer_model

AT = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
LOCAL = "2026-11-21T09:30:00+08:00"


@dataclass(frozen=True)
class Part:
    """``at``: when it was made."""

    at: datetime | None
    size: Annotated[int, Field(description="Bytes", examples=[3])] = 0

    @property
    def secret(self) -> str:
        return "hidden"


@dataclass(frozen=True)
class Whole:
    name: str
    parts: tuple[Part, ...]


class PartOnly(Output):
    size: int


class Mixed(Output):
    begun: Moment
    part: Part | None


def served_value(annotation: Any, value: object) -> object:
    return answer_model(annotation).model_validate(value, from_attributes=True).model_dump(mode="json")


def test_fields_are_served_and_properties_are_not() -> None:
    assert served_value(Part, Part(AT, 3)) == {"at": LOCAL, "size": 3}


def test_dataclasses_within_are_served_too() -> None:
    assert served_value(Whole, Whole("x", (Part(AT, 3), Part(None)))) == {
        "name": "x",
        "parts": [{"at": LOCAL, "size": 3}, {"at": None, "size": 0}],
    }


def test_lists_and_pages_hold_dataclasses() -> None:
    assert served_value(Listing[Part], Listing(items=(Part(AT, 3),))) == {"items": [{"at": LOCAL, "size": 3}]}
    page = served_value(PageOut[Part], PageOut(items=(Part(None),), total=1, page=1, size=20))
    assert page == {"items": [{"at": None, "size": 0}], "total": 1, "page": 1, "size": 20}


def test_an_output_holds_a_dataclass_and_writes_its_times_as_its_own() -> None:
    assert served_value(Mixed, Mixed(begun=AT, part=Part(AT, 3))) == {"begun": LOCAL, "part": {"at": LOCAL, "size": 3}}
    assert answer_model(PartOnly) is PartOnly


def test_an_output_hides_what_it_does_not_name() -> None:
    assert served_value(PartOnly, Part(AT, 3)) == {"size": 3}


def test_the_description_is_the_dataclass_s_own() -> None:
    schema = answer_model(Part).model_json_schema(mode="serialization")
    assert schema["title"] == "PartOut"
    assert schema["description"] == "`at`: when it was made."
    assert schema["required"] == ["at", "size"]
    assert schema["properties"]["size"] == {"title": "Size", "type": "integer", "description": "Bytes", "examples": [3]}
    assert schema["properties"]["at"]["anyOf"][0]["format"] == "date-time"
    assert "description" not in answer_model(Whole).model_json_schema()


def test_a_form_with_several_faults_names_each_with_its_field() -> None:
    faults = [InvalidInput("请填写名称。", field="name"), InvalidInput("请选择地区。", field="region")]
    body = problem_of(InvalidForm(faults))
    assert (body["detail"], body["field"]) == ("请填写名称。", "name")
    assert body["errors"] == [
        {"field": "name", "message": "请填写名称。"},
        {"field": "region", "message": "请选择地区。"},
    ]
    assert "errors" not in problem_of(faults[0])
