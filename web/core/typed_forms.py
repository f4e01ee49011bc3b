"""Reads a form of a page into a dataclass: the type of each field says how its text is read.

    @dataclass(frozen=True)
    class Answer:
        id: Annotated[UUID, Id("这条意见")]
        text: str

A ``str`` is the tidy text (``domain.typed_text``), empty where there is none; a ``bool`` is a box that is ticked. Other
types are annotated with one of the readers below. Whether a value is required and allowed is checked by the service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Protocol, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.errors import InvalidInput
from domain.faults import Faults
from domain.payments.money import parse_yuan
from domain.typed_text import half_width, tidy_text
from services.core.short_texts import check_text
from web.core.form_values import day, moment, uuid_of, version_of

T = TypeVar("T")
_DIGITS_MAX = 5
_NUMBER = re.compile(rf"[0-9]{{1,{_DIGITS_MAX}}}")


class Reader(Protocol):
    def read(self, sent: Mapping[str, str], name: str) -> Any:
        """The value of the field ``name``. Raises InvalidInput, NotFound."""


@dataclass(frozen=True)
class Lines:
    """The tidy text with its line breaks; ``longest`` cuts what no form of ours can send."""

    longest: int | None = None

    def read(self, sent: Mapping[str, str], name: str) -> str:
        return tidy_text(sent.get(name, ""), lines=True)[: self.longest]


@dataclass(frozen=True)
class Exact:
    """The text as sent: a password."""

    def read(self, sent: Mapping[str, str], name: str) -> str:
        return sent.get(name, "")


@dataclass(frozen=True)
class Code:
    """A code or number in half width; ``longest`` cuts what no form of ours can send."""

    longest: int | None = None

    def read(self, sent: Mapping[str, str], name: str) -> str:
        return half_width(sent.get(name, ""))[: self.longest]


@dataclass(frozen=True)
class Trimmed:
    """The text on one tidy line; ``longest`` cuts what no form of ours can send."""

    longest: int | None = None

    def read(self, sent: Mapping[str, str], name: str) -> str:
        return tidy_text(sent.get(name, ""))[: self.longest]


@dataclass(frozen=True)
class ShortText:
    """One line of text without blanks around it, of at most ``longest`` characters. The service checks whether it is
    required, unless ``required`` says so here."""

    label: str
    longest: int
    required: bool = False

    def read(self, sent: Mapping[str, str], name: str) -> str:
        return check_text(sent.get(name, ""), name, self.label, self.longest, required=self.required)


@dataclass(frozen=True)
class Ticked:
    """A box, sent only if it is ticked."""

    def read(self, sent: Mapping[str, str], name: str) -> bool:
        return bool(sent.get(name))


@dataclass(frozen=True)
class YesNo:
    """A choice between "1", yes, and "0", no."""

    def read(self, sent: Mapping[str, str], name: str) -> bool:
        return sent.get(name) == "1"


@dataclass(frozen=True)
class Id:
    """The id of ``what``: 这条意见."""

    what: str = "这一项"

    def read(self, sent: Mapping[str, str], name: str) -> UUID:
        return uuid_of(sent.get(name, ""), self.what)


@dataclass(frozen=True)
class OptionalId:
    """The id of ``what``, or None for an empty field."""

    what: str = "这一项"

    def read(self, sent: Mapping[str, str], name: str) -> UUID | None:
        return uuid_of(sent[name], self.what) if sent.get(name) else None


@dataclass(frozen=True)
class Ids:
    """Ids of ticked boxes, each of which is a field of its own: ``prefix`` and the id."""

    prefix: str
    what: str = "这一项"

    def read(self, sent: Mapping[str, str], name: str) -> tuple[UUID, ...]:
        return tuple(uuid_of(box.removeprefix(self.prefix), self.what) for box in sent if box.startswith(self.prefix))


@dataclass(frozen=True)
class Numbered:
    """Tidy texts by number, each of a field of its own: ``prefix`` and the number. Those left empty are left out."""

    prefix: str

    def read(self, sent: Mapping[str, str], name: str) -> Mapping[int, str]:
        numbers = {field.removeprefix(self.prefix): field for field in sent if field.startswith(self.prefix)}
        texts = {number: tidy_text(sent[field]) for number, field in numbers.items() if _NUMBER.fullmatch(number)}
        return {int(number): text for number, text in texts.items() if text}


@dataclass(frozen=True)
class Codes:
    """Codes with commas between them, each once."""

    def read(self, sent: Mapping[str, str], name: str) -> tuple[str, ...]:
        codes = (code.strip() for code in half_width(sent.get(name, "")).split(","))
        return tuple(dict.fromkeys(code for code in codes if code))


@dataclass(frozen=True)
class Whole:
    """A number without sign; ``refusal`` for anything else, without one 0, which the service refuses.

    ``empty``: the value of an empty field.
    """

    refusal: str = ""
    empty: int | None = None

    def read(self, sent: Mapping[str, str], name: str) -> int:
        text = half_width(sent.get(name, ""))
        if not text and self.empty is not None:
            return self.empty
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX:
            return int(text)
        if self.refusal:
            raise InvalidInput(self.refusal, field=name)
        return 0


@dataclass(frozen=True)
class Hundredths:
    """A number with up to two decimals, such as an amount in yuan, in hundredths; None where the field is empty."""

    refusal: str
    code: str

    def read(self, sent: Mapping[str, str], name: str) -> int | None:
        text = half_width(sent.get(name, ""))
        number = parse_yuan(text)
        if text and number is None:
            raise InvalidInput(self.refusal, code=self.code, field=name)
        return number


@dataclass(frozen=True)
class Version:
    """The version of the row that was shown; 0, which no row has, for anything else."""

    def read(self, sent: Mapping[str, str], name: str) -> int:
        return version_of(sent.get(name, ""))


@dataclass(frozen=True)
class Moment:
    """A time in Beijing, or None where the field is empty."""

    label: str

    def read(self, sent: Mapping[str, str], name: str) -> datetime | None:
        return moment(sent.get(name, ""), name, self.label)


@dataclass(frozen=True)
class RequiredMoment:
    """A time in Beijing that must be given."""

    label: str

    def read(self, sent: Mapping[str, str], name: str) -> datetime:
        at = moment(sent.get(name, ""), name, self.label)
        if at is None:
            raise InvalidInput(f"请填写{self.label}。", code="missing", field=name)
        return at


@dataclass(frozen=True)
class Day:
    """A day, or None where the field is empty."""

    label: str

    def read(self, sent: Mapping[str, str], name: str) -> date | None:
        return day(sent.get(name, ""), name, self.label)


@dataclass(frozen=True)
class OneOf:
    """One of ``options``; ``refusal`` for anything else."""

    options: tuple[str, ...]
    refusal: str = "没有收到您的选择，请重新点选。"
    code: str = "no_choice"

    def read(self, sent: Mapping[str, str], name: str) -> str:
        if sent.get(name, "") not in self.options:
            raise InvalidInput(self.refusal, code=self.code, field=name)
        return sent.get(name, "")


@dataclass(frozen=True)
class ReasonForm:
    """A command that needs a reason and nothing else."""

    reason: str


def read_typed(form: type[T], sent: Mapping[str, str]) -> T:
    """The form's values. Raises NotFound for an unknown id, else InvalidInput with all faults of single fields."""
    faults = Faults()
    values = {name: faults.check(reader.read, sent, name) for name, reader in _readers(form).items()}  # type: ignore[arg-type]
    faults.raise_any()
    return form(**values)


@cache
def _readers(form: type[Any]) -> Mapping[str, Reader]:
    hints = get_type_hints(form, include_extras=True)
    return {field.name: _reader(form, field.name, hints[field.name]) for field in fields(form)}


def _reader(form: type[Any], name: str, hint: Any) -> Reader:
    if get_origin(hint) is Annotated:
        return next(part for part in get_args(hint) if hasattr(part, "read"))  # type: ignore[no-any-return]
    if hint is str:
        return Lines()
    if hint is bool:
        return Ticked()
    raise TypeError(f"{form.__name__}.{name}: no reader for {hint}")
