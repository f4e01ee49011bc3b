"""The item bank (题库): the list, an item with its versions, editing and retiring items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast
from urllib.parse import urlencode
from uuid import UUID

from domain.exams.items import DIFFICULTY_MAX, DIFFICULTY_MIN, LETTERS, OPTIONS_MAX, ItemData, ItemKind, letters_of
from domain.exams.questions import DIFFICULTY_DEFAULT
from services.exams import PICTURE_MAX, BankItemView, Cell, ItemFilter, Sort, VersionView
from web.core.form_values import FormValues, uuid_of
from web.core.pages import Choice, Listed, Redirect, Visit, Wanted, list_page, page
from web.core.typed_forms import OneOf, OptionalId, Whole
from web.office.base import OfficePart

STATES: Mapping[str, str] = {"live": "使用中", "retired": "已停用"}
SORTS: Mapping[str, str] = {"code": "题号", "used": "使用次数"}
ORDERS: Mapping[str, str] = {"": "自动判断", "fixed": "固定顺序", "shuffled": "可打乱"}
DIFFICULTIES: Mapping[int, str] = {1: "1（易）", 2: "2（较易）", 3: "3（中）", 4: "4（较难）", 5: "5（难）"}
_ITEM, _CASE = "这道题", "案例题"
_FIXED = {"fixed": True, "shuffled": False}
_FORM_LONGEST = 160 * 1024
"""Bytes: the longest texts of an item as a browser sends Chinese."""


class _Options:
    """The options up to the last one that is filled in; each is a field of its own."""

    def read(self, sent: Mapping[str, str], name: str) -> tuple[str, ...]:
        options = [sent.get(f"option_{at}", "").strip() for at in range(OPTIONS_MAX)]
        while options and not options[-1]:
            options.pop()
        return tuple(options)


class _RightOptions:
    """Mask of the right options: a box for each option of a multiple choice, else one button."""

    def read(self, sent: Mapping[str, str], name: str) -> int:
        right = sent.get("right", "")
        if right in map(str, range(OPTIONS_MAX)):
            return 1 << int(right)
        return sum(1 << at for at in range(OPTIONS_MAX) if sent.get(f"right_{at}"))


@dataclass(frozen=True)
class _Item:
    stem: str
    options: Annotated[tuple[str, ...], _Options()]
    key: Annotated[int, _RightOptions()]
    answer: str
    chapter: str
    difficulty: Annotated[int, Whole(empty=DIFFICULTY_DEFAULT)]
    basis: str
    explanation: str
    order: str

    def data(self, kind: ItemKind) -> ItemData:
        return ItemData(
            kind=kind,
            stem=self.stem,
            options=self.options,
            key=self.key,
            answer=self.answer,
            chapter=self.chapter,
            difficulty=self.difficulty,
            basis=self.basis,
            explanation=self.explanation,
            fixed_order=_FIXED.get(self.order),
        )


@dataclass(frozen=True)
class _NewItem(_Item):
    kind: Annotated[str, OneOf(tuple(ItemKind), "请选择题型。")]
    case: Annotated[UUID | None, OptionalId(_CASE)]
    again: bool


@dataclass(frozen=True)
class _Revision(_Item):
    """``version``: the number of the one that was edited."""

    version: Annotated[int, Whole()]


@dataclass(frozen=True)
class _Picture:
    alt: str


@dataclass(frozen=True)
class _PictureNumber:
    number: Annotated[int, Whole()]


class BankPages(OfficePart):
    code = "bank"
    action = "exam.manage"

    # ---- the list

    @list_page("/office/bank", "office/bank.html", sort=Choice(SORTS, "code"))
    async def bank(self, visit: Visit, wanted: Wanted) -> Listed:
        """Also by ``item_filter_of`` the query."""
        queries = self.services.exams.bank_queries
        chosen, sort = item_filter_of(visit.request.query), cast(Sort, wanted["sort"])
        listed = await queries.page(visit.actor, chosen, sort=sort, page=wanted.page, size=wanted.size)
        values = {
            "wanted": chosen,
            "query": query_of(chosen, sort),
            "narrowed": bool(chosen.chapter or chosen.kind or chosen.difficulty or sort != "code"),
            "chapters": [(chapter, chapter) for chapter in await queries.chapters(visit.actor)],
            "kinds": [(kind.value, kind.label) for kind in ItemKind],
            "difficulties": _difficulties(),
            "states": STATES,
            "sorts": SORTS,
            "table": _table(await queries.counts(visit.actor)),
        }
        return Listed(listed, values)

    # ---- one item

    @page("/office/bank/item/{id}", "office/bank_item.html")
    async def item(self, visit: Visit) -> Mapping[str, object]:
        view = await self._view(visit)
        return {
            "view": view,
            "now": view.versions[0],
            "letters": LETTERS,
            "difficulty": DIFFICULTIES.get(view.line.difficulty, ""),
            "letters_of": letters_of,
            "picture_max": PICTURE_MAX // 1_000_000,
        }

    @item.command(name="retire", note="题目已停用，此后生成的试卷不再使用。")
    async def retire(self, visit: Visit) -> None:
        await self.services.exams.bank.retire(visit.actor, visit.id(_ITEM))

    @item.command(name="restore", note="题目已恢复使用。")
    async def restore(self, visit: Visit) -> None:
        await self.services.exams.bank.restore(visit.actor, visit.id(_ITEM))

    @item.command(_PictureNumber, "remove_picture", note="图片已删除。")
    async def remove_picture(self, visit: Visit, form: _PictureNumber) -> None:
        await self.services.exams.bank.remove_picture(visit.actor, visit.id(_ITEM), form.number)

    @item.command(_Picture, path="/office/bank/item/{id}/pictures", upload=PICTURE_MAX, note="图片已添加。")
    async def add_picture(self, visit: Visit, form: _Picture) -> None:
        await self.services.exams.bank.add_picture(visit.actor, visit.id(_ITEM), visit.file, form.alt)

    async def _view(self, visit: Visit) -> BankItemView:
        return await self.services.exams.bank_queries.get(visit.actor, visit.id(_ITEM))

    # ---- writing

    @page("/office/bank/new", "office/bank_edit.html", longest=_FORM_LONGEST)
    async def new_item(self, visit: Visit) -> Mapping[str, object]:
        """``?kind=`` and, for a part, ``?case=`` the case's id."""
        query = {name: visit.query(name) for name in ("kind", "case", "chapter")}
        form = visit.form if visit.fields else FormValues(query)
        case_id = form.value("case")
        case = await self.services.exams.bank_queries.get(visit.actor, uuid_of(case_id, _CASE)) if case_id else None
        kinds = [(kind.value, kind.label) for kind in ItemKind if case is None or kind.fills_slots]
        kind = ItemKind(form.value("kind")) if form.value("kind") in list(ItemKind) else None
        return {"f": form, "view": None, "case": case, "item_kind": kind, "kinds": kinds, **await self._choices(visit)}

    @new_item.command(_NewItem, note="题目已添加。")
    async def add(self, visit: Visit, form: _NewItem) -> Redirect:
        item_id = await self.services.exams.bank.add(
            visit.actor, form.data(ItemKind(form.kind)), case_id=form.case, again=form.again, key=visit.key
        )
        return Redirect(f"/office/bank/item/{item_id}")

    @page("/office/bank/item/{id}/edit", "office/bank_edit.html", longest=_FORM_LONGEST)
    async def edit(self, visit: Visit) -> Mapping[str, object]:
        view = await self._view(visit)
        form = visit.form if visit.fields else FormValues(_stored_values(view, view.versions[0]))
        kind = view.line.kind
        return {"f": form, "view": view, "case": None, "item_kind": kind, "kinds": [], **await self._choices(visit)}

    @edit.command(_Revision, note={"saved": "已保存为新版本，此后生成的试卷使用新版本。", "same": "内容没有变化。"})
    async def revise(self, visit: Visit, form: _Revision) -> Redirect:
        view = await self._view(visit)
        changed = await self.services.exams.bank.revise(
            visit.actor, view.line.id, form.data(view.line.kind), seen=form.version or None
        )
        return Redirect(f"/office/bank/item/{view.line.id}", note="saved" if changed else "same")

    async def _choices(self, visit: Visit) -> Mapping[str, object]:
        """What the form of an item offers."""
        return {
            "options": [(f"option_{at}", LETTERS[at], f"right_{at}") for at in range(OPTIONS_MAX)],
            "chapters": await self.services.exams.bank_queries.chapters(visit.actor),
            "difficulties": _difficulties(),
            "orders": ORDERS,
        }


def item_filter_of(query: Mapping[str, str]) -> ItemFilter:
    """The filters in an address; invalid ones are ignored."""
    level = query.get("difficulty", "")
    return ItemFilter(
        chapter=query.get("chapter", "")[:100],
        kind=query.get("kind", "") if query.get("kind") in list(ItemKind) else "",
        difficulty=int(level) if level in map(str, DIFFICULTIES) else 0,
        state="retired" if query.get("state") == "retired" else "live",
        text=query.get("q", "").strip()[:100],
    )


def query_of(chosen: ItemFilter, sort: str = "code") -> str:
    """The inverse of ``item_filter_of``, without its state."""
    query = {
        "q": chosen.text,
        "chapter": chosen.chapter,
        "kind": chosen.kind,
        "difficulty": str(chosen.difficulty or ""),
        "sort": sort if sort != "code" else "",
    }
    return urlencode({name: value for name, value in query.items() if value})


def _table(cells: tuple[Cell, ...]) -> Mapping[str, Mapping[str, list[int]]]:
    """Chapter → kind → number of items by difficulty, and their sum."""
    table: dict[str, dict[str, list[int]]] = {}
    for cell in cells:
        row = table.setdefault(cell.chapter, {}).setdefault(cell.kind.label, [0] * (DIFFICULTY_MAX + 1))
        row[cell.difficulty - DIFFICULTY_MIN] += cell.count
        row[-1] += cell.count
    return table


def _stored_values(view: BankItemView, version: VersionView) -> dict[str, str]:
    """Initial values of an item's form."""
    key = version.key
    mask = key.mask if key else 0
    values = {
        "version": str(version.number),
        "stem": version.stem,
        "chapter": view.line.chapter,
        "difficulty": str(view.line.difficulty),
        "basis": version.basis,
        "answer": key.answer if key else "",
        "explanation": key.explanation if key else "",
        "order": "fixed" if version.fixed_order else "shuffled",
        "right": str(mask.bit_length() - 1) if mask else "",
    }
    values |= {f"option_{at}": option for at, option in enumerate(version.options)}
    return values | {f"right_{at}": "1" for at in range(OPTIONS_MAX) if mask >> at & 1}


def _difficulties() -> list[tuple[str, str]]:
    return [(str(level), label) for level, label in DIFFICULTIES.items()]
