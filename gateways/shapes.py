"""Shapes of the vendors' JSON: the fields of a response that are used, validated once and strictly. Others are ignored.

An optional field has a default; a field of the wrong type makes the whole response unusable.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)


class Shape(BaseModel):
    """Base of shapes. Its errors show no values: they may be tokens or personal data."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


S = TypeVar("S", bound=Shape)


def _text(value: object) -> object:
    """Vendors send numbers where they document text, and null for absent values."""
    if value is None:
        return ""
    return str(value) if type(value) is int else value


def _whole(value: object) -> object:
    """A whole number that was sent as text of ASCII digits."""
    digits = isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) <= 20
    return int(value) if isinstance(value, str) and digits else value


def _object(value: object) -> object:
    return {} if value is None else value


def _or_empty(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        return check(value)
    except ValidationError:
        return ""


Text = Annotated[str, BeforeValidator(_text)]
NonEmptyText = Annotated[Text, Field(min_length=1)]
Visible = Annotated[Text, Field(pattern=r"^[!-~]*$")]
"""An identifier or code: visible ASCII."""
Whole = Annotated[int, BeforeValidator(_whole)]
NULL_AS_EMPTY = BeforeValidator(_object)
"""Null as an empty object, for one whose fields are all optional."""
OR_EMPTY = WrapValidator(_or_empty)
"""Empty when it can't be parsed, for a detail that must not make the whole response unusable."""


def first_field(error: ValidationError) -> str:
    """The place of the first faulty field, such as ``quota.used``."""
    place = error.errors(include_input=False, include_url=False)[0]["loc"]
    return ".".join(str(part) for part in place) or "an object"


def read(shape: type[S], data: object) -> S:
    """Validate ``data``. ValueError names the first faulty field."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise ValueError(f"{first_field(error)} is missing, or can't be one") from error
