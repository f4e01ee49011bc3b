"""Parsers of cells that people filled in, with a reason for the person where a cell is invalid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from pydantic import Field

from domain.errors import InvalidInput
from domain.parsing import credit_code as read_credit_code
from domain.typed_text import half_width, name_illegal, tidy_text
from services.spreadsheets.formats import Column, Line

T = TypeVar("T")
Places = Mapping[str, tuple[int, str]]
"""The index of each column by name, and its heading."""


def places_of(columns: Sequence[Column]) -> Places:
    return {column.name: (at, column.title) for at, column in enumerate(columns)}


@dataclass(frozen=True)
class RowError:
    """`line` as the spreadsheet counts."""

    line: int
    column: Annotated[str, Field(examples=["统一社会信用代码"])]
    reason: Annotated[str, Field(examples=["不是有效的18位统一社会信用代码，请核对。"])]


class BadCell(Exception):
    """An invalid cell; the text is the reason."""


@dataclass
class Lookup:
    """One catalogue: from typed names to codes. Ambiguous names need their path in front."""

    label: str
    parents: Mapping[str, str]
    names: Mapping[str, str]
    _by_name: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code, name in self.names.items():
            path = self.path(code)
            long_name = "".join(self.names.get(above, "") for above in reversed(path))
            for spelling in {name, long_name}:
                self._by_name[spelling] = None if spelling in self._by_name else code

    def path(self, code: str) -> list[str]:
        """The code and its ancestors, from the bottom up."""
        path = [code]
        while (above := self.parents.get(path[-1])) and above not in path:
            path.append(above)
        return path

    def code(self, text: str) -> str:
        if (upper := half_width(text).upper()) in self.names:
            return upper
        code = self._by_name.get(text, "")
        if code is None:
            raise BadCell(f"“{text[:30]}”在{self.label}目录中不止一个，请改填代码")
        if not code:
            raise BadCell(f"“{text[:30]}”不在{self.label}目录中，请核对")
        return code


class Cells:
    """The cells of one line; an invalid cell adds a reason and yields its ``default``."""

    def __init__(self, line: Line, places: Places) -> None:
        self._line = line
        self._places = places
        self.errors: list[RowError] = []

    def get(self, name: str, parse: Callable[[str], T], default: T) -> T:
        at, title = self._places[name]
        if fault := self._line.faults.get(at):
            self.errors.append(RowError(self._line.number, title, f"{fault}。"))
            return default
        try:
            return parse(self._line.cells[at])
        except BadCell as bad:
            self.errors.append(RowError(self._line.number, title, f"{bad}。"))
            return default


def find_faults(line: Line, columns: Sequence[Column]) -> list[RowError]:
    """The cells of a line that can't be read, for readers that take all cells of a line at once."""
    return [RowError(line.number, columns[at].title, f"{fault}。") for at, fault in sorted(line.faults.items())]


class UniqueValues:
    """Detects duplicates in a file."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], int] = {}

    def __call__(self, name: str, value: str, line: int) -> str:
        """``value`` of column ``name``. Raises BadCell when an earlier line has the same."""
        first = self._seen.setdefault((name, value), line)
        if first != line:
            raise BadCell(f"与第{first}行重复")
        return value


def required_text(text: str) -> str:
    if not text:
        raise BadCell("不能为空")
    return text


def limited_text(text: str, longest: int) -> str:
    """On one tidy line. Raises BadCell for a longer one, and for illegal characters, which are named."""
    text = tidy_text(text)
    if len(text) > longest:
        raise BadCell(f"最多{longest}个字")
    if illegal := name_illegal(text):
        raise BadCell(f"含有无法识别的字符（{illegal}），请删除后重新填写")
    return text


def limited_code(text: str, longest: int) -> str:
    """A number or code, in half width."""
    return limited_text(half_width(text), longest)


def credit_code(text: str) -> str:
    """As in forms (``domain.parsing``); empty for an empty cell. Raises BadCell."""
    try:
        return read_credit_code(text) if text else ""
    except InvalidInput as error:
        raise BadCell("不是有效的18位统一社会信用代码，请核对") from error
