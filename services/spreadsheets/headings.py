"""Finds the row of a file that has the headings: below titles and notes, and on the sheet that fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from domain.typed_text import half_width
from services.spreadsheets.formats import Column, SheetError
from services.spreadsheets.rows import SheetRow

HEAD_ROWS = 20
"""Rows with text among which the headings are looked for."""
_REMARK = re.compile(r"[(（](?:必填|选填|可不填|可选)[)）]$")
_NUMBERING = frozenset(("序号", "行号", "NO", "NO."))
"""Columns that people number rows with; all others that the template lacks are refused, so that nothing is lost."""


@dataclass(frozen=True)
class Heading:
    """``number``: of the row. ``order``: for each requested column its index in the row, None for one that is missing.

    ``width``: columns up to the last title; ``untitled`` ones are among them. ``refusal``: why the row can't be the
    headings; empty: it can. ``matches``: how many titles it has.
    """

    number: int
    order: tuple[int | None, ...]
    width: int
    untitled: frozenset[int]
    matches: int
    refusal: str


def find_heading(rows: Sequence[SheetRow], columns: Sequence[Column]) -> Heading | None:
    """The row that fits, else the one that fits best; None without any row.

    Headings may take two rows, the upper one with names of groups.
    """
    best: Heading | None = None
    for at, row in enumerate(rows):
        spans = [row.cells]
        if at and rows[at - 1].number == row.number - 1:
            spans.append(_join(rows[at - 1].cells, row.cells))
        for cells in spans:
            heading = _match(row.number, cells, columns)
            if not heading.refusal:
                return heading
            if best is None or heading.matches > best.matches:
                best = heading
    return best


def tidy_title(title: str) -> str:
    plain = re.sub(r"\s+", "", half_width(title)).strip("*")
    return _REMARK.sub("", plain).strip("*")


def _join(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    size = max(len(upper), len(lower))
    padded = ([*cells, *[""] * (size - len(cells))] for cells in (lower, upper))
    return [below or above for below, above in zip(*padded, strict=True)]


def _match(number: int, cells: Sequence[str], columns: Sequence[Column]) -> Heading:
    titles = [tidy_title(cell) for cell in cells]
    known = {tidy_title(column.title): column for column in columns}
    order = tuple(titles.index(title) if title in titles else None for title in known)
    matches = sum(at is not None for at in order)
    width = max((at + 1 for at, title in enumerate(titles) if title), default=0)
    untitled = frozenset(at for at in range(width) if not titles[at])
    return Heading(number, order, width, untitled, matches, _refuse(number, titles, cells, known))


def _refuse(number: int, titles: Sequence[str], cells: Sequence[str], known: dict[str, Column]) -> str:
    for title, cell in zip(titles, cells, strict=True):
        if title and title not in known and title.upper() not in _NUMBERING:
            close = get_close_matches(title, known, 1)
            hint = f"请改成“{known[close[0]].title}”，或删除该列" if close else "请使用模板的表头，或删除该列"
            return f"第{number}行有无法识别的列“{cell[:20]}”，{hint}。"
    if repeated := [title for title in titles if title in known and titles.count(title) > 1]:
        return f"第{number}行有重复的列“{known[repeated[0]].title}”，请删除其中一列。"
    missing = [column.title for title, column in known.items() if column.required and title not in titles]
    return f"第{number}行缺少必填列“{'、'.join(missing)}”，请使用模板的表头。" if missing else ""


def check_shown(heading: Heading, hidden: set[int], columns: Sequence[Column]) -> None:
    """Raises SheetError for a hidden column."""
    for at, column in zip(heading.order, columns, strict=True):
        if at in hidden:
            raise SheetError(f"“{column.title}”列被隐藏了，请取消隐藏，核对后再导入。")
