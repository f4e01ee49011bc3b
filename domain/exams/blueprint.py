"""Blueprints of papers (组卷方案): cells, whether the bank has enough for them, and the draw of one paper.

A cell takes so many items of a chapter, kind and difficulty; an empty chapter and a difficulty of 0 mean any. Of two
cells that share items one must contain the other, so that drawing the narrower one first never takes items that a wider
one lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from random import Random
from typing import Any
from uuid import UUID

from domain.errors import InvalidInput
from domain.exams.items import DIFFICULTY_MAX, DIFFICULTY_MIN, ItemKind
from domain.exams.papers import Slot, orders

CELLS_MAX = 60
COUNT_MAX = 200
MARK_MAX = 1000
"""Tenths."""
QUESTIONS_MAX = 300
ADVISED = 3
"""Live items in the bank per item of a paper; with fewer, papers are too much alike."""


@dataclass(frozen=True)
class BlueprintCell:
    """``mark``: tenths for each item; those of a case are divided among its questions."""

    chapter: str
    kind: ItemKind
    difficulty: int
    count: int
    mark: int

    @property
    def label(self) -> str:
        parts = [
            self.chapter or "全部章节",
            self.kind.label,
            f"难度{self.difficulty}" if self.difficulty else "不限难度",
        ]
        return "·".join(parts)

    @property
    def width(self) -> int:
        """Number of open conditions (0 to 2); narrower cells are drawn first."""
        return (not self.chapter) + (not self.difficulty)

    def matches(self, item: LiveItem) -> bool:
        return item.kind == self.kind and self.chapter in ("", item.chapter) and self.difficulty in (0, item.difficulty)

    def includes(self, other: BlueprintCell) -> bool:
        """Whether every item of the other cell is one of this cell's, too."""
        return (
            self.kind == other.kind and self.chapter in ("", other.chapter) and self.difficulty in (0, other.difficulty)
        )

    def overlaps(self, other: BlueprintCell) -> bool:
        """Whether an item may belong to both cells."""
        chapters = "" in (self.chapter, other.chapter) or self.chapter == other.chapter
        degrees = 0 in (self.difficulty, other.difficulty) or self.difficulty == other.difficulty
        return self.kind == other.kind and chapters and degrees


@dataclass(frozen=True)
class SlotQuestion:
    """A question for one slot of a paper; ``fixed``: its options keep their order."""

    version_id: UUID
    options: int
    fixed: bool


@dataclass(frozen=True)
class LiveItem:
    """A live item of the bank. A case has its questions in order, any other item consists of one."""

    id: UUID
    chapter: str
    kind: ItemKind
    difficulty: int
    questions: tuple[SlotQuestion, ...]


@dataclass(frozen=True)
class Supply:
    """The bank's stock for a cell. ``needed`` includes what narrower cells take of the same items."""

    cell: BlueprintCell
    live: int
    needed: int

    @property
    def is_short(self) -> bool:
        """Whether the stock is too small for a paper."""
        return self.live < self.needed

    @property
    def scarce(self) -> bool:
        return not self.is_short and self.live < ADVISED * self.needed


@dataclass(frozen=True)
class Drawn:
    """One paper, and the items that it used."""

    slots: tuple[Slot, ...]
    items: tuple[UUID, ...]


def read_cells(raw: Iterable[Mapping[str, Any]]) -> tuple[BlueprintCell, ...]:
    """Cells as stored by ``store_cells``."""
    return tuple(
        BlueprintCell(cell["chapter"], ItemKind(cell["kind"]), cell["difficulty"], cell["count"], cell["mark"])
        for cell in raw
    )


def store_cells(cells: Iterable[BlueprintCell]) -> list[dict[str, Any]]:
    return [asdict(cell) | {"kind": cell.kind.value} for cell in cells]


def total_of(cells: Iterable[BlueprintCell]) -> int:
    """Total of a paper in tenths."""
    return sum(cell.count * cell.mark for cell in cells)


def check_cells(cells: Sequence[BlueprintCell]) -> None:
    """Raises InvalidInput for cells from which no paper can be made, naming the line, counted from 1."""
    if not cells:
        raise _invalid_cells("请至少填写一行：章节、题型、难度、题数和每题分值。")
    if len(cells) > CELLS_MAX:
        raise _invalid_cells(f"最多{CELLS_MAX}行，请合并后再保存。")
    for line, cell in enumerate(cells, 1):
        _check_cell(line, cell)
    if sum(cell.count for cell in cells) > QUESTIONS_MAX:
        raise _invalid_cells(f"一份试卷最多{QUESTIONS_MAX}题，请减少题数。")
    for (line, earlier), (later_line, later) in combinations(enumerate(cells, 1), 2):
        _check_pair(line, earlier, later_line, later)


def _check_cell(line: int, cell: BlueprintCell) -> None:
    if not 1 <= cell.count <= COUNT_MAX:
        raise _invalid_cells(f"第{line}行的题数应为1到{COUNT_MAX}的整数。")
    if not 1 <= cell.mark <= MARK_MAX:
        raise _invalid_cells(f"第{line}行的分值应为0.1到{MARK_MAX // 10}，最多一位小数。")
    if cell.difficulty and not DIFFICULTY_MIN <= cell.difficulty <= DIFFICULTY_MAX:
        raise _invalid_cells(f"第{line}行的难度应为{DIFFICULTY_MIN}到{DIFFICULTY_MAX}，不限请留空。")


def _check_pair(first: int, cell: BlueprintCell, second: int, other: BlueprintCell) -> None:
    if cell.includes(other) and other.includes(cell):
        raise _invalid_cells(f"第{first}行和第{second}行的章节、题型、难度相同，请合并为一行。")
    if cell.overlaps(other) and not (cell.includes(other) or other.includes(cell)):
        raise _invalid_cells(f"第{first}行和第{second}行会抽到同样的题，请把其中一行的章节和难度都写明。")


def supplies(cells: Sequence[BlueprintCell], stock: Sequence[LiveItem]) -> tuple[Supply, ...]:
    """The bank's stock for each cell."""
    return tuple(
        Supply(
            cell,
            sum(1 for item in stock if cell.matches(item)),
            sum(other.count for other in cells if cell.includes(other)),
        )
        for cell in cells
    )


class Deck:
    """The items that a blueprint draws from, sorted by cell once for many papers."""

    def __init__(self, cells: Sequence[BlueprintCell], stock: Sequence[LiveItem]) -> None:
        self._cells = cells
        self._fitting = [[item for item in stock if cell.matches(item)] for cell in cells]
        # A wide cell that drew first could take the items that alone fit a narrow one.
        self._narrow_first = sorted(range(len(cells)), key=lambda at: cells[at].width)

    def draw(self, used: Mapping[UUID, int], chance: Random) -> Drawn:
        """A paper in the order of the cells: for each the least used items, at random among equals; cases are never
        split.

        ``used`` is the number of papers with an item. Raises LookupError that names the cell that lacks items.
        """
        taken: set[UUID] = set()
        items_by_cell: dict[int, list[LiveItem]] = {}
        for place in self._narrow_first:
            items_by_cell[place] = self._take(place, taken, used, chance)
            taken.update(item.id for item in items_by_cell[place])
        pairs = [(item, cell) for place, cell in enumerate(self._cells) for item in items_by_cell[place]]
        slots = [slot for item, cell in pairs for slot in _slots(item, cell, chance)]
        return Drawn(tuple(slots), tuple(sorted(taken)))

    def _take(self, place: int, taken: set[UUID], used: Mapping[UUID, int], chance: Random) -> list[LiveItem]:
        cell = self._cells[place]
        remaining = [item for item in self._fitting[place] if item.id not in taken]
        if len(remaining) < cell.count:
            raise LookupError(cell.label)
        remaining.sort(key=lambda item: used.get(item.id, 0))
        last = used.get(remaining[cell.count - 1].id, 0)
        sure = [item for item in remaining[: cell.count] if used.get(item.id, 0) < last]
        equals = [item for item in remaining if used.get(item.id, 0) == last]
        return chance.sample(sure + chance.sample(equals, cell.count - len(sure)), cell.count)


def _slots(item: LiveItem, cell: BlueprintCell, chance: Random) -> list[Slot]:
    shares = share_out(cell.mark, len(item.questions))
    return [
        Slot(version.version_id, 0 if version.fixed else chance.randrange(orders(version.options)), mark)
        for version, mark in zip(item.questions, shares, strict=True)
    ]


def share_out(mark: int, parts: int) -> list[int]:
    """Divides tenths into whole numbers; a remainder goes to the first parts."""
    share, rest = divmod(mark, parts)
    return [share + (at < rest) for at in range(parts)]


def _invalid_cells(message: str) -> InvalidInput:
    return InvalidInput(message, code="bad_cells", field="cells")
