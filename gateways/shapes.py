"""Shapes of the vendors' JSON: what we use of an answer, validated once and strictly. All else in it is ignored.

A field that may be missing has a default; one that is there with another type makes the whole answer unusable.
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
    """The text of its errors shows no values: they may be tokens or personal data."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


S = TypeVar("S", bound=Shape)


def _text(value: object) -> object:
    """Vendors send numbers where they promise text, and null where they have none."""
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
"""For an object whose fields may all be missing."""
OR_EMPTY = WrapValidator(_or_empty)
"""A detail that must not cost the whole: empty when it can't be read."""


def first_field(error: ValidationError) -> str:
    """The place of the first fault, such as ``quota.used``."""
    place = error.errors(include_input=False, include_url=False)[0]["loc"]
    return ".".join(str(part) for part in place) or "an object"


def read(shape: type[S], data: object) -> S:
    """ValueError that names the first fault."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise ValueError(f"{first_field(error)} is missing, or can't be one") from error
