"""Base classes of schemas: inputs are strict and closed, outputs are read from plain data.

A schema's validator is built at its first use, since there are hundreds and most processes need few.
"""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache, reduce
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    create_model,
    field_validator,
)
from pydantic_core import PydanticCustomError

from domain.clock import local
from domain.typed_text import name_illegal, tidy_text
from services.core.base import Page

SIZE_MAX = 100
PAGE_MAX = 100_000

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_YEARS = range(2000, 2101)
"""A year outside is a typing error, and its arithmetic may overflow."""

T = TypeVar("T")


def _parse_moment(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise PydanticCustomError("moment", "时间应写成 2026-11-21T09:30:00+08:00 的格式（须带时区）")
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise PydanticCustomError("moment", "没有这个时间，请核对日期和时分秒") from None
    if moment.year not in _YEARS:
        raise PydanticCustomError("moment", "年份应在2000至2100之间")
    return moment


def _print_moment(value: datetime) -> str:
    return local(value).isoformat(timespec="seconds")


Moment = Annotated[
    datetime,
    PlainValidator(_parse_moment),
    PlainSerializer(_print_moment, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T09:30:00+08:00"]}),
]
"""RFC 3339 with an offset; responses always use +08:00."""


def _tidy(value: Any, *, exact: bool) -> Any:  # any field's value passes through; only texts are changed
    """Texts without what nobody sees (``domain.typed_text``), unless ``exact``; illegal characters are refused."""
    if isinstance(value, list | tuple):
        return type(value)(_tidy(element, exact=exact) for element in value)
    if not isinstance(value, str):
        return value
    text = value if exact else tidy_text(value, lines=True)
    if illegal := name_illegal(text.replace("\t", " ").replace("\r", "\n"), lines=True):
        message = "含有无法识别的字符（{illegal}），请删除后重新填写"
        raise PydanticCustomError("bad_characters", message, {"illegal": illegal})
    return text


class Input(BaseModel):
    """A request's JSON body: no unknown fields, no silent conversion of types, tidy texts without control characters.

    ``exact``: fields whose text is taken as sent.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    exact: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="after")
    @classmethod
    def _tidy_texts(cls, value: Any, info: ValidationInfo) -> Any:
        return _tidy(value, exact=info.field_name in cls.exact)


class Params(BaseModel):
    """Parameters of path or query: converted from text; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @field_validator("*", mode="after")
    @classmethod
    def _tidy_texts(cls, value: Any) -> Any:
        return _tidy(value, exact=False)


class PoolPath(Params):
    pool: str = Field(pattern=r"^[a-z][a-z0-9_]{1,31}$", description="Code of the pool", examples=["demo"])


class PageQuery(Params):
    page: int = Field(1, ge=1, le=PAGE_MAX, description="Counts from 1")
    size: int = Field(20, ge=1, le=SIZE_MAX, description="Items on a page")

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size


class Output(BaseModel):
    """A response's JSON body. A field with a ``serialization_alias`` has another name in JSON."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, extra="forbid", defer_build=True, serialize_by_alias=True
    )

    @classmethod
    def from_source(cls, source: object) -> Self:
        """Read the fields from an object of the same attribute names."""
        return cls.model_validate(source, from_attributes=True)

    @classmethod
    def from_sources(cls, sources: Sequence[object]) -> tuple[Self, ...]:
        return tuple(cls.from_source(source) for source in sources)


class Listing(Output, Generic[T]):
    """A complete list; such lists are bounded by the rulebook."""

    items: tuple[T, ...]


class PageOut(Output, Generic[T]):
    """One page of a longer list. ``total`` counts all pages' items; in a list that grows without end at most 10000."""

    items: tuple[T, ...]
    total: int
    page: int
    size: int

    @classmethod
    def from_page(cls, page: Page[T], query: PageQuery) -> Self:
        """A page of a service, for its ``query``."""
        return cls(items=page.items, total=page.total, page=query.page, size=query.size)


def answer_model(annotation: Any) -> Any:  # a field may have any annotation
    """The annotation with an Output in place of each dataclass, and with ``Moment`` in place of ``datetime``.

    A route that names a service's dataclass serves all of its fields; to hide or rename one, write an Output.
    """
    if annotation is datetime:
        return Moment
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _output_of_dataclass(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Output):
        return _converted_output(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None or origin is Literal:
        return annotation
    if origin is Annotated:
        return annotation if arguments[0] is datetime else Annotated[(answer_model(arguments[0]), *arguments[1:])]
    converted = tuple(answer_model(argument) for argument in arguments)
    return reduce(operator.or_, converted) if origin in (Union, UnionType) else origin[converted]


@cache
def _output_of_dataclass(source: type) -> type[Output]:
    hints = get_type_hints(source, include_extras=True)
    fields: dict[str, Any] = {
        field.name: (answer_model(hints[field.name]), ...) for field in dataclasses.fields(source)
    }
    docstring = source.__doc__ or ""
    explained = None if docstring.startswith(f"{source.__name__}(") else docstring.replace("``", "`")
    return create_model(
        f"{source.__name__}Out", __base__=Output, __module__=source.__module__, __doc__=explained, **fields
    )


@cache
def _converted_output(model: type[Output]) -> type[Output]:
    """The model itself, unless a dataclass is among its fields or, as in ``PageOut[Card]``, its arguments."""
    generic = model.__pydantic_generic_metadata__
    if generic["origin"] is not None:
        origin: Any = generic["origin"]
        specialised: type[Output] = origin[tuple(answer_model(argument) for argument in generic["args"])]
        return specialised
    fields: dict[str, Any] = {
        name: (answer_model(field.annotation), field)
        for name, field in model.model_fields.items()
        if field.annotation is not datetime and answer_model(field.annotation) != field.annotation
    }
    if not fields:
        return model
    return create_model(model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__, **fields)
