"""Blueprints: what the cells may be, whether the bank has enough, and which items a paper takes."""

from __future__ import annotations

from collections import Counter
from random import Random
from uuid import UUID

import pytest

from domain.errors import InvalidInput
from domain.exams.blueprint import (
    BlueprintCell,
    Deck,
    Drawn,
    LiveItem,
    SlotQuestion,
    check_cells,
    read_cells,
    share_out,
    store_cells,
    supplies,
    total_of,
)
from domain.exams.items import ItemKind
from domain.exams.papers import permutation

S, M, CASE = ItemKind.SINGLE, ItemKind.MULTIPLE, ItemKind.CASE
NOTHING: dict[UUID, int] = {}


def cell(chapter: str = "", kind: ItemKind = S, difficulty: int = 0, count: int = 1, mark: int = 10) -> BlueprintCell:
    return BlueprintCell(chapter, kind, difficulty, count, mark)


def item(
    number: int, chapter: str = "法律", kind: ItemKind = S, difficulty: int = 2, *, parts: int = 1, fixed: bool = False
) -> LiveItem:
    questions = tuple(SlotQuestion(UUID(int=number * 100 + part), 4, fixed) for part in range(parts))
    return LiveItem(UUID(int=number), chapter, kind, difficulty, questions)


def draw(cells: list[BlueprintCell], stock: list[LiveItem], used: dict[UUID, int], chance: Random) -> Drawn:
    return Deck(cells, stock).draw(used, chance)


def chance(seed: int = 1) -> Random:
    return Random(seed)


def test_cells_are_stored_as_plain_data_and_read_back() -> None:
    cells = (cell("法律", M, 3, 20, 15), cell(kind=CASE))
    assert read_cells(store_cells(cells)) == cells
    assert store_cells(cells)[0] == {"chapter": "法律", "kind": "multiple", "difficulty": 3, "count": 20, "mark": 15}


def test_anhuis_paper_is_worth_a_hundred() -> None:
    cells = [
        cell(count=25, mark=15),
        cell(kind=M, count=20, mark=20),
        cell(kind=ItemKind.TRUE_FALSE, count=15, mark=15),
    ]
    assert total_of(cells) == 1000


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([], "至少填写一行"),
        ([cell(count=0)], "第1行的题数"),
        ([cell(), cell(kind=M, count=201)], "第2行的题数"),
        ([cell(mark=0)], "第1行的分值"),
        ([cell(mark=1001)], "第1行的分值"),
        ([cell(difficulty=6)], "第1行的难度"),
        ([cell("法律"), cell("法律")], "第1行和第2行的章节、题型、难度相同"),
        ([cell("法律"), cell(difficulty=3)], "第1行和第2行会抽到同样的题"),
        ([cell(count=200), cell(kind=M, count=101)], "最多300题"),
        ([cell(str(n)) for n in range(61)], "最多60行"),
    ],
)
def test_cells_that_make_no_paper_are_refused_with_their_line(cells: list[BlueprintCell], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_cells(cells)


def test_a_cell_within_another_is_allowed() -> None:
    check_cells([cell(), cell("法律"), cell("法律", difficulty=3), cell("评标", difficulty=3)])


def test_a_wide_cell_needs_what_the_narrow_ones_take_too() -> None:
    wide, narrow = supplies([cell(count=2), cell("法律", count=2)], [item(1), item(2), item(3, "评标")])
    assert (wide.live, wide.needed, wide.is_short) == (3, 4, True)
    assert (narrow.live, narrow.needed, narrow.is_short, narrow.scarce) == (2, 2, False, True)


def test_three_times_as_many_items_as_a_paper_takes_are_enough() -> None:
    few, enough = [item(n) for n in range(5)], [item(n) for n in range(6)]
    assert supplies([cell(count=2)], few)[0].scarce
    assert not supplies([cell(count=2)], enough)[0].scarce


def test_a_paper_follows_the_cells_and_holds_nothing_twice() -> None:
    stock = [item(n) for n in range(5)] + [item(n, "评标") for n in range(5, 9)] + [item(9, kind=M)]
    paper = draw([cell(kind=M, mark=20), cell(count=6), cell("评标", count=3)], stock, NOTHING, chance())
    assert len({slot.version_id for slot in paper.slots}) == len(paper.slots) == 10
    assert [slot.mark for slot in paper.slots] == [20, *[10] * 9]
    assert paper.slots[0].version_id == UUID(int=900)
    assert all(500 <= slot.version_id.int < 900 for slot in paper.slots[7:]), "the narrow cell found its own"


def test_the_least_used_come_first() -> None:
    stock = [item(n) for n in range(10)]
    used = {live_item.id: n for n, live_item in enumerate(stock)}
    assert draw([cell(count=3)], stock, used, chance()).items == tuple(live_item.id for live_item in stock[:3])


def test_among_equals_chance_decides() -> None:
    stock = [item(n) for n in range(10)]
    seen = Counter(taken for seed in range(300) for taken in draw([cell(count=3)], stock, NOTHING, chance(seed)).items)
    assert len(seen) == 10
    assert min(seen.values()) > 50


def test_a_case_comes_whole_and_shares_its_marks() -> None:
    stock = [item(1, kind=CASE, parts=3), item(2, kind=CASE, parts=4)]
    paper = draw([cell(kind=CASE, count=2, mark=100)], stock, NOTHING, chance())
    by_case = Counter(slot.version_id.int // 100 for slot in paper.slots)
    assert by_case == {1: 3, 2: 4}
    assert [slot.version_id.int % 100 for slot in paper.slots] in ([0, 1, 2, 0, 1, 2, 3], [0, 1, 2, 3, 0, 1, 2])
    assert sum(slot.mark for slot in paper.slots) == 200
    assert share_out(100, 3) == [34, 33, 33]


def test_options_are_shuffled_but_where_their_order_is_fixed() -> None:
    stock = [item(n) for n in range(40)] + [item(40, kind=M, fixed=True)]
    paper = draw([cell(count=40), cell(kind=M)], stock, NOTHING, chance())
    assert len({permutation(slot.order, 4) for slot in paper.slots[:40]}) > 10
    assert paper.slots[40].order == 0


def test_what_is_lacking_is_named() -> None:
    with pytest.raises(LookupError, match="评标·单选题·不限难度"):
        draw([cell("评标", count=2)], [item(1, "评标"), item(2)], NOTHING, chance())
