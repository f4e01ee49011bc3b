"""Messages about a wrong request use the labels that people see, and say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import Field, ValidationError

import miniapp_api.assembly
from domain.errors import InvalidInput
from miniapp_api.http.labels import label_of
from miniapp_api.http.problems import invalid_request
from miniapp_api.http.schema import Input

TECHNICAL = frozenset(
    (
        "values",
        "version",
        "field",
        "row",
        "size",
        "media_type",
        "sha256",
        "latitude",
        "longitude",
        "system",
        "position",
        "token",
        "invitation_id",
        "device",
        "privacy_version",
        "purpose",
        "refresh",
        "phone_code",
        "organisation_id",
        "confirmed",
        "answers",
        "check",
        "consent",
        "ticket",
        "events",
        "seq",
        "slot",
        "mask",
        "at",
        "leaves",
        "hidden_seconds",
        "digest",
        "proposal",
        "gathering_at",
        "late",
    )
)
"""Fields that programs fill in: a message about them means an old mini-program."""
assert miniapp_api.assembly.APIS, "brings all requests in"


class BridgeIn(Input):
    name: str = Field(min_length=1, max_length=200, description="项目名称")
    region: str = Field(pattern=r"^\d{6}$", description="项目所在地, a code of the catalogue")
    investment: int = Field(ge=1, description="总投资, in fen")
    on_site: bool = Field(False, description="进场项目")


class PeriodIn(Input):
    starts_at: str


def inputs(of: type[Input] = Input) -> Iterator[type[Input]]:
    for model in of.__subclasses__():
        yield model
        yield from inputs(model)


def test_every_field_that_people_fill_in_has_a_name() -> None:
    nameless = [
        f"{model.__module__}.{model.__name__}.{name}"
        for model in inputs()
        if model.__module__.startswith("miniapp_api.")
        for name in model.model_fields
        if name not in TECHNICAL and not label_of(model, [name])
    ]
    assert nameless == []


@pytest.mark.parametrize(
    ("model", "typed", "sentence"),
    [
        (BridgeIn, {"name": "大桥", "region": "", "investment": 100}, "请选择项目所在地。"),
        (BridgeIn, {"name": "大桥", "region": "440106", "investment": 0}, "请填写总投资。"),
        (BridgeIn, {"name": "大桥", "region": "440106"}, "请填写总投资。"),
        (BridgeIn, {"name": "长" * 201, "region": "440106", "investment": 1}, "项目名称最多200个字，请缩短。"),
        (BridgeIn, {"name": "大桥", "region": "440106", "investment": 1.5}, "总投资应填写整数。"),
        (BridgeIn, {"name": "大桥", "region": "440106", "investment": 1, "on_site": "x"}, "请选择进场项目。"),
        (PeriodIn, {}, "请选择开始时间。"),
        (
            BridgeIn,
            {"name": "大桥", "region": "440106", "investment": 1, "x": 1},
            "有无法识别的字段（x），请修改后重试。",
        ),
    ],
)
def test_a_refusal_names_the_field_and_what_to_do(model: type[Input], typed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        model.model_validate(typed)
    told = invalid_request(wrong.value, model=model)
    assert isinstance(told, InvalidInput)
    assert told.message == sentence
