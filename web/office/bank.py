"""The item bank (题库): the list, an item with its versions, editing and retiring items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.exams.items import DIFFICULTY_MAX, DIFFICULTY_MIN, LETTERS, OPTIONS_MAX, ItemData, ItemKind, letters_of
from domain.exams.questions import DIFFICULTY_DEFAULT
from services.core.base import Actor
from services.exams import PICTURE_MAX, BankItemView, Cell, ItemFilter, Sort, VersionView
from web.core.form_values import EMPTY, NOBODY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import FORM, OfficePart

STATES: Mapping[str, str] = {"live": "使用中", "retired": "已停用"}
SORTS: Mapping[str, str] = {"code": "题号", "used": "使用次数"}
ORDERS: Mapping[str, str] = {"": "自动判断", "fixed": "固定顺序", "shuffled": "可打乱"}
DIFFICULTIES: Mapping[int, str] = {1: "1（易）", 2: "2（较易）", 3: "3（中）", 4: "4（较难）", 5: "5（难）"}
_FORM_LONGEST = 160 * 1024
"""Bytes: the longest texts of an item as a browser sends Chinese."""


class BankPages(OfficePart):
    code = "bank"
    action = "exam.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "added": "题目已添加。",
        "saved": "已保存为新版本，此后生成的试卷使用新版本。",
        "same": "内容没有变化。",
        "retired": "题目已停用，此后生成的试卷不再使用。",
        "restored": "题目已恢复使用。",
        "picture": "图片已添加。",
        "picture_removed": "图片已删除。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/bank", self.list)
        self.site.get("/office/bank/new", self.new_form)
        self.site.post("/office/bank/new", self.add)
        self.site.get("/office/bank/item/{id}", self.detail)
        self.site.post("/office/bank/item/{id}", self.submit)
        self.site.get("/office/bank/item/{id}/edit", self.edit_form)
        self.site.post("/office/bank/item/{id}/edit", self.edit)
        self.site.post("/office/bank/item/{id}/pictures", self.add_picture)

    # ---- the list

    async def list(self, request: http.Request) -> http.Response:
        """``?q=&chapter=&kind=&difficulty=&state=&sort=``."""
        actor = await self.actor(request)
        wanted, page = filter_of(request.query), page_number(request)
        sort: Sort = "used" if request.query.get("sort") == "used" else "code"
        queries = self.services.exams.bank_queries
        found = await queries.page(actor, wanted, sort=sort, page=page, size=PAGE_SIZE)
        chapters = await queries.chapters(actor)
        return self.show(
            actor,
            "office/bank.html",
            request,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            wanted=wanted,
            sort=sort,
            query=query_of(wanted, sort),
            narrowed=bool(wanted.chapter or wanted.kind or wanted.difficulty or sort != "code"),
            chapters=[(one, one) for one in chapters],
            kinds=[(one.value, one.label) for one in ItemKind],
            difficulties=_difficulties(),
            states=STATES,
            sorts=SORTS,
            table=_table(await queries.counts(actor)),
        )

    # ---- one item

    async def detail(self, request: http.Request) -> http.Response:
        return await self._detail(await self.actor(request), request)

    async def _detail(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        view = await self.services.exams.bank_queries.get(actor, _id(request))
        return self.show(
            actor,
            "office/bank_item.html",
            request,
            error=form.error,
            f=form,
            view=view,
            now=view.versions[0],
            letters=LETTERS,
            difficulty=DIFFICULTIES.get(view.line.difficulty, ""),
            letters_of=letters_of,
            picture_max=PICTURE_MAX // 1_000_000,
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` retire, restore, or remove_picture with its ``number``."""
        actor = await self.actor(request)
        fields, item_id, bank = await self.fields(request, actor), _id(request), self.services.exams.bank
        try:
            match fields.get("command"):
                case "retire":
                    await bank.retire(actor, item_id)
                    note = "retired"
                case "restore":
                    await bank.restore(actor, item_id)
                    note = "restored"
                case "remove_picture":
                    await bank.remove_picture(actor, item_id, _number(fields.get("number", "")))
                    note = "picture_removed"
                case _:
                    raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._detail(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/bank/item/{item_id}", note=note)

    async def add_picture(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields, content = await self.site.read_upload(
            request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=PICTURE_MAX
        )
        item_id = _id(request)
        try:
            if not content:
                raise InvalidInput("请选择图片。", code="file_empty", field="picture")
            await self.services.exams.bank.add_picture(actor, item_id, content, fields.get("alt", ""))
        except AppError as error:
            return await self._detail(actor, request, FormValues(fields, self.shown(error), "picture"))
        raise redirect(f"/office/bank/item/{item_id}", note="picture")

    # ---- writing

    async def new_form(self, request: http.Request) -> http.Response:
        """``?kind=`` and, for a part, ``?case=`` the case's id."""
        actor = await self.actor(request)
        query = request.query
        values = {"kind": query.get("kind", ""), "case": query.get("case", ""), "chapter": query.get("chapter", "")}
        return await self._form(actor, request, FormValues(values))

    async def _form(
        self, actor: Actor, request: http.Request, form: FormValues, view: BankItemView | None = None
    ) -> http.Response:
        queries = self.services.exams.bank_queries
        kind = view.line.kind if view else _kind(form.value("kind"))
        case = (
            None if view or not form.value("case") else await queries.get(actor, uuid_of(form.value("case"), "案例题"))
        )
        return self.show(
            actor,
            "office/bank_edit.html",
            request,
            error=form.error,
            f=form,
            view=view,
            case=case,
            item_kind=kind,
            kinds=[(one.value, one.label) for one in ItemKind if case is None or one.is_asked],
            options=[(f"option_{at}", LETTERS[at], f"right_{at}") for at in range(OPTIONS_MAX)],
            chapters=await queries.chapters(actor),
            difficulties=_difficulties(),
            orders=ORDERS,
        )

    async def add(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor, longest=_FORM_LONGEST)
        try:
            item_id = await self.services.exams.bank.add(
                actor,
                _data(fields, _kind(fields.get("kind", ""))),
                case_id=uuid_of(fields["case"], "案例题") if fields.get("case") else None,
                again=fields.get("again") == "1",
                key=key_of(fields),
            )
        except AppError as error:
            return await self._form(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/bank/item/{item_id}", note="added")

    async def edit_form(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        view = await self.services.exams.bank_queries.get(actor, _id(request))
        return await self._form(actor, request, FormValues(_typed(view, view.versions[0])), view)

    async def edit(self, request: http.Request) -> http.Response:
        actor, item_id = await self.actor(request), _id(request)
        fields = await self.fields(request, actor, longest=_FORM_LONGEST)
        view = await self.services.exams.bank_queries.get(actor, item_id)
        try:
            seen = _number(fields.get("version", "")) or None
            changed = await self.services.exams.bank.revise(actor, item_id, _data(fields, view.line.kind), seen=seen)
        except AppError as error:
            return await self._form(actor, request, FormValues(fields, self.shown(error)), view)
        raise redirect(f"/office/bank/item/{item_id}", note="saved" if changed else "same")


def filter_of(query: Mapping[str, str]) -> ItemFilter:
    """The filters in an address; invalid ones are ignored."""
    level = query.get("difficulty", "")
    return ItemFilter(
        chapter=query.get("chapter", "")[:100],
        kind=query.get("kind", "") if query.get("kind") in list(ItemKind) else "",
        difficulty=int(level) if level in {str(one) for one in DIFFICULTIES} else 0,
        state="retired" if query.get("state") == "retired" else "live",
        text=query.get("q", "").strip()[:100],
    )


def query_of(wanted: ItemFilter, sort: str = "code") -> str:
    """The inverse of ``filter_of``, without its state."""
    said = {
        "q": wanted.text,
        "chapter": wanted.chapter,
        "kind": wanted.kind,
        "difficulty": str(wanted.difficulty or ""),
        "sort": sort if sort != "code" else "",
    }
    return urlencode({name: value for name, value in said.items() if value})


def _table(cells: tuple[Cell, ...]) -> Mapping[str, Mapping[str, list[int]]]:
    """Chapter → kind → number of items by difficulty, and their sum."""
    found: dict[str, dict[str, list[int]]] = {}
    for one in cells:
        row = found.setdefault(one.chapter, {}).setdefault(one.kind.label, [0] * (DIFFICULTY_MAX + 1))
        row[one.difficulty - DIFFICULTY_MIN] += one.count
        row[-1] += one.count
    return found


def _data(fields: Mapping[str, str], kind: ItemKind | None) -> ItemData:
    if kind is None:
        raise InvalidInput("请选择题型。", code="no_choice", field="kind")
    options = [fields.get(f"option_{at}", "").strip() for at in range(OPTIONS_MAX)]
    while options and not options[-1]:
        options.pop()
    level = fields.get("difficulty", str(DIFFICULTY_DEFAULT))
    return ItemData(
        kind=kind,
        stem=fields.get("stem", "").replace("\r\n", "\n"),
        options=tuple(options),
        key=_right(fields, kind),
        answer=fields.get("answer", "").replace("\r\n", "\n"),
        chapter=fields.get("chapter", ""),
        difficulty=int(level) if level in {str(one) for one in DIFFICULTIES} else 0,
        basis=fields.get("basis", ""),
        explanation=fields.get("explanation", "").replace("\r\n", "\n"),
        fixed_order={"fixed": True, "shuffled": False}.get(fields.get("order", "")),
    )


def _right(fields: Mapping[str, str], kind: ItemKind) -> int:
    """One option for a single choice, each option separately for a multiple one."""
    if kind is ItemKind.MULTIPLE:
        return sum(1 << at for at in range(OPTIONS_MAX) if fields.get(f"right_{at}"))
    right = fields.get("right", "")
    return 1 << int(right) if right in {str(at) for at in range(OPTIONS_MAX)} else 0


def _typed(view: BankItemView, now: VersionView) -> dict[str, str]:
    """Initial values of an item's form."""
    key = now.key
    mask = key.mask if key else 0
    said = {
        "version": str(now.number),
        "stem": now.stem,
        "chapter": view.line.chapter,
        "difficulty": str(view.line.difficulty),
        "basis": now.basis,
        "answer": key.answer if key else "",
        "explanation": key.explanation if key else "",
        "order": "fixed" if now.fixed_order else "shuffled",
        "right": str(mask.bit_length() - 1) if mask else "",
    }
    said |= {f"option_{at}": option for at, option in enumerate(now.options)}
    return said | {f"right_{at}": "1" for at in range(OPTIONS_MAX) if mask >> at & 1}


def _kind(text: str) -> ItemKind | None:
    return ItemKind(text) if text in list(ItemKind) else None


def _difficulties() -> list[tuple[str, str]]:
    return [(str(level), label) for level, label in DIFFICULTIES.items()]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _id(request: http.Request) -> UUID:
    return uuid_of(request.match_info["id"], "这道题")
