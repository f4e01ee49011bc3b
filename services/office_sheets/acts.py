"""What one kind of office sheet has of its own; ``sheets`` has what all kinds share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from services.core.base import Actor
from services.core.sql_values import SqlValues
from services.spreadsheets import formats
from services.spreadsheets.cells import Cells
from services.spreadsheets.formats import Column, Format

Form = TypeVar("Form")
Details = TypeVar("Details")
Kind = Literal["terms", "sanctions"]
SheetTerms = Mapping[str, Any]
"""What holds for all rows of a sheet, as it is stored; ``reason`` is part of it in every kind."""


@dataclass(frozen=True)
class Target:
    """A row that can be dealt with. ``value``: what it sets, as its act stores it; empty: nothing of its own."""

    line: int
    number: str
    expert_id: UUID
    value: str = ""

    @classmethod
    def from_stored(cls, stored: Sequence[Any]) -> Target:
        line, number, expert_id, *value = stored
        return cls(line, number, UUID(expert_id), *value)

    def to_stored(self) -> list[Any]:
        return [self.line, self.number, str(self.expert_id), *([self.value] if self.value else [])]


@dataclass(frozen=True)
class Refusal:
    """Why a row can't be dealt with. ``column``: the name of the wrong cell's; empty: the one that names the expert."""

    reason: str
    column: str = ""


@dataclass(frozen=True)
class ConfirmedSheet:
    """A sheet that is being worked on. ``proposer``: who uploaded it."""

    id: UUID
    pool: str
    terms: SheetTerms
    proposer: Actor
    confirmer: Actor


class SheetAct(ABC, Generic[Form, Details]):
    """An act that a sheet can do. ``Form`` is what is typed beside the file; ``Details`` what only the pages of its
    sheets show.

    ``own_columns`` follow those that name the expert; ``own_refusal``: why nobody does it to himself.
    """

    kind: ClassVar[Kind]
    sheet_title: ClassVar[str]
    """Of the sheet in the workbook to fill in."""
    own_columns: ClassVar[tuple[Column, ...]] = ()
    own_refusal: ClassVar[str]

    @property
    def columns(self) -> tuple[Column, ...]:
        return (*EXPERT_COLUMNS, *self.own_columns)

    def render_template(self, form: Format) -> bytes:
        """A sheet with the heading and one sample line."""
        return formats.render_template(form, self.sheet_title, self.columns)

    @abstractmethod
    def read_form(self, form: Form, now: datetime) -> SheetTerms:
        """Raises InvalidInput with all faults."""

    @abstractmethod
    def name_of(self, terms: SheetTerms) -> str:
        """What is done to each person, in Chinese."""

    def needs_second_person(self, pool: str, terms: SheetTerms) -> bool:
        return False

    def read_value(self, cells: Cells) -> str:
        """The value of ``own_columns``, as ``Target.value`` holds it; wrong cells are added to ``cells.errors``."""
        return ""

    @abstractmethod
    def write_facts(self, terms: SheetTerms, now: datetime, values: SqlValues) -> str:
        """Columns of the expert ``e``, as SQL, that ``refuse`` looks at."""

    @abstractmethod
    def refuse(self, terms: SheetTerms, value: str, expert: Mapping[str, Any], now: datetime) -> Refusal | None:
        """Why it can't be done to an expert in the pool; ``expert``: a row of ``write_facts``."""

    @abstractmethod
    async def carry_out(self, sheet: ConfirmedSheet, target: Target, now: datetime) -> None:
        """Do it to one expert, inside the caller's transaction. Raises Conflict where it is no longer possible."""

    @abstractmethod
    async def describe(self, terms: SheetTerms, targets: Sequence[Target]) -> Details:
        """For the page of a sheet; ``targets`` are the first ones."""


EXPERT_COLUMNS: tuple[Column, ...] = (
    Column("number", "专家编号", False, "编号和身份证号至少填一项", "ZJ0000001"),
    Column("id_number", "身份证号", False, "18位，请把单元格设为文本格式", ""),
)
"""They name the expert, in every sheet."""
